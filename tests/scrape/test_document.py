"""Scalars of YAML are what is written, mappings have each key once, and what is printed is read as it was."""

from __future__ import annotations

import pytest

from lgtm.scrape.document import parse_json, parse_yaml, print_yaml
from lgtm.scrape.section import InvalidScrapeConfig


@pytest.mark.parametrize(
    "text", ["1.10", "010", "0x1F", "1e3", "1_000", "true", "yes", "Off", "2026-11-28", "12:30:45", "=", "!!int 5", ".inf", "'5'"]
)
def test_a_scalar_is_its_text(text: str) -> None:
    assert parse_yaml(f"a: {text}") == {"a": text.removeprefix("!!int ").strip("'")}


@pytest.mark.parametrize("text", ["", "~", "null", "NULL"])
def test_an_empty_value_is_none(text: str) -> None:
    assert parse_yaml(f"a: {text}") == {"a": None}
    assert parse_yaml(f"a: '{text}'") == {"a": text}


def test_keys_are_texts() -> None:
    assert parse_yaml("{1: a, yes: b, 2026-11-28: c}") == {"1": "a", "yes": "b", "2026-11-28": "c"}


def test_anchors_and_merges_work() -> None:
    text = """
base: &base {scheme: https, port: 010}
more: &more {path: /m}
one: {<<: *base, port: 1}
two: {<<: [*base, *more], same: *more}
three: {port: 2, <<: *base}
"""
    base, more = {"scheme": "https", "port": "010"}, {"path": "/m"}
    found = parse_yaml(text)
    assert found["one"] == base | {"port": "1"}
    assert found["two"] == base | more | {"same": more}
    assert found["three"] == base | {"port": "2"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 'line 3: key "a" is already set in line 1'),
        ("x:\n- b: 1\n  'b': 2\n", 'line 3: key "b" is already set in line 2'),
        ("x: &x {b: 1, b: 2}\ny: {<<: *x}\n", 'line 1: key "b" is already set in line 1'),
        ("{", "is no YAML: "),
        ("? [a]\n: b\n", "is no YAML: "),
        ("a: !!python/none x", "is no YAML: "),
        ("[" * 1_500, "is no YAML: "),
    ],
)
def test_what_is_no_document_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidScrapeConfig) as raised:
        parse_yaml(text)
    assert str(raised.value).startswith(message)


def test_json_has_its_types() -> None:
    assert parse_json('{"a": 1.10, "b": "x"}') == {"a": 1.1, "b": "x"}
    with pytest.raises(InvalidScrapeConfig, match="f: is no JSON"):
        parse_json("{a: b}", "f")


@pytest.mark.parametrize(
    "value", ["1.10", "true", "null", "~", "", "<<", "a: b", "- x", "n:9100", " x ", "x\ny", "#", "ä", "'", '"', "%", "2026-11-28"]
)
def test_what_is_printed_is_read_as_it_was(value: str) -> None:
    document = {"k": value, value or "empty": [value, None]}
    assert parse_yaml(print_yaml(document)) == document


def test_texts_are_printed_without_quotes_where_they_need_none() -> None:
    assert print_yaml({"honor_labels": "true", "labels": {"version": "1.10"}}) == "honor_labels: true\nlabels:\n  version: 1.10\n"
