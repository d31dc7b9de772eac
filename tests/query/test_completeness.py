"""When an answer without some instances is complete."""

from __future__ import annotations

import pytest

from lgtm.errors import Unavailable
from lgtm.query.completeness import NotAsked, missing


class Refused(Unavailable):
    refused = True


class Busy(Unavailable):
    """It said so, or was not asked: it lives, and may take writes."""

    definite = True


BUSY = Busy("too many calls wait for it")
GONE, SILENT = Refused("connection refused"), Unavailable("no answer within 5 s")


@pytest.mark.parametrize(
    ("away", "instances", "alone", "is_complete"),
    [
        ({}, 1, "", True),
        ({"b": GONE}, 2, "", True),
        ({"b": GONE}, 2, "b", False),
        ({"b": GONE}, 2, "a", True),
        ({"b": SILENT}, 2, "", False),
        ({"b": BUSY}, 2, "", False),
        ({"b": SILENT}, 3, "", True),
        ({"b": SILENT}, 3, "b", False),
        ({"b": NotAsked()}, 3, "", False),
        ({"b": GONE, "c": GONE}, 3, "", False),
        ({"b": GONE, "c": GONE}, 5, "", False),
    ],
)
def test_an_answer_is_complete_when_every_row_has_a_home_that_was_asked(
    away: dict[str, Unavailable], instances: int, alone: str, is_complete: bool
) -> None:
    warnings = missing(away, instances=instances, holding_alone=set(alone))
    assert (warnings == ()) == is_complete
    assert all(any(f"instance {who} " in each for each in warnings) for who in away) or is_complete
