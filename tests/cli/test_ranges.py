import pytest
import typer

from lgtm.cli.ranges import time_of, time_range
from lgtm.clock import NS_PER_S


@pytest.mark.parametrize(
    ("since", "begin", "end", "range_s"),
    [("1h", None, "7200", (3_600, 7_200)), ("1h", "5", "7200", (5, 7_200)), ("1h", "1.5", "2", (1.5, 2))],
)
def test_a_range_is_from_the_begin_or_as_long_as_asked(since: str, begin: str | None, end: str, range_s: tuple[float, float]) -> None:
    assert time_range(since, begin, end) == (range_s[0] * NS_PER_S, range_s[1] * NS_PER_S)


@pytest.mark.parametrize(
    ("since", "begin", "end", "hint"),
    [("soon", None, None, "--since"), ("1h", "x", None, "--from"), ("1h", None, "x", "--to"), ("1h", "2", "1", "--to"), ("1h", "1", "1", "--to")],
)
def test_what_is_no_range_is_a_usage_error_of_its_option(since: str, begin: str | None, end: str | None, hint: str) -> None:
    with pytest.raises(typer.BadParameter) as raised:
        time_range(since, begin, end)
    assert raised.value.param_hint == hint


def test_a_time_is_one_option_s() -> None:
    assert time_of("1", "--at") == NS_PER_S
