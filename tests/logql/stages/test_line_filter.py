"""Line filters: which lines stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.parser import parse_log_selector
from lgtm.logql.stages import InvalidStage, LineFilter, LineOp, LineOperand
from support.logframes import frame_of, lines_of, through


def kept(text: str, *lines: str) -> list[str]:
    (stage,) = parse_log_selector('{a="b"} ' + text).stages
    return lines_of(through(frame_of(*lines), stage))


@pytest.mark.parametrize(
    ("text", "line", "fits"),
    [
        ('|= "a.b"', "xa.bx", True),
        ('|= "a.b"', "xaxbx", False),
        ('|= "A"', "a", False),
        ('|= ""', "", True),
        ('|= "ü€"', "süß ü€", True),
        ('|= "\\n"', "a\nb", True),
        ('|= "\\\\d*[x]"', "\\d*[x]", True),
        ('|= "a" or "b"', "xb", True),
        ('|= "a" or "b"', "c", False),
        ('|~ "a.b"', "xaxbx", True),
        ('|~ "^b"', "ab", False),
        ('|~ "(?i)B$"', "ab", True),
        ('|~ ""', "x", True),
        ('|~ "a" or "^$"', "", True),
        ("|~ `\\d+ms`", "took 15ms", True),
        ('|> "<_> error <_>"', "an error here", True),
        ('|> "<_> error <_>"', " error here", False),
        ('|> "<_> error <_>"', "an error ", False),
        ('|> "error <_>"', "an error here", True),
        ('|> "<_> error"', "an error", True),
        ('|> "<_> error"', "an error here", False),
        ('|> "error"', "an error", True),
        ('|> "error"', "error error", False),
        ('|> "<_>"', "x", True),
        ('|> "<_>"', "", False),
        ('|> ""', "", True),
        ('|> ""', "x", False),
        ('|> "<_>a<_>" or "b"', "b", True),
        ('|= ip("10.0.0.0/8")', "from 10.1.2.3:80 to 8.8.8.8", True),
        ('|= ip("10.0.0.0/8")', "from 11.1.2.3", False),
        ('|= ip("10.0.0.0/8")', "from 10.1.2", False),
        ('|= ip("::1")', "to [::1]:80", True),
        ('|= ip("::1")', "to ::2", False),
        ('|= ip("1.1.1.1") or ip("::1")', "::1", True),
        ('|= ip("1.1.1.1") or "text"', "text", True),
    ],
)
def test_a_line_fits_and_the_negated_filter_drops_just_those(text: str, line: str, fits: bool) -> None:
    negated = {"|=": "!=", "|~": "!~", "|>": "!>"}[text[:2]] + text[2:]
    assert kept(text, line) == ([line] if fits else [])
    assert kept(negated, line) == ([] if fits else [line])


@pytest.mark.parametrize(
    ("op", "operand", "reason"),
    [
        ("|~", LineOperand("10.0.0.1", is_ip=True), """stage '|~ ip("10.0.0.1")' : ip: invalid operation"""),
        ("|=", LineOperand("x", is_ip=True), """stage '|= ip("x")' : ip: invalid pattern: "x\""""),
        ("|>", LineOperand("<a>"), """stage '|> "<a>"' : named captures are not allowed"""),
        ("!>", LineOperand("<_><_>"), """stage '!> "<_><_>"' : found consecutive capture '<_><_>': invalid expression"""),
    ],
)
def test_an_operand_that_is_none_is_refused(op: LineOp, operand: LineOperand, reason: str) -> None:
    with pytest.raises(InvalidStage) as raised:
        LineFilter(op, (operand,))
    assert str(raised.value) == reason


def test_a_regex_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidStage, match="missing closing"):
        LineFilter("|~", (LineOperand("("),))


def test_a_filter_prints_as_logql() -> None:
    assert str(LineFilter("!=", (LineOperand('"'), LineOperand("::1", is_ip=True)))) == '!= "\\"" or ip("::1")'


@given(lines=st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1), text=st.text(st.characters(codec="utf-8"), max_size=3))
def test_a_text_is_found_where_python_finds_it(lines: list[str], text: str) -> None:
    stage = LineFilter("|=", (LineOperand(text),))
    assert lines_of(through(frame_of(*lines), stage)) == [line for line in lines if text in line]


@given(lines=st.lists(st.text("ab <", max_size=8), min_size=1), literals=st.lists(st.text("ab", min_size=1, max_size=2), max_size=3))
def test_a_pattern_is_the_same_with_and_without_what_a_kernel_rules_out(lines: list[str], literals: list[str]) -> None:
    stage = LineFilter("|>", (LineOperand("<_>".join(["", *literals, ""])),))

    def fits(line: str) -> bool:
        at = 0
        for literal in literals:
            found = line.find(literal, at)
            if found <= at:
                return False
            at = found + len(literal)
        return at < len(line)

    assert lines_of(through(frame_of(*lines), stage)) == [line for line in lines if fits(line)]
