"""Relabelling as Prometheus does it: each action, and the rules that are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.matchers import InvalidRegex
from lgtm.relabel.rule import Action, RelabelRule, parse_action, relabel

ABC = {"a": "foo", "b": "bar", "c": "baz"}


def result(labels: dict[str, str], **fields: Any) -> dict[str, str] | None:
    return relabel(labels, (RelabelRule(**fields),))


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"source_labels": ("a",), "regex": "f(.*)", "target_label": "d", "replacement": "ch${1}-ch${1}"}, {"d": "choo-choo"}),
        ({"source_labels": ("a", "b"), "regex": "f(.*);(.*)r", "target_label": "a", "replacement": "b${1}${2}m"}, {"a": "boobam"}),
        ({"source_labels": ("a", "b"), "separator": "", "target_label": "d"}, {"d": "foobar"}),
        ({"source_labels": ("a",), "regex": "o", "target_label": "d"}, {}),
        ({"source_labels": ("a",), "regex": "f|fooo?", "target_label": "d", "replacement": "x"}, {"d": "x"}),
        ({"source_labels": ("a",), "target_label": "a", "replacement": ""}, {"a": ""}),
        ({"source_labels": ("none",), "target_label": "d", "replacement": "x"}, {"d": "x"}),
        ({"target_label": "d", "replacement": "always"}, {"d": "always"}),
        ({"source_labels": ("a",), "regex": "(f)(.*)", "target_label": "${2}_$1", "replacement": "${1}$2"}, {"oo_f": "foo"}),
        ({"source_labels": ("a",), "regex": "(x)?foo", "target_label": "$1", "replacement": "y"}, {}),
        ({"source_labels": ("a",), "target_label": "ein Wort", "replacement": "ü"}, {"ein Wort": "ü"}),
    ],
)
def test_replace_sets_the_target_where_all_of_the_source_matches(fields: dict[str, Any], changes: dict[str, str]) -> None:
    assert result(ABC, **fields) == {name: value for name, value in (ABC | changes).items() if value}


def test_a_dot_matches_a_newline() -> None:
    assert result({"a": "x\ny"}, source_labels=("a",), regex="x.y", target_label="b", replacement="z") == {"a": "x\ny", "b": "z"}


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"action": "keep", "source_labels": ("a",), "regex": "fo+"}, True),
        ({"action": "keep", "source_labels": ("a",), "regex": "fo"}, False),
        ({"action": "keep", "source_labels": ("none",), "regex": ""}, True),
        ({"action": "drop", "source_labels": ("a",), "regex": ".*o.*"}, False),
        ({"action": "drop", "source_labels": ("a",), "regex": "o"}, True),
        ({"action": "keepequal", "source_labels": ("a",), "target_label": "a"}, True),
        ({"action": "keepequal", "source_labels": ("a",), "target_label": "b"}, False),
        ({"action": "dropequal", "source_labels": ("a",), "target_label": "a"}, False),
        ({"action": "dropequal", "source_labels": ("a", "b"), "target_label": "a"}, True),
    ],
)
def test_bearers_are_kept_or_dropped(fields: dict[str, Any], kept: bool) -> None:
    assert result(ABC, **fields | {"action": Action(fields["action"])}) == (ABC if kept else None)


@pytest.mark.parametrize(
    ("fields", "labels"),
    [
        ({"action": "labelmap", "regex": "(b|c)", "replacement": "x_$1"}, ABC | {"x_b": "bar", "x_c": "baz"}),
        ({"action": "labelmap", "regex": "a", "replacement": "b"}, ABC | {"b": "foo"}),
        ({"action": "labeldrop", "regex": "[ab]"}, {"c": "baz"}),
        ({"action": "labelkeep", "regex": "[ab]"}, {"a": "foo", "b": "bar"}),
        ({"action": "uppercase", "source_labels": ("a", "b"), "target_label": "d"}, ABC | {"d": "FOO;BAR"}),
        ({"action": "lowercase", "source_labels": ("none",), "target_label": "a"}, {"b": "bar", "c": "baz"}),
        ({"action": "hashmod", "source_labels": ("c",), "target_label": "d", "modulus": 1000}, ABC | {"d": "976"}),
        ({"action": "hashmod", "source_labels": ("a",), "target_label": "a", "modulus": 1}, ABC | {"a": "0"}),
    ],
)
def test_other_actions_change_labels(fields: dict[str, Any], labels: dict[str, str]) -> None:
    assert result(ABC, **fields | {"action": Action(fields["action"])}) == labels


def test_rules_follow_one_another_until_one_drops() -> None:
    rename = RelabelRule(source_labels=("a",), target_label="d")
    forget = RelabelRule(action=Action.LABEL_DROP, regex="a")
    only = RelabelRule(action=Action.KEEP, source_labels=("d",), regex="foo")
    assert relabel(ABC, (rename, forget, only)) == {"b": "bar", "c": "baz", "d": "foo"}
    assert relabel(ABC, (forget, rename, only)) is None
    assert ABC == {"a": "foo", "b": "bar", "c": "baz"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"action": Action.HASHMOD, "target_label": "d"}, "requires non-zero modulus"),
        ({"action": Action.HASHMOD, "modulus": 1}, "hashmod action requires 'target_label' value"),
        ({}, "replace action requires 'target_label' value"),
        ({"action": Action.LOWERCASE, "target_label": "a", "replacement": "x"}, "'replacement' can not be set for lowercase action"),
        ({"action": Action.LABEL_MAP, "replacement": ""}, "\"\" is invalid 'replacement' for labelmap action"),
        ({"action": Action.KEEP_EQUAL, "target_label": "a", "regex": "x"}, "keepequal action requires only 'source_labels' and `target_label`"),
        ({"action": Action.DROP_EQUAL, "target_label": "a", "separator": ","}, "dropequal action requires only"),
        ({"action": Action.LABEL_DROP, "source_labels": ("a",)}, "labeldrop action requires only 'regex', and no other fields"),
        ({"action": Action.LABEL_KEEP, "target_label": "a"}, "labelkeep action requires only 'regex'"),
        ({"target_label": "a", "source_labels": ("",)}, '"" is not a valid label name'),
        ({"target_label": "a", "modulus": -1}, "modulus must lie between"),
    ],
)
def test_rules_that_make_no_sense_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RelabelRule(**fields)


def test_expressions_that_re2_does_not_take_are_refused() -> None:
    with pytest.raises(InvalidRegex, match="error parsing regexp"):
        RelabelRule(target_label="a", regex="(")


def test_actions_are_named_in_any_case() -> None:
    assert parse_action("LabelMap") is Action.LABEL_MAP
    with pytest.raises(ValueError, match='unknown relabel action "x"'):
        parse_action("x")


TEXTS = st.text(max_size=4)


@given(st.dictionaries(TEXTS.filter(bool), TEXTS.filter(bool), max_size=4), st.sampled_from(Action), TEXTS, st.integers(1, 2**64 - 1))
def test_no_rule_leaves_an_empty_value_or_changes_its_argument(labels: dict[str, str], action: Action, replacement: str, modulus: int) -> None:
    fields: dict[str, Any] = {"action": action, "source_labels": tuple(labels)[:2], "target_label": "t"}
    if action in (Action.LABEL_DROP, Action.LABEL_KEEP):
        fields = {"action": action, "regex": "[a-z]*"}
    elif action is Action.REPLACE:
        fields |= {"replacement": replacement}
    elif action is Action.LABEL_MAP:
        fields = {"action": action, "replacement": "x$1"}
    elif action is Action.HASHMOD:
        fields |= {"modulus": modulus}
    before = dict(labels)
    after = relabel(labels, (RelabelRule(**fields),))
    assert labels == before
    assert after is None or all(after.values())
    if action in (Action.KEEP, Action.DROP, Action.KEEP_EQUAL, Action.DROP_EQUAL):
        assert after in (None, before)


def test_case_is_changed_character_by_character() -> None:
    assert result({"a": "Straße"}, action=Action.UPPERCASE, source_labels=("a",), target_label="a") == {"a": "STRAßE"}
    assert result({"a": "ΟΔΟΣ İ"}, action=Action.LOWERCASE, source_labels=("a",), target_label="a") == {"a": "οδοσ i"}
