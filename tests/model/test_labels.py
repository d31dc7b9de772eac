import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import FINGERPRINT_BYTES, fingerprint, format_labels, labels_of, quote

PAIRS = st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=5)


def test_labels_are_sorted_and_empty_values_are_no_labels() -> None:
    assert labels_of({"b": "2", "a": "1", "c": ""}) == (("a", "1"), ("b", "2"))
    assert labels_of([("b", "2"), ("a", "")]) == (("b", "2"),)


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert len(fingerprint(())) == FINGERPRINT_BYTES
    assert fingerprint((("app", "api"), ("env", "prod"))).hex() == "55d62234f1e0386c83bd9c2cd629a4fc"


@given(PAIRS, PAIRS)
def test_different_label_sets_have_different_fingerprints(left: dict[str, str], right: dict[str, str]) -> None:
    assert (fingerprint(labels_of(left)) == fingerprint(labels_of(right))) == (labels_of(left) == labels_of(right))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([("a", "bc")], [("ab", "c")]),
        ([("a", "b"), ("c", "d")], [("a", "bcd")]),
        ([("a", "b"), ("c", "d")], [("a", "d"), ("c", "b")]),
    ],
)
def test_pairs_that_read_alike_are_told_apart(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> None:
    assert fingerprint(labels_of(one)) != fingerprint(labels_of(other))


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('say "hi"', '"say \\"hi\\""'),
        ("back\\slash", '"back\\\\slash"'),
        ("a\nb\tc", '"a\\nb\\tc"'),
        ("\x00\x1b\x7f", '"\\x00\\x1b\\x7f"'),
        ("é ☃", '"é ☃"'),
        ("\u200b", '"\\u200b"'),
        ("\U000e0001", '"\\U000e0001"'),
    ],
)
def test_text_is_quoted_as_go_quotes_it(text: str, quoted: str) -> None:
    assert quote(text) == quoted


def test_labels_are_written_as_a_selector() -> None:
    assert format_labels((("app", "api"), ("env", 'p"'))) == '{app="api", env="p\\""}'
    assert format_labels(()) == "{}"


def test_bytes_that_are_no_utf8_are_quoted_as_bytes() -> None:
    assert quote("a\udcffé") == '"a\\xffé"'
