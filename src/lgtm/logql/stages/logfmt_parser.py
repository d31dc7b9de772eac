"""`| logfmt` and `| logfmt name="key"`: labels from lines of `key=value` pairs."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.stages.extraction import Extraction, check_logfmt_path, join_extractions
from lgtm.logql.stages.stage import InvalidStage


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
