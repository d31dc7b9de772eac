"""Parts of the language that Prometheus calls experimental, each with the flag that enables it there."""

from __future__ import annotations

from dataclasses import dataclass

_FLAGS = {
    "functions": "promql-experimental-functions",
    "extended_ranges": "promql-extended-range-selectors",
    "fill": "promql-binop-fill-modifiers",
    "delayed_name_removal": "promql-delayed-name-removal",
    "start_timestamps": "use-start-timestamps",
    "type_and_unit_labels": "type-and-unit-labels",
}
"""By the part."""


@dataclass(slots=True, frozen=True, kw_only=True)
class Features:
    functions: bool = True
    """promql-experimental-functions: functions and aggregations that the catalogue marks."""
    extended_ranges: bool = True
    """promql-extended-range-selectors: `anchored` and `smoothed`."""
    fill: bool = True
    """promql-binop-fill-modifiers."""
    delayed_name_removal: bool = True
    """promql-delayed-name-removal: names that functions drop are dropped at the very end, so that label_replace still sees them."""
    start_timestamps: bool = True
    """use-start-timestamps: rates know resets from when a counter says that it started."""
    type_and_unit_labels: bool = False
    """Where a name is dropped, `__type__` and `__unit__` go with it."""

    @property
    def flags(self) -> list[str]:
        """What Prometheus' --enable-feature would name to have the same."""
        return [flag for field, flag in _FLAGS.items() if getattr(self, field)]

    @classmethod
    def of(cls, *, experimental: bool) -> Features:
        """All of them, or none; type-and-unit labels are off in any case."""
        return cls() if experimental else cls(functions=False, extended_ranges=False, fill=False, delayed_name_removal=False, start_timestamps=False)
