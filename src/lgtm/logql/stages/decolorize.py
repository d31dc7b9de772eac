"""`| decolorize`: takes ANSI escape sequences out of the line."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from lgtm.logql.frame import LogFrame
from lgtm.logql.stages.stage import StageContext

ANSI = r"[\x{1b}\x{9b}][\[\]()#;?]*(?:(?:(?:[a-zA-Z\d]*(?:;[a-zA-Z\d]*)*)?\x{07})|(?:(?:\d{1,4}(?:;\d{0,4})*)?[\dA-PRZcf-ntqry=><~]))"
"""Control sequences of ECMA-48, and those of xterm that end with a bell."""


@dataclass(slots=True, frozen=True)
class Decolorize:
    def __str__(self) -> str:
        return "| decolorize"

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        return frame.with_line(pc.replace_substring_regex(frame.line, ANSI, ""))
