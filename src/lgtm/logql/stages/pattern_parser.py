"""`| pattern "<ip> - <_> …"`: labels from what stands between literals."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.columns import parse_lines
from lgtm.logql.frame import LogFrame
from lgtm.logql.line_labels import LineLabels
from lgtm.logql.stages.pattern_expression import parse_pattern
from lgtm.logql.stages.stage import InvalidStage, StageContext
from lgtm.model.labels import quote


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

        def read(line: str, labels: LineLabels) -> None:
            for name, value in pattern.captures(line).items():
                labels.add(name, value)

        return parse_lines(frame, read, "", context.needed)
