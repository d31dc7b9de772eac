"""`| line_format "{{.level}} {{.msg}}"`: the line becomes what a Go template makes of the labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.errors import BadRequest
from lgtm.logql.frame import ERROR, ERROR_DETAILS, LogFrame
from lgtm.logql.gotemplate import Field, Template, TemplateError, compile_template
from lgtm.logql.stages.stage import InvalidStage, StageContext
from lgtm.model.labels import quote


@dataclass(slots=True, frozen=True)
class LineFormat:
    template: str
    _compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "_compiled", compile_template(self.template, name="line"))
        except BadRequest as error:
            raise InvalidStage(f"invalid line template: {error}", stage=str(self)) from error

    def __str__(self) -> str:
        return f"| line_format {quote(self.template)}"

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        template: Template = self._compiled
        if (parts := template.simple_parts) is not None:
            return frame.with_line(_joined(parts, frame))
        lines, errors = render(template, frame)
        failed = np.array([error is not None for error in errors], dtype=bool)
        kept = [old if line is None else line for line, old in zip(lines, frame.line.to_pylist(), strict=True)]
        return frame.with_line(pa.array(kept, pa.string())).with_error(failed, TEMPLATE_ERROR, pa.array(errors, pa.string()))


TEMPLATE_ERROR = "TemplateFormatErr"


def render(template: Template, frame: LogFrame) -> tuple[list[str | None], list[str | None]]:
    """For each row the text, or None and why it failed."""
    texts: list[str | None] = []
    errors: list[str | None] = []
    for labels, line, ts_ns in zip(frame.label_maps(template.fields), frame.line.to_pylist(), frame.ts_ns.tolist(), strict=True):
        try:
            texts.append(template.execute(labels, line=line, ts_ns=ts_ns))
            errors.append(None)
        except TemplateError as error:
            texts.append(None)
            errors.append(str(error))
    return texts, errors


def _joined(parts: tuple[str | Field, ...], frame: LogFrame) -> Any:
    """Literals and labels side by side, as a column."""
    if len(parts) == 1 and isinstance(parts[0], Field) and parts[0].name in (ERROR, ERROR_DETAILS) and not parts[0].is_line:
        # Loki's short cut for a template that is a single label looks past the errors.
        return pa.repeat(pa.scalar("", pa.string()), len(frame))
    columns = [
        pa.repeat(pa.scalar(part, pa.string()), len(frame))
        if isinstance(part, str)
        else frame.line
        if part.is_line
        else pc.fill_null(frame.column(part.name), "")
        for part in parts
    ]
    if not columns:
        return pa.repeat(pa.scalar("", pa.string()), len(frame))
    return pc.binary_join_element_wise(*columns, "")
