"""Single labels of JSON lines by kernels, where regexes prove what the line-by-line reader would find.

Lines that the regexes understand are plain: identifiers for keys, strings without escapes, values that are scalars or objects of scalars. A wanted
key behind nothing but plain fields is the first that can have its name, so its value is settled, whatever follows. A plain line in which no key can
have the name has no such label. Whatever is neither goes line by line, and so does, where somebody reads `__error__`, what is not plain to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.logql.columns import Bool, as_mask, matches
from lgtm.logql.frame import ERROR, ERROR_DETAILS, LogFrame
from lgtm.logql.frame_source import EXTRACTED

NAMES_MAX = 4
"""Beyond this many names one pass of the line reader is cheaper than a regex each."""
_KEY = r'"[A-Za-z_][A-Za-z0-9_]*"'
_STRING = r'"[^"\\\x{00}-\x{1f}\x{fffd}]*"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"
_FLAT = rf"\{{ ?{_KEY}: ?{_SCALAR}(?:, ?{_KEY}: ?{_SCALAR})* ?\}}"
_VALUE = rf"(?:{_SCALAR}|{_FLAT})"
PLAIN_OBJECT = rf"^\{{ ?{_KEY}: ?{_VALUE}(?:, ?{_KEY}: ?{_VALUE})* ?\}}$"
_WANTED = rf"(?P<value>{_STRING}|{_NUMBER}|true|false) ?[,}}]"

_ASCII_STRING = r'"[ !#-\[\]-~]*"'
_ASCII_SCALAR = rf"(?:{_ASCII_STRING}|{_NUMBER}|true|false|null)"
_ASCII_WANTED = rf"(?P<value>{_ASCII_STRING}|{_NUMBER}|true|false) ?[,}}]"
"""What most lines are made of: RE2 is three times as fast where it need not tell characters from bytes."""

_MARK_LIKE = "__error|error__|details__"
"""A line may call a label `__error__`, alone or within others."""


def fast_json(frame: LogFrame, wanted: frozenset[str]) -> tuple[LogFrame, Bool]:
    """The frame with the labels found, and the rows that are left to the line reader, untouched so far. What is proven has no errors."""
    # A label that every row was stored with would be found under another name, which nobody wants.
    stored = {name: frame.stored(name) for name in wanted - {ERROR, ERROR_DETAILS}}
    names = sorted(name for name, rows in stored.items() if not rows.all())
    if len(names) > NAMES_MAX or any(name.endswith(EXTRACTED) for name in stored) or any(stored[name].any() for name in names):
        return frame, np.ones(len(frame), bool)
    found = {name: _values(frame.line, name) for name in names}
    # Once all that is wanted is found the rest of a line is not read, and cannot be wrong. __error__ is never found.
    complete = np.full(len(frame), 0 < len(stored) == len(wanted) == len(names))
    for values in found.values():
        complete &= as_mask(values.is_valid())
    slow = ~complete
    open_rows = np.flatnonzero(slow)
    if len(open_rows):
        at = pa.array(open_rows)
        lines = frame.line if len(open_rows) == len(frame) else frame.line.take(at)
        slow[open_rows] = ~_settled(lines, {name: values.take(at) for name, values in found.items()}, len(stored) < len(wanted))
    return frame.with_added({name: pc.if_else(pa.array(slow), _NOTHING, values) for name, values in found.items()}), slow


def fast_json_paths(frame: LogFrame, keys: Mapping[str, str]) -> tuple[LogFrame, Bool]:
    """As fast_json for `json name="key"`: keys holds the key of each wanted name, which must be an identifier."""
    if any(frame.stored(name).any() for name in keys):
        return frame, np.ones(len(frame), bool)
    slow = ~matches(frame.line, r'^[{\["]')
    found = {}
    for name, key in keys.items():
        values = _also(_plain_values(frame.line, key), frame.line, lambda rest, key=key: _behind(rest, _VALUE, rf'"{key}": ?{_WANTED}'))  # type: ignore[misc]
        # Unlike a label, a path takes what comes first whatever it is: null, too, and whole objects.
        slow |= as_mask(values.is_null()) & matches(frame.line, rf'"{key}"|\\') | matches(frame.line, rf'"{key}": ?[n{{]')
        found[name] = pc.fill_null(values, "")
    return frame.with_added({name: pc.if_else(pa.array(slow), _NOTHING, values) for name, values in found.items()}), slow


def _settled(lines: Any, found: dict[str, Any], marks: bool) -> Bool:
    """Of the lines that do not hold everything: those that are plain, so that what they lack they really lack. marks: somebody reads __error__."""
    settled = matches(lines, PLAIN_OBJECT)
    if marks:
        settled &= ~matches(lines, _MARK_LIKE)
    for name, values in found.items():
        settled &= as_mask(values.is_valid()) | ~matches(lines, _keys(name))
    return settled


def _values(lines: Any, name: str) -> Any:
    """The proven value in each line, else null."""
    values = _also(_plain_values(lines, name), lines, lambda rest: _behind(rest, _SCALAR if "_" in name else _VALUE, rf'"{name}": ?{_WANTED}'))
    # Only a name with `_` can also come from within another object: then objects before it prove nothing as yet.
    return _also(values, lines, lambda rest: _nested_values(rest, name)) if "_" in name else values


def _plain_values(lines: Any, key: str) -> Any:
    """The value of a key behind nothing but scalars, in ASCII lines."""
    # The place of a match is cheap to find and dear to tell apart within a long one: hence one regex for the proof, a short one for the value.
    wanted = rf'"{key}": ?{_ASCII_WANTED}'
    proven = matches(lines, rf"^\{{ ?(?:{_KEY}: ?{_ASCII_SCALAR}, ?)*?{wanted}")
    return pc.if_else(pa.array(proven), _extracted(lines, wanted), _NOTHING)


def _nested_values(lines: Any, name: str) -> Any:
    """As `_values`, where the key may be in an object or behind one: proven when no other key of the line can have part in the name."""
    parts = name.split("_")
    places = [rf'"{name}": ?{_WANTED}']
    for at in range(1, len(parts)):
        parent, child = "_".join(parts[:at]), "_".join(parts[at:])
        places.append(rf'"{parent}": ?\{{ ?(?:{_KEY}: ?{_SCALAR}, ?)*?"{child}": ?{_WANTED}')
    regex = rf"^\{{ ?(?:{_KEY}: ?{_VALUE}, ?)*?(?:{'|'.join(places)})".replace("?P<value>", "?:")
    proven = matches(lines, regex) & as_mask(pc.equal(pc.count_substring_regex(lines, _keys(name)), 1))
    return pc.if_else(pa.array(proven), _extracted(lines, rf"{_keys(name)} ?{_WANTED}"), _NOTHING)


def _keys(name: str) -> str:
    """Every plain key that can become the name: as it is, or within others."""
    parts = name.split("_")
    return f'"(?:{"|".join("_".join(parts[at:]) for at in range(len(parts)))})":'


def _behind(lines: Any, before: str, place: str) -> Any:
    return _extracted(lines, rf"^\{{ ?(?:{_KEY}: ?{before}, ?)*?{place}")


def _extracted(lines: Any, regex: str) -> Any:
    return pc.utf8_trim(pc.struct_field(pc.extract_regex(lines, regex), "value"), '"')


def _also(values: Any, lines: Any, find: Callable[[Any], Any]) -> Any:
    """Looks for what is not found yet, in the lines that lack it only."""
    rows = np.flatnonzero(as_mask(values.is_null()))
    if not len(rows):
        return values
    positions = np.full(len(lines), -1)
    positions[rows] = np.arange(len(rows))
    return pc.coalesce(values, find(lines.take(pa.array(rows))).take(pa.array(positions, mask=positions < 0)))


_NOTHING = pa.scalar(None, pa.string())
