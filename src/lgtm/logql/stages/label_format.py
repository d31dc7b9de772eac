"""`| label_format new=old, level="{{.level | upper}}"`: renames labels, or sets them to what a Go template makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from lgtm.errors import BadRequest
from lgtm.logql.columns import as_mask
from lgtm.logql.frame import ERROR, LogFrame
from lgtm.logql.gotemplate import compile_template
from lgtm.logql.stages.line_format import TEMPLATE_ERROR, render
from lgtm.logql.stages.stage import InvalidStage, StageContext
from lgtm.model.labels import quote


@dataclass(slots=True, frozen=True)
class Rename:
    target: str
    source: str

    def __str__(self) -> str:
        return f"{self.target}={self.source}"


@dataclass(slots=True, frozen=True)
class SetTemplate:
    target: str
    template: str

    def __str__(self) -> str:
        return f"{self.target}={quote(self.template)}"


@dataclass(slots=True, frozen=True)
class LabelFormat:
    items: tuple[Rename | SetTemplate, ...]
    _compiled: tuple[Any, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for item in self.items:
            if item.target == ERROR:
                raise InvalidStage(f"{ERROR} cannot be formatted", stage=str(self))
            if item.target in seen:
                raise InvalidStage(f"multiple label name '{item.target}' not allowed in a single format operation", stage=str(self))
            seen.add(item.target)
        object.__setattr__(self, "_compiled", tuple(self._compile(item) for item in self.items))

    def __str__(self) -> str:
        return "| label_format " + ",".join(str(item) for item in self.items)

    def _compile(self, item: Rename | SetTemplate) -> Any:
        if isinstance(item, Rename):
            return None
        try:
            return compile_template(item.template, name="label")
        except BadRequest as error:
            raise InvalidStage(f"invalid template for label '{item.target}': {error}", stage=str(self)) from error

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        seen: LogFrame | None = None
        for item, template in zip(self.items, self._compiled, strict=True):
            if isinstance(item, Rename):
                values = frame.column(item.source)
                frame = frame.with_set(item.target, values).without(item.source, as_mask(values.is_valid()))
                continue
            # All templates see the labels as they were before the first of them.
            seen = frame if seen is None else seen
            texts, errors = render(template, seen)
            failed = np.array([error is not None for error in errors], dtype=bool)
            frame = frame.with_set(item.target, pa.array(texts, pa.string())).with_error(failed, TEMPLATE_ERROR, pa.array(errors, pa.string()))
        return frame
