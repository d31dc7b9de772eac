"""`| unwrap duration(took) | __error__=""`: the value of a label becomes the sample of its row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lgtm.logql.stages.label_filter import LabelFilter, LabelFilterStage

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
