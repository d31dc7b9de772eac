"""Single labels of JSON lines by kernels, where regexes prove what the line-by-line reader would find.

The proof: the whole line is an object of plain keys whose values are scalars or objects of scalars, without escapes or braces in strings; the wanted
key occurs once, not inside a nested object, and no nested path can spell the same name. Whatever is not proven goes line by line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.logql.columns import Bool, matches
from lgtm.logql.frame import ERROR, ERROR_DETAILS, LogFrame
from lgtm.logql.frame_source import EXTRACTED

NAMES_MAX = 4
_KEY = r'"[A-Za-z_][A-Za-z0-9_]*"'
_STRING = r'"[^"\\{}\x{00}-\x{1f}\x{fffd}]*"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_SCALAR = rf"(?:{_STRING}|{_NUMBER}|true|false|null)"
_FLAT = rf"\{{ ?{_KEY}: ?{_SCALAR}(?:, ?{_KEY}: ?{_SCALAR})* ?\}}"
_VALUE = rf"(?:{_SCALAR}|{_FLAT})"
PLAIN_OBJECT = rf"^\{{ ?{_KEY}: ?{_VALUE}(?:, ?{_KEY}: ?{_VALUE})* ?\}}$"


def fast_json(frame: LogFrame, wanted: frozenset[str]) -> tuple[LogFrame, Bool]:
    """The frame with the labels found, and the rows that are left to the line reader, untouched so far. What is proven has no errors."""
    # A label that every row was stored with would be found under another name, which nobody wants.
    stored = {name: frame.stored(name) for name in wanted - {ERROR, ERROR_DETAILS}}
    wanted = frozenset(name for name, rows in stored.items() if not rows.all())
    if len(wanted) > NAMES_MAX or any(name.endswith(EXTRACTED) or stored[name].any() for name in wanted):
        return frame, np.ones(len(frame), bool)
    lines = frame.line
    slow = ~matches(lines, PLAIN_OBJECT)
    found = {}
    for name in sorted(wanted):
        found[name], doubtful = _values(lines, name)
        slow |= doubtful
    nothing = pa.scalar(None, pa.string())
    return frame.with_added({name: pc.if_else(pa.array(slow), nothing, values) for name, values in found.items()}), slow


def _values(lines: Any, name: str) -> tuple[Any, Bool]:
    """The value in each plain object, and the lines where it may be another."""
    found = pc.extract_regex(lines, rf'"{name}": ?(?:"(?P<text>[^"]*)"|(?P<bare>[-0-9tf][^,}}]*))')
    text, bare = pc.struct_field(found, "text"), pc.struct_field(found, "bare")
    bare = pc.utf8_rtrim(bare, " ")
    # An empty string and an empty match look alike; which of the groups took part is told by the other.
    values = pc.if_else(pc.equal(bare, ""), text, bare)
    doubtful = matches(lines, rf'\{{[^{{}}]*\{{[^{{}}]*"{name}":|"{name}":.*"{name}":')
    parts = name.split("_")
    for at in range(1, len(parts)):
        doubtful |= matches(lines, rf'"{"_".join(parts[:at])}": ?\{{')
    return values, doubtful
