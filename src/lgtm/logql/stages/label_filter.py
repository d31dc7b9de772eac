"""Label filters: `| level="error"`, `| status >= 500 and duration > 1s`, `| addr = ip("10.0.0.0/8")`.

Strings see an absent label as "". The typed ones drop a row without the label, and mark one whose value does not parse with `LabelFilterErr`
instead of dropping it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.logql.columns import Bool, as_mask, contains, matches, read_numbers, reasons_of
from lgtm.logql.frame import ERROR_DETAILS, LogFrame
from lgtm.logql.stages.ip_pattern import IpPattern
from lgtm.logql.stages.stage import InvalidStage, StageContext
from lgtm.logql.values import format_bytes, parse_bytes
from lgtm.model.labels import quote
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.parsing.gonumbers import format_duration, format_float, parse_duration, parse_float

FILTER_ERROR = "LabelFilterErr"
_COMPARE = {
    "==": np.equal,
    "=": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}

FILTER_DEPTH_MAX = 200
"""Nesting of and/or in one filter. Deeper ones are refused rather than risk the interpreter's stack."""


@dataclass(slots=True, frozen=True)
class StringFilter:
    matcher: Matcher

    def __str__(self) -> str:
        return str(self.matcher)


@dataclass(slots=True, frozen=True)
class NumberFilter:
    """op: `== != > >= < <=`, and `=`, which means `==`. text: the value as it was written."""

    name: str
    op: str
    value: float
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}{_comparison(self.op)}{format_float(self.value)}"


@dataclass(slots=True, frozen=True)
class DurationFilter:
    name: str
    op: str
    value_ns: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}{_comparison(self.op)}{format_duration(self.value_ns)}"


@dataclass(slots=True, frozen=True)
class BytesFilter:
    name: str
    op: str
    value: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}{_comparison(self.op)}{format_bytes(self.value)}"


@dataclass(slots=True, frozen=True)
class IpFilter:
    """The pattern is checked by the stage that holds the filter, whose text the message names."""

    name: str
    op: Literal["=", "!="]
    pattern: str

    def __str__(self) -> str:
        return f"{self.name}{self.op}ip({quote(self.pattern)})"


@dataclass(slots=True, frozen=True)
class AndFilter:
    """spelled: `and`, `,` or ` `; they mean and print the same."""

    left: LabelFilter
    right: LabelFilter
    spelled: str = "and"

    def __str__(self) -> str:
        return f"( {self.left} , {self.right} )"


@dataclass(slots=True, frozen=True)
class OrFilter:
    left: LabelFilter
    right: LabelFilter

    def __str__(self) -> str:
        return f"( {self.left} or {self.right} )"


LabelFilter = StringFilter | NumberFilter | DurationFilter | BytesFilter | IpFilter | AndFilter | OrFilter


@dataclass(slots=True, frozen=True)
class LabelFilterStage:
    filter: LabelFilter

    def __post_init__(self) -> None:
        _check_depth(self.filter)
        for leaf in leaves(self.filter):
            if isinstance(leaf, IpFilter):
                try:
                    IpPattern.parse(leaf.pattern)
                except ValueError as error:
                    raise InvalidStage(str(error), stage=str(self)) from error

    def __str__(self) -> str:
        return f"| {self.filter}"

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        mask, frame = _evaluate(self.filter, frame, np.ones(len(frame), bool))
        return frame.filter(mask)


def _evaluate(root: LabelFilter, frame: LogFrame, asked: Bool) -> tuple[Bool, LogFrame]:
    """The rows that pass, and the frame with the errors that asking made. asked: rows that get here; others cannot be marked."""
    if isinstance(root, AndFilter):
        left, frame = _evaluate(root.left, frame, asked)
        right, frame = _evaluate(root.right, frame, asked & left)
        return left & right, frame
    if isinstance(root, OrFilter):
        left, frame = _evaluate(root.left, frame, asked)
        right, frame = _evaluate(root.right, frame, asked & ~left)
        return left | right, frame
    if isinstance(root, StringFilter):
        return string_mask(root, frame, loose=True), frame
    if isinstance(root, IpFilter):
        return _ip_mask(root, frame), frame
    return _typed(root, frame, asked)


def string_mask(root: StringFilter, frame: LogFrame, *, loose: bool = False) -> Bool:
    """Absent labels have the value "". Unlike in a selector, `.` stops at a newline. Details of errors are not visible to filters.

    loose: regexes are read as label filters do, see loose_literals.
    """
    matcher = root.matcher
    values = pc.fill_null(frame.column("" if matcher.name == ERROR_DETAILS else matcher.name), "")
    if matcher.op in (MatchOp.EQ, MatchOp.NE):
        equal = as_mask(pc.equal(values, matcher.value))
        return equal if matcher.op is MatchOp.EQ else ~equal
    literals = loose_literals(matcher.value) if loose else None
    fits = matches(values, f"^(?:{matcher.value})$") if literals is None else np.logical_or.reduce([contains(values, t) for t in literals])
    return fits if matcher.op is MatchOp.RE else ~fits


_LOOSE = re.compile(r"(?:\.\*)?((?:[^\\.+*?()|\[\]{}^$]|\\[^\w\s])+)(?:\.\*)?")


def loose_literals(regex: str) -> tuple[str, ...] | None:
    """Texts of which one has to occur anywhere, for regexes that Loki turns into searches: `a.*`, `.*a`, `.*a.*`, and alternatives of them.

    Loki forgets on the way that label filters are anchored, and dashboards rely on what it answers. None for every other regex.
    """
    found = []
    for alternative in regex.split("|"):
        match = _LOOSE.fullmatch(alternative)
        if match is None or alternative == match[1]:
            return None
        found.append(re.sub(r"\\(.)", r"\1", match[1]))
    return tuple(found)


def _ip_mask(root: IpFilter, frame: LogFrame) -> Bool:
    """Addresses are looked for in the value, which may be more than one, as in `10.0.0.1:443`."""
    pattern = IpPattern.parse(root.pattern)
    encoded = frame.column(root.name).dictionary_encode()
    held = [pattern.occurs_in(text) for text in encoded.dictionary.to_pylist()]
    wanted = pa.array([one == (root.op == "=") for one in held], pa.bool_())
    return as_mask(pc.fill_null(wanted.take(encoded.indices), False)) | frame.failed()


def _typed(root: NumberFilter | DurationFilter | BytesFilter, frame: LogFrame, asked: Bool) -> tuple[Bool, LogFrame]:
    """A row whose value cannot be read is marked, over what it was marked with before, and passes; one without the label does not."""
    column = frame.column(root.name)
    if isinstance(root, NumberFilter):
        values, unreadable, reasons = read_numbers(column, parse_float, plain=True)
        limit = root.value
    elif isinstance(root, DurationFilter):
        values, unreadable, reasons = read_numbers(column, parse_duration, plain=False)
        limit = root.value_ns
    else:
        values, unreadable, reasons = read_numbers(column, parse_bytes, plain=False)
        limit = root.value
    fits = _COMPARE[root.op](values, limit) & as_mask(column.is_valid()) & ~unreadable
    if (marked := asked & unreadable).any():
        frame = frame.with_error(marked, FILTER_ERROR, reasons_of(column, reasons))
    return fits | unreadable, frame


def leaves(root: LabelFilter) -> list[LabelFilter]:
    """The filters that compare, from left to right, without the and/or that join them."""
    found: list[LabelFilter] = []
    pending = [root]
    while pending:
        current = pending.pop()
        if isinstance(current, AndFilter | OrFilter):
            pending += (current.right, current.left)
        else:
            found.append(current)
    return found


def _check_depth(root: LabelFilter) -> None:
    pending = [(root, 1)]
    while pending:
        current, depth = pending.pop()
        if depth > FILTER_DEPTH_MAX:
            raise InvalidStage(f"label filter is nested deeper than {FILTER_DEPTH_MAX}")
        if isinstance(current, AndFilter | OrFilter):
            pending += ((current.left, depth + 1), (current.right, depth + 1))


def _comparison(op: str) -> str:
    return "==" if op == "=" else op
