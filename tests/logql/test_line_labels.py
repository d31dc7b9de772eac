"""The labels of one line: what makes way, what comes first, and how many there may be."""

from __future__ import annotations

import pytest

from lgtm.logql.line_labels import LABELS_PER_LINE_MAX, LineError, LineLabels, without_replacement


def test_the_first_value_of_a_name_stays() -> None:
    labels = LineLabels()
    for value in ("1", "2"):
        assert not labels.add("a", value)
    assert labels.found == {"a": "1"}


def test_a_stored_name_is_made_way_for() -> None:
    labels = LineLabels(frozenset({"a"}))
    labels.add("a", "1")
    labels.add("a_extracted", "2")
    assert labels.found == {"a_extracted": "1"}


def test_what_is_wanted_is_what_it_is_called_in_the_end() -> None:
    labels = LineLabels(frozenset({"a"}), frozenset({"a_extracted", "b"}))
    assert not labels.add("c", "0")
    assert not labels.add("a", "1")
    assert labels.add("b", "2")
    assert labels.found == {"a_extracted": "1", "b": "2"}


def test_with_nothing_wanted_a_line_is_read_to_its_end() -> None:
    assert not LineLabels(wanted=frozenset()).add("a", "1")


@pytest.mark.parametrize(
    ("stored", "wanted", "found"),
    [
        (set(), None, {"a": "1", "b": ""}),
        ({"b"}, None, {"a": "1"}),
        (set(), {"a"}, {"a": "1"}),
        (set(), {"b"}, {"b": ""}),
    ],
)
def test_what_was_not_found_is_filled(stored: set[str], wanted: set[str] | None, found: dict[str, str]) -> None:
    labels = LineLabels(frozenset(stored), None if wanted is None else frozenset(wanted))
    labels.add("a", "1")
    for name in ("a", "b"):
        labels.fill(name)
    assert labels.found == found


def test_a_hostile_line_reaches_a_bound() -> None:
    labels = LineLabels()
    for i in range(LABELS_PER_LINE_MAX):
        labels.add(f"a{i}", "")
    labels.add("a0", "again")
    with pytest.raises(LineError) as raised:
        labels.add("one_more", "")
    assert raised.value.details == "more than 1000 labels"
    assert len(labels.found) == LABELS_PER_LINE_MAX


def test_bytes_that_were_no_text_are_blanks() -> None:
    assert without_replacement("a\ufffd\ufffdb") == "a  b"
    labels = LineLabels()
    labels.add("a", "\ufffd")
    assert labels.found == {"a": " "}
