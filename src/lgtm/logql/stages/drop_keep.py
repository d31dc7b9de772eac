"""`| drop a, b="x"` and `| keep a, b=~"x"`: which labels a row goes on with."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.columns import as_mask
from lgtm.logql.frame import ERROR, ERROR_DETAILS, LogFrame
from lgtm.logql.stages.label_filter import StringFilter, string_mask
from lgtm.logql.stages.stage import StageContext


@dataclass(slots=True, frozen=True)
class Drop:
    """A bare name is always dropped, one with a matcher where the value fits."""

    items: tuple[str | StringFilter, ...]

    def __str__(self) -> str:
        return "| drop " + ",".join(str(item) for item in self.items)

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        for item in self.items:
            name = item if isinstance(item, str) else item.matcher.name
            where = None if isinstance(item, str) else string_mask(item, frame)
            frame = frame.without_error(name, where) if name in (ERROR, ERROR_DETAILS) else frame.without(name, where)
        return frame


@dataclass(slots=True, frozen=True)
class Keep:
    """Drops every label that no item keeps. `__error__` and `__error_details__` always stay."""

    items: tuple[str | StringFilter, ...]

    def __str__(self) -> str:
        return "| keep " + ",".join(str(item) for item in self.items)

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        always = {ERROR, ERROR_DETAILS, *(item for item in self.items if isinstance(item, str))}
        fitting = {item.matcher.name: item for item in self.items if isinstance(item, StringFilter)}
        for name in sorted(frame.names() - always):
            if name not in fitting:
                frame = frame.without(name)
            else:
                frame = frame.without(name, ~string_mask(fitting[name], frame) & as_mask(frame.column(name).is_valid()))
        return frame
