"""`| logfmt` and `| logfmt name="key"`: labels from lines of `key=value` pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from lgtm.logql.columns import parse_lines
from lgtm.logql.fast_logfmt import fast_logfmt
from lgtm.logql.frame import LogFrame
from lgtm.logql.logfmt_line import read_logfmt, read_logfmt_keys
from lgtm.logql.stages.extraction import Extraction, check_logfmt_path, join_extractions
from lgtm.logql.stages.stage import InvalidStage, StageContext

LOGFMT_ERROR = "LogfmtParserErr"


@dataclass(slots=True, frozen=True)
class LogfmtParser:
    """strict: stop at the first bad pair with LogfmtParserErr instead of skipping it; keep_empty: keys without a value are labels too."""

    extractions: tuple[Extraction, ...] = ()
    strict: bool = False
    keep_empty: bool = False

    def __post_init__(self) -> None:
        for extraction in self.extractions:
            try:
                check_logfmt_path(extraction.path)
            except ValueError as error:
                raise InvalidStage(str(error), stage=str(self)) from error

    def __str__(self) -> str:
        flags = (" --strict" if self.strict else "") + (" --keep-empty" if self.keep_empty else "")
        return f"| logfmt{flags}{join_extractions(self.extractions)}"

    def apply(self, frame: LogFrame, context: StageContext) -> LogFrame:
        # Whoever reads __error__ makes the line reader go on to the end of the line: no line says all that is wanted then.
        wanted = context.needed
        if self.extractions:
            keys = {extraction.path: extraction.name for extraction in self.extractions}
            return parse_lines(frame, partial(read_logfmt_keys, keys=keys, strict=self.strict, keep_empty=self.keep_empty), LOGFMT_ERROR, wanted)
        slow = None
        if wanted is not None and not self.strict and not self.keep_empty:
            frame, slow = fast_logfmt(frame, wanted)
        return parse_lines(frame, partial(read_logfmt, strict=self.strict, keep_empty=self.keep_empty), LOGFMT_ERROR, wanted, slow)
