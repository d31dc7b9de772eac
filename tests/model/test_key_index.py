"""Numbers of strings are those that a dictionary would give, in whatever order and company they come."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.model.fingerprint_index import STRETCH_MIN
from lgtm.model.key_index import KeyIndex, Keys

WORDS = [f"key {number}".encode() * (number % 3) + bytes([number % 256]) for number in range(4 * STRETCH_MIN)]
"""Different ones, of different lengths."""
STRETCHES = st.tuples(st.integers(0, len(WORDS) - 1), st.integers(0, 3 * STRETCH_MIN)).map(lambda s: WORDS[s[0] : s[0] + s[1]])
STRINGS = st.one_of(st.sampled_from(WORDS), st.binary(max_size=4)).map(lambda one: [one])
REQUESTS = st.lists(st.lists(st.one_of(STRETCHES, STRINGS), max_size=4).map(lambda pieces: [one for piece in pieces for one in piece]), max_size=6)


def keys_of(strings: list[bytes]) -> Keys:
    return Keys.of(pa.array([b"before", *strings, b"behind"], pa.binary()).slice(1, len(strings)))


@settings(max_examples=200)
@given(REQUESTS)
def test_it_gives_the_numbers_of_a_dictionary(requests: list[list[bytes]]) -> None:
    index, numbers = KeyIndex(), dict[bytes, int]()
    for strings in requests:
        keys = keys_of(strings)
        found = index.find(keys)
        assert found.tolist() == [numbers.get(one, -1) for one in strings]
        missing = (found < 0).nonzero()[0]
        wanted = [numbers.setdefault(strings[at], len(numbers)) for at in missing.tolist()]
        assert index.add(keys, missing, keys.digests(missing)).tolist() == wanted
        assert len(index) == len(numbers)


def test_one_other_byte_ends_a_stretch() -> None:
    index, keys = KeyIndex(), keys_of(WORDS)
    every = np.arange(len(WORDS))
    index.add(keys, every, keys.digests(every))
    changed = [*WORDS]
    changed[STRETCH_MIN + 6] = changed[STRETCH_MIN + 6][:-1] + b"?"
    wanted = every.copy()
    wanted[STRETCH_MIN + 6] = -1
    assert index.find(keys_of(changed)).tolist() == wanted.tolist()


def test_the_same_bytes_cut_elsewhere_are_other_strings() -> None:
    index, keys = KeyIndex(), keys_of([b"%03d" % number for number in range(2 * STRETCH_MIN)])
    every = np.arange(len(keys))
    index.add(keys, every, keys.digests(every))
    joined = b"".join(keys[at] for at in range(STRETCH_MIN + 4, len(keys)))
    recut = [keys[at] for at in range(STRETCH_MIN + 4)] + [joined[at : at + 4] for at in range(0, len(joined), 4)]
    assert index.find(keys_of(recut)).tolist() == [*range(STRETCH_MIN + 4), *[-1] * (len(recut) - STRETCH_MIN - 4)]


def test_no_strings_are_no_numbers() -> None:
    assert KeyIndex().find(keys_of([])).tolist() == []
    assert KeyIndex().find(Keys.of(pa.array([], pa.binary()))).tolist() == []
