"""What a caller has to show."""

from __future__ import annotations

import pytest

from lgtm.model.secret import Secret
from lgtm.peer.calls import VERSION_KEY, Pass

MINE = Pass("mine", Secret("hush"))


@pytest.mark.parametrize(
    ("metadata", "objection"),
    [
        (dict(MINE.metadata()), None),
        (dict(Pass("other", Secret("hush")).metadata()), "cluster"),
        (dict(MINE.metadata()) | {VERSION_KEY: "2"}, "version"),
        (dict(Pass("mine", Secret("no")).metadata()), "secret"),
        (dict(Pass("mine").metadata()), "secret"),
        ({}, "cluster"),
    ],
)
def test_only_members_of_the_cluster_are_answered(metadata: dict[str, str], objection: str | None) -> None:
    found = MINE.objection(metadata)
    assert (found and found[0]) == objection


def test_without_a_secret_none_is_asked_for() -> None:
    assert Pass("mine").objection(dict(MINE.metadata())) is None
