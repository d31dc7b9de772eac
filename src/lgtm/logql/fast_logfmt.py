"""Single labels of logfmt lines by kernels, where a regex proves what the line-by-line reader would find.

The proof: as long as a line has no quote and no control character, blanks part its pairs, so the first ` key=` is the first pair with that key, and a
pair that is none is skipped. Behind quotes the same holds where all that stands before the key is sound pairs. A line in which no key can become the
name has no such label. Whatever is neither goes line by line.
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
_BYTE = r'[^"=\x{00}-\x{20}\x{fffd}]'
_LOST = r'[^A-Za-z0-9="\x{00}-\x{20}\x{85}\x{a0}\x{fffd}]'
_QUOTED = r'"[^"\\\x{fffd}]*"'
_VALUE = rf'(?P<value>{_BYTE}+|"[^"\\\x{{fffd}}]+")(?: |$)'
# Names lose the no-break space and U+0085 at their ends.
_UNQUOTED = r'(?:[^"\x{00}-\x{1f}\x{85}\x{a0}\x{fffd}]* )??'
_ASCII_BYTE = r"[!#-<>-~]"
"""What most lines are made of: RE2 is three times as fast where it need not tell characters from bytes."""
_ASCII_LOST = r"[!#-/:-<>-@\[-`{-~]"
_PAIRS = rf"(?:[A-Za-z_][A-Za-z0-9_]*(?:=(?:{_BYTE}+|{_QUOTED})?)? +)*?"


def fast_logfmt(frame: LogFrame, wanted: frozenset[str]) -> tuple[LogFrame, Bool]:
    """The frame with the labels found, and the rows that are left to the line reader, untouched so far. What is proven has no errors."""
    # A line may call a label `__error__`: that is shown, where no error is.
    marks = wanted & {ERROR, ERROR_DETAILS}
    # A label that every row was stored with would be found under another name, which nobody wants.
    stored = {name: frame.stored(name) for name in wanted - marks}
    wanted = frozenset(name for name, rows in stored.items() if not rows.all())
    if len(wanted) > NAMES_MAX or any(name.endswith(EXTRACTED) for name in stored) or any(stored[name].any() for name in wanted):
        return frame, np.ones(len(frame), bool)
    found = {name: _values(frame.line, name) for name in sorted(wanted)}
    slow = np.logical_or.reduce([undecided for _, undecided in found.values()], initial=False, axis=0) | np.zeros(len(frame), bool)
    if marks:
        slow |= matches(frame.line, "error" + _LOST)
    nothing = pa.scalar(None, pa.string())
    columns = {name: pc.if_else(pa.array(slow), nothing, values) for name, (values, _) in found.items()}
    return frame.with_added(columns), slow


def _values(lines: Any, name: str) -> tuple[Any, Bool]:
    """The value in each line where it is proven, and the lines where nothing is."""
    # The place of a match is cheap to find and dear to tell apart within a long one: hence one regex for the proof, a short one for the value.
    wanted = f'{_spelled(name, _ASCII_LOST)}=(?P<value>{_ASCII_BYTE}+|"[ !#-\\[\\]-~]+")(?: |$)'
    proven = matches(lines, f"^(?:[ !#-~]* )??{wanted}")
    values = pc.if_else(pa.array(proven), _extracted(lines, f"(?:^| ){wanted}"), pa.scalar(None, pa.string()))
    key = _spelled(name, _LOST)
    rows = np.flatnonzero(~proven)
    rows = rows[_possible(lines.take(pa.array(rows)), name)]
    for before in (_UNQUOTED, _PAIRS):
        if not len(rows):
            break
        found = _extracted(lines.take(pa.array(rows)), f"^{before}{key}={_VALUE}")
        positions = np.full(len(lines), -1)
        positions[rows] = np.arange(len(rows))
        values = pc.coalesce(values, found.take(pa.array(positions, mask=positions < 0)))
        rows = rows[as_mask(found.is_null())]
    undecided = np.zeros(len(lines), bool)
    undecided[rows] = True
    return values, undecided


def _possible(lines: Any, name: str) -> Bool:
    return matches(lines, rf"{_spelled(name, _LOST)}[^\x{{00}}-\x{{7f}}]*=")


def _spelled(name: str, lost: str) -> str:
    """Keys that become the name: any character that a name loses stands as `_` in it, and a leading digit has got one. lost: such a character."""
    key = "".join(lost if c == "_" else c for c in name)
    return f"(?:{key}|{key.removeprefix(lost)})" if name[:1] == "_" and name[1:2].isdigit() else key


def _extracted(lines: Any, regex: str) -> Any:
    return pc.utf8_trim(pc.struct_field(pc.extract_regex(lines, regex), "value"), '"')
