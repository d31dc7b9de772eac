"""What a caller has to show."""

from __future__ import annotations

import pytest

from lgtm.model.secret import Secret
from lgtm.peer.calls import VERSION_KEY, Pass

MINE = Pass("mine", Secret("hush"))


@pytest.mark.parametrize(
    ("metadata", "objection"),
    [
        (dict(MINE.metadata("b")), None),
        (dict(Pass("other", Secret("hush")).metadata("b")), "cluster"),
        (dict(MINE.metadata("b")) | {VERSION_KEY: "2"}, "version"),
        (dict(Pass("mine", Secret("no")).metadata("b")), "secret"),
        (dict(Pass("mine").metadata("b")), "secret"),
        ({}, "cluster"),
        (dict(MINE.metadata("the one before")), "instance"),
    ],
)
def test_only_members_of_the_cluster_are_answered(metadata: dict[str, str], objection: str | None) -> None:
    found = MINE.objection(metadata, "b")
    assert (found and found[0]) == objection


@pytest.mark.parametrize("text", ["hüsh", "with a line end\n", " spaces ", "50%", "a/b+c="])
def test_any_text_is_a_name_and_a_secret(text: str) -> None:
    shown = Pass(text, Secret(text))
    assert all(value.isascii() and value.isprintable() and value == value.strip() for _, value in shown.metadata(text))
    assert shown.objection(dict(shown.metadata(text)), text) is None
    assert Pass(text, Secret("other")).objection(dict(shown.metadata(text)), text) is not None


def test_without_a_secret_none_is_asked_for() -> None:
    assert Pass("mine").objection(dict(MINE.metadata("b")), "b") is None
