"""`| drop a, b="x"` and `| keep a, b=~"x"`: which labels a row goes on with."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.logql.stages.label_filter import StringFilter


@dataclass(slots=True, frozen=True)
class Drop:
    """A bare name is always dropped, one with a matcher where the value fits."""

    items: tuple[str | StringFilter, ...]

    def __str__(self) -> str:
        return "| drop " + ",".join(str(item) for item in self.items)


@dataclass(slots=True, frozen=True)
class Keep:
    """Drops every label that no item keeps. `__error__` and `__error_details__` always stay."""

    items: tuple[str | StringFilter, ...]

    def __str__(self) -> str:
        return "| keep " + ",".join(str(item) for item in self.items)
