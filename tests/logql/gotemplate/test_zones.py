from __future__ import annotations

import pytest

from lgtm.logql.gotemplate.gotime import days_until
from lgtm.logql.gotemplate.zones import UTC_ZONE, Zone, load_zone


@pytest.mark.parametrize("name", ["", "UTC", "Local"])
def test_some_names_are_utc(name: str) -> None:
    assert load_zone(name) is UTC_ZONE


@pytest.mark.parametrize("name", ["No/Where", "../../etc/passwd", "/etc/passwd", "America", "\0", "é" * 500])
def test_other_names_are_no_zone(name: str) -> None:
    assert load_zone(name) is None


def test_a_fixed_zone_is_the_same_at_any_time() -> None:
    assert Zone("X", 60).at(10**15) == ("X", 60)


@pytest.mark.parametrize(
    ("month", "day", "hour", "offset_h"),
    [(1, 1, 12, -5), (7, 1, 12, -4), (3, 8, 1, -5), (3, 8, 3, -4), (11, 1, 3, -5)],
)
def test_clocks_of_a_zone_tell_the_instant(month: int, day: int, hour: int, offset_h: int) -> None:
    zone = load_zone("America/New_York")
    assert zone is not None
    local_s = days_until(2026, month, day) * 86_400 + hour * 3_600
    assert zone.unix(local_s) == local_s - offset_h * 3_600


def test_instants_beyond_the_database_have_the_offset_of_its_end() -> None:
    zone = load_zone("America/New_York")
    assert zone is not None
    assert zone.at(10**18)[0] == "EST"
    assert zone.at(-(10**18))[0] == "LMT"
