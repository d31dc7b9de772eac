"""`| unpack`: undoes promtail's `pack`. String fields become labels and `_entry` the line."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.columns import parse_lines
from lgtm.logql.frame import LogFrame
from lgtm.logql.json_line import read_packed
from lgtm.logql.stages.stage import StageContext


@dataclass(slots=True, frozen=True)
class UnpackParser:
    def __str__(self) -> str:
        return "| unpack"

    def apply(self, frame: LogFrame, context: StageContext) -> LogFrame:
        return parse_lines(frame, read_packed, "JSONParserErr", context.needed)
