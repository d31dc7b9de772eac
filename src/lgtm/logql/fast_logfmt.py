"""Single labels of logfmt lines by kernels, where a regex proves what the line-by-line reader would find.

The proof: the line begins with plain pairs (`key=value ` without quotes, escapes or characters that names lose), so the first pair with the wanted
key is the first of that name. A line in which no key can become the name has no such label. Whatever is neither goes line by line.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.logql.columns import Bool, as_mask, matches
from lgtm.logql.frame import ERROR, ERROR_DETAILS, LogFrame
from lgtm.logql.frame_source import EXTRACTED

NAMES_MAX = 4
"""Beyond this many names one pass of the line reader is cheaper than a regex each."""
_VALUE = r'[^"=\x{00}-\x{20}\x{fffd}]'
_PAIRS = rf"(?:[A-Za-z_][A-Za-z0-9_]*={_VALUE}* )*?"


def fast_logfmt(frame: LogFrame, wanted: frozenset[str]) -> tuple[LogFrame, Bool]:
    """The frame with the labels found, and the rows that are left to the line reader, untouched so far. What is proven has no errors."""
    # A label that every row was stored with would be found under another name, which nobody wants.
    stored = {name: frame.stored(name) for name in wanted - {ERROR, ERROR_DETAILS}}
    wanted = frozenset(name for name, rows in stored.items() if not rows.all())
    if len(wanted) > NAMES_MAX or any(name.endswith(EXTRACTED) or stored[name].any() for name in wanted):
        return frame, np.ones(len(frame), bool)
    found = {name: _values(frame.line, name) for name in sorted(wanted)}
    slow = np.logical_or.reduce([undecided for _, undecided in found.values()], initial=False, axis=0) | np.zeros(len(frame), bool)
    nothing = pa.scalar(None, pa.string())
    columns = {name: pc.if_else(pa.array(slow), nothing, values) for name, (values, _) in found.items()}
    return frame.with_added(columns), slow


def _values(lines: Any, name: str) -> tuple[Any, Bool]:
    """The value in each line where it is proven, and the lines where nothing is."""
    proven = pc.struct_field(pc.extract_regex(lines, rf"^{_PAIRS}{name}=(?P<value>{_VALUE}+)(?: |$)"), "value")
    decided = as_mask(proven.is_valid())
    if decided.all():
        return proven, ~decided
    # Any character that a name loses stands as `_` in the name, and a leading digit has got one.
    spelled = "".join('[^A-Za-z0-9="\\x{00}-\\x{20}]' if c == "_" else c for c in name.removeprefix("_"))
    possible = matches(lines, spelled + "[= ]") | matches(lines, spelled + "$")
    return proven, ~decided & possible
