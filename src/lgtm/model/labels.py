"""Label sets and their identity.

A label set is a tuple of (name, value) pairs sorted by name, without empty values. Its fingerprint is the 128-bit XXH3 of the pairs, each
name and value followed by 0xFF (a byte that UTF-8 never holds), so no two different sets share an encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

import xxhash

Labels = tuple[tuple[str, str], ...]
Fingerprint = bytes
"""16 bytes, big-endian."""

FINGERPRINT_BYTES = 16
END = b"\xff"
"""Of each name and value, where they are hashed."""


def labels_of(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labels:
    """Sorts by name and drops empty values. Duplicate names must have been refused before."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return tuple(sorted((name, value) for name, value in items if value))


def fingerprint(labels: Labels) -> Fingerprint:
    # Texts hold no zero unless somebody is up to something: then all are encoded together, in a third of the time.
    text = "\0".join(chain.from_iterable(labels)) + "\0"
    if text.count("\0") == 2 * len(labels):
        return xxhash.xxh3_128_digest(text.encode("utf-8", "surrogatepass").replace(b"\0", END))
    return fingerprint_of_ended(each.encode("utf-8", "surrogatepass") + END for each in chain.from_iterable(labels))


def fingerprint_of_ended(texts: Iterable[bytes]) -> Fingerprint:
    """texts: the names and values of a label set in their order, in UTF-8, each with its END; they may be joined already."""
    return xxhash.xxh3_128_digest(b"".join(texts))


UNLABELLED = "__unlabelled__"
"""Name of the label given to a series whose labels were lost with a damaged stretch of a log; its value is the fingerprint in hex."""


def placeholder(fingerprint: Fingerprint) -> Labels:
    return labels_of({UNLABELLED: fingerprint.hex()})


def is_placeholder(labels: Labels | None) -> bool:
    return labels is not None and len(labels) == 1 and labels[0][0] == UNLABELLED


def quote(text: str) -> str:
    """A double-quoted string as Go's strconv.Quote writes it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_escape(c) for c in text) + '"'


def format_labels(labels: Iterable[tuple[str, str]]) -> str:
    """`{app="api", env="prod"}`, the text that Prometheus and Loki print."""
    return "{" + ", ".join(f"{name}={quote(value)}" for name, value in labels) + "}"


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        # A byte that is no UTF-8, as decoding with "surrogateescape" keeps it.
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
