import pytest

from lgtm.errors import BadRequest
from lgtm.model.matchers import InvalidRegex, Matcher, MatchOp, compile_regex, matches_all


@pytest.mark.parametrize(
    ("op", "value", "fits", "not_"),
    [
        (MatchOp.EQ, "api", ["api"], ["", "api2", "API"]),
        (MatchOp.NE, "api", ["", "api2"], ["api"]),
        (MatchOp.RE, "a.*|b", ["a", "apple", "b", "a\nb"], ["", "ba", "bb"]),
        (MatchOp.NRE, "a.*|b", ["", "ba"], ["a", "b"]),
        (MatchOp.RE, "", [""], ["a"]),
        (MatchOp.RE, "(?i)API", ["api", "Api"], ["apis"]),
    ],
)
def test_a_matcher_tells_whether_a_value_fits(op: MatchOp, value: str, fits: list[str], not_: list[str]) -> None:
    matcher = Matcher("app", op, value)
    assert all(matcher.matches(text) for text in fits)
    assert not any(matcher.matches(text) for text in not_)
    assert matcher.matches_empty == ("" in fits)


def test_an_absent_label_has_the_empty_value() -> None:
    labels = (("app", "api"),)
    assert matches_all((Matcher("app", MatchOp.EQ, "api"), Matcher("env", MatchOp.EQ, "")), labels)
    assert not matches_all((Matcher("env", MatchOp.RE, ".+"),), labels)
    assert matches_all((), labels)


def test_matchers_print_as_they_are_written_and_compare_by_what_they_say() -> None:
    assert str(Matcher("app", MatchOp.NRE, 'a"b')) == 'app!~"a\\"b"'
    assert Matcher("app", MatchOp.RE, "a") == Matcher("app", MatchOp.RE, "a") != Matcher("app", MatchOp.EQ, "a")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(", "error parsing regexp: missing closing ): `a(`"),
        ("[a", "error parsing regexp: missing closing ]: `[a`"),
        ("*", "error parsing regexp: missing argument to repetition operator: `*`"),
        ("a\\", "error parsing regexp: trailing backslash at end of expression"),
        ("a{2000}", "error parsing regexp: invalid repeat count: `{2000}`"),
        ("(?<!a)b", "error parsing regexp: invalid named capture: `(?<!a)b`"),
        ("(?=a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
    ],
)
def test_a_pattern_that_re2_does_not_take_is_refused_in_go_s_words(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidRegex) as caught:
        compile_regex(pattern)
    assert str(caught.value).startswith(reason)
    assert isinstance(caught.value, BadRequest)


def test_a_pattern_has_a_bound() -> None:
    with pytest.raises(InvalidRegex, match="is longer than 65536"):
        Matcher("app", MatchOp.RE, "a" * 70_000)


def test_no_pattern_takes_more_than_linear_time() -> None:
    assert not Matcher("app", MatchOp.RE, "(a*)*b").matches("a" * 100_000)
