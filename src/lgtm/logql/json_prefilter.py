"""Lines of JSON that a label filter will drop, found by one or two regexes before anything is parsed.

A line can only pass `status >= 500` when some key that may become `status` has a value that may be 500 or more: a regex looks for that, and takes for
possible whatever it does not understand. A filter that reads numbers lets broken lines pass, so there the others must be proven to be sound as well.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from lgtm.logql.columns import escaped, matches
from lgtm.logql.fast_json import PLAIN_OBJECT
from lgtm.logql.frame import ERROR, ERROR_DETAILS, LogFrame
from lgtm.logql.frame_source import EXTRACTED
from lgtm.logql.stages.label_filter import AndFilter, BytesFilter, LabelFilter, NumberFilter, OrFilter, StringFilter, leaves
from lgtm.logql.stages.stage import StageContext
from lgtm.model.matchers import MatchOp

_SPACE = r"[ \t\r\n]*"
_BOUND_MAX = 1e15


@dataclass(slots=True, frozen=True)
class JsonPrefilter:
    """Drops rows that `filter` would drop directly behind `| json`. Where it cannot tell it drops nothing."""

    filter: LabelFilter

    def __str__(self) -> str:
        return f"| json | {self.filter}"

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        necessary = _necessary(self.filter, frame.names())
        if necessary is None:
            return frame
        # What is escaped may mean anything.
        keep = matches(frame.line, necessary.regex) | matches(frame.line, r"\\")
        if necessary.lets_errors_pass:
            keep |= ~matches(frame.line, PLAIN_OBJECT) | frame.failed()
        return frame.filter(keep)


@dataclass(slots=True, frozen=True)
class _Necessary:
    """A line that passes matches regex, or, where lets_errors_pass, is broken."""

    regex: str
    lets_errors_pass: bool


def _necessary(root: LabelFilter, taken: frozenset[str]) -> _Necessary | None:
    """taken: names that rows may have already, whose values are not only in the line."""
    if isinstance(root, AndFilter):
        left = _necessary(root.left, taken)
        # What is right of a filter that may mark a row is not asked alike of marked rows.
        if left is not None or not all(isinstance(leaf, StringFilter) for leaf in leaves(root.left)):
            return left
        return _necessary(root.right, taken)
    if isinstance(root, OrFilter):
        left, right = _necessary(root.left, taken), _necessary(root.right, taken)
        if left is None or right is None:
            return None
        return _Necessary(f"{left.regex}|{right.regex}", left.lets_errors_pass or right.lets_errors_pass)
    name = root.matcher.name if isinstance(root, StringFilter) else root.name
    if name in taken or name in (ERROR, ERROR_DETAILS) or name.endswith(EXTRACTED) or not re.fullmatch(r"\w*[A-Za-z0-9]", name, re.ASCII):
        return None
    if not isinstance(root, StringFilter):
        return _Necessary(_key(name) + _number(root), lets_errors_pass=True)
    if root.matcher.op is MatchOp.EQ and root.matcher.value:
        return _Necessary(_key(name) + _text(root.matcher.value), lets_errors_pass=False)
    return None


def _key(name: str) -> str:
    """The end of a key that may become the name, and the colon. A name with `_` may come from nested keys, of which the last ends like it."""
    return rf'{name.rpartition("_")[2]}[^"A-Za-z0-9]*"{_SPACE}:{_SPACE}'


def _text(value: str) -> str:
    return '"?' + escaped(value).replace(" ", r"[ \x{fffd}]")


def _number(root: LabelFilter) -> str:
    """The beginning of a value that may pass, or be unreadable."""
    if isinstance(root, NumberFilter | BytesFilter) and root.op in (">", ">=", "=", "==") and 1 <= root.value < _BOUND_MAX:
        digits = str(math.floor(root.value))
        as_long = f"[{digits[0]}-9]" + f"[0-9]{{{len(digits) - 1}}}"
        negative = "|-" if isinstance(root, BytesFilter) else ""
        return rf'(?:["tf]{negative}|{as_long}|[1-9][0-9]{{{len(digits)}}}|[0-9.-]+[eE])'
    return r'["tf0-9-]'
