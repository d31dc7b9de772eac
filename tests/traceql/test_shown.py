"""What is shown of a span: the fields that a query speaks of, where they meet what it says of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lgtm.traceql.columns import Item, constant
from lgtm.traceql.parser import parse
from lgtm.traceql.shown import Shown, display
from lgtm.traceql.types import Type
from lgtm.traceql.uses import uses
from traceql.tables import span, table

ONE = table(
    [span(1, name="root", kind=2, attrs={"a": 1, "l": ["x", "y", "x"]}, events=[{"t": 1, "name": "e1"}, {"t": 2, "name": "e2"}])],
    resource={"a": "r"},
)


def shown(text: str, *, scoped: bool = False) -> list[tuple[str, Item]]:
    return Shown(ONE, tuple(uses(parse(text).root)), np.array([0]), scoped=scoped).attributes(0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", []),
        ("{ span.a = 1 }", [("a", 1)]),
        ("{ span.a = 2 }", []),
        ("{ span.a = 2 } | select(span.a)", [("a", 1)]),
        ("{ .a != nil }", [("a", 1), ("a", "r")]),
        ("{ span.b = nil }", [("b", "nil")]),
        ("{ kind = server }", [("kind", "server")]),
        ("{ name = `root` && duration > 1 }", []),
        ('{ span.l = "x" }', [("l", ["x", "x"])]),
        ('{ span.l = "y" }', [("l", "y")]),
        ("{ event:name != nil }", [("event:name", "e2")]),
        ('{ event:name = "e1" }', [("event:name", "e1")]),
        ("{} | by(resource.a)", [("a", "r")]),
    ],
)
def test_fields_are_shown_where_they_meet_what_is_said_of_them(text: str, expected: list[tuple[str, Any]]) -> None:
    assert shown(text) == expected


def test_scoped_names_tell_their_scope_and_leave_nothing_out() -> None:
    assert shown("{ .a != nil && name = `root` }", scoped=True) == [("span.a", 1), ("resource.a", "r"), ("name", "root")]


@pytest.mark.parametrize(("text", "name"), [("{ name = `root` }", "root"), ("{ name = `x` }", None), ("{} | select(name)", "root"), ("{}", None)])
def test_a_span_is_named_when_the_query_speaks_of_its_name(text: str, name: str | None) -> None:
    assert Shown(ONE, tuple(uses(parse(text).root)), np.array([0])).name(0) == name


@pytest.mark.parametrize(
    ("of", "value", "text"),
    [(Type.DURATION, 1_500_000_000, "1.5s"), (Type.STATUS, 2, "error"), (Type.KIND, 3, "client"), (Type.INT, 7, 7), (Type.BOOL, True, True)],
)
def test_enumerations_and_durations_are_words(of: Type, value: int, text: Item) -> None:
    assert display(constant(of, value, 1), 0) == text
