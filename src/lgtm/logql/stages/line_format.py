"""`| line_format "{{.level}} {{.msg}}"`: the line becomes what a Go template makes of the labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lgtm.errors import BadRequest
from lgtm.logql.stages.stage import InvalidStage
from lgtm.model.labels import quote


@dataclass(slots=True, frozen=True)
class LineFormat:
    template: str
    _compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            from lgtm.logql.gotemplate import compile_template

            object.__setattr__(self, "_compiled", compile_template(self.template, name="line"))
        except BadRequest as error:
            raise InvalidStage(f"invalid line template: {error}", stage=str(self)) from error

    def __str__(self) -> str:
        return f"| line_format {quote(self.template)}"
