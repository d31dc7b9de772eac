"""`| unwrap duration(took) | __error__=""`: the value of a label becomes the sample of its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow.compute as pc

from lgtm.logql.columns import F64, as_mask, read_numbers, reasons_of
from lgtm.logql.frame import LogFrame
from lgtm.logql.stages.label_filter import LabelFilter, LabelFilterStage
from lgtm.logql.stages.stage import StageContext
from lgtm.logql.values import parse_bytes
from lgtm.parsing.gonumbers import duration_seconds, parse_duration, parse_float

Conversion = Literal["bytes", "duration", "duration_seconds"]


@dataclass(slots=True, frozen=True)
class Unwrap:
    """conversion None reads a number. filters see the rows after the conversion, errors included."""

    label: str
    conversion: Conversion | None = None
    filters: tuple[LabelFilter, ...] = ()

    def __post_init__(self) -> None:
        for each in self.filters:
            LabelFilterStage(each)

    def __str__(self) -> str:
        label = f"{self.conversion}({self.label})" if self.conversion else self.label
        return f"| unwrap {label}" + "".join(f" | {each}" for each in self.filters)

    def values(self, frame: LogFrame, context: StageContext) -> tuple[LogFrame, F64]:
        """The rows that have a value, without the label, and their values; one that cannot be read is 0 and marked."""
        frame = frame.filter(as_mask(pc.fill_null(pc.not_equal(frame.column(self.label), ""), False)))
        column = frame.column(self.label)
        values, unreadable, reasons = read_numbers(column, _READERS[self.conversion], plain=self.conversion is None)
        if unreadable.any():
            frame = frame.with_error(unreadable, SAMPLE_ERROR, reasons_of(column, reasons))
            values = np.where(unreadable, 0.0, values)
        before = frame.row_numbers
        for each in self.filters:
            frame = LabelFilterStage(each).apply(frame, context)
        return frame.without(self.label), values[np.searchsorted(before, frame.row_numbers)]


SAMPLE_ERROR = "SampleExtractionErr"


def _seconds(text: str) -> float:
    return duration_seconds(parse_duration(text))


_READERS = {None: parse_float, "bytes": parse_bytes, "duration": _seconds, "duration_seconds": _seconds}
