"""`| pattern "<ip> - <_> …"`: labels from what stands between literals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.logql.columns import Bool, add_parsed, as_mask, parse_lines, without_replacements
from lgtm.logql.frame import LogFrame
from lgtm.logql.line_labels import LineLabels
from lgtm.logql.stages.pattern_expression import PatternExpression, parse_pattern
from lgtm.logql.stages.stage import InvalidStage, StageContext
from lgtm.model.labels import quote

PARTS_MAX = 100
"""Literals and captures that one regex is asked to hold."""


@dataclass(slots=True, frozen=True)
class PatternParser:
    pattern: str

    def __post_init__(self) -> None:
        try:
            parse_pattern(self.pattern).check_parser()
        except ValueError as error:
            raise InvalidStage(f"invalid pattern parser: {error}") from error

    def __str__(self) -> str:
        return f"| pattern {quote(self.pattern)}"

    def apply(self, frame: LogFrame, context: StageContext) -> LogFrame:
        pattern = parse_pattern(self.pattern)
        if len(pattern.parts) > PARTS_MAX:
            return _line_by_line(frame, pattern, context)
        found = pc.extract_regex(frame.line, pattern.regex())
        columns = {name: pc.struct_field(found, name) for name in pattern.names}
        # An empty match and no match look alike to the kernel, but only the former is a label.
        doubtful = np.zeros(len(frame), bool)
        for column in columns.values():
            doubtful |= as_mask(pc.fill_null(pc.equal(column, ""), False))
        sure = pa.array(~doubtful)
        columns = {name: pc.if_else(sure, without_replacements(column), pa.scalar(None, pa.string())) for name, column in columns.items()}
        return _line_by_line(add_parsed(frame, columns), pattern, context, doubtful)


def _line_by_line(frame: LogFrame, pattern: PatternExpression, context: StageContext, where: Bool | None = None) -> LogFrame:
    def read(line: str, labels: LineLabels) -> None:
        for name, value in pattern.captures(line).items():
            labels.add(name, value)

    return parse_lines(frame, read, "", context.needed, where)
