"""The catalogue of functions: names, types of their arguments and results, and which are experimental."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Kind(enum.StrEnum):
    """Types of values, by the names that the API and the syntax tree use."""

    VECTOR = "vector"
    MATRIX = "matrix"
    SCALAR = "scalar"
    STRING = "string"

    @property
    def documented(self) -> str:
        """The name that error messages use."""
        return {"vector": "instant vector", "matrix": "range vector"}.get(self.value, self.value)


@dataclass(slots=True, frozen=True)
class Function:
    """variadic: how many arguments may follow the ones in `args` but the last (the last repeats); -1: any number, 0: exactly `args`."""

    name: str
    args: tuple[Kind, ...]
    returns: Kind = Kind.VECTOR
    variadic: int = 0
    experimental: bool = False


_V, _M, _S, _T = Kind.VECTOR, Kind.MATRIX, Kind.SCALAR, Kind.STRING
_OF_VECTOR = (
    "abs acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count histogram_stddev histogram_stdvar"
    " histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp absent"
)
_OF_MATRIX = (
    "absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time max_over_time min_over_time"
    " present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time"
)
_OF_TIME = "day_of_month day_of_week day_of_year days_in_month hour minute month year"
_EXPERIMENTAL_OF_MATRIX = "first_over_time mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time"


def _catalogue() -> list[Function]:
    return [
        *(Function(name, (_V,)) for name in _OF_VECTOR.split()),
        *(Function(name, (_M,)) for name in _OF_MATRIX.split()),
        *(Function(name, (_V,), variadic=1) for name in _OF_TIME.split()),
        *(Function(name, (_M,), experimental=True) for name in _EXPERIMENTAL_OF_MATRIX.split()),
        *(Function(name, (), Kind.SCALAR, experimental=True) for name in ("start", "end", "step", "range")),
        *(Function(name, (_S, _S), Kind.SCALAR, experimental=True) for name in ("max_of", "min_of")),
        *(Function(name, (_V, _T), variadic=-1, experimental=True) for name in ("sort_by_label", "sort_by_label_desc")),
        Function("clamp", (_V, _S, _S)),
        Function("clamp_max", (_V, _S)),
        Function("clamp_min", (_V, _S)),
        Function("double_exponential_smoothing", (_M, _S, _S), experimental=True),
        Function("histogram_fraction", (_S, _S, _V)),
        Function("histogram_quantile", (_S, _V)),
        Function("histogram_quantiles", (_V, _T, _S, _S), variadic=9, experimental=True),
        Function("info", (_V, _V), variadic=1, experimental=True),
        Function("label_join", (_V, _T, _T, _T), variadic=-1),
        Function("label_replace", (_V, _T, _T, _T, _T)),
        Function("pi", (), Kind.SCALAR),
        Function("predict_linear", (_M, _S)),
        Function("quantile_over_time", (_S, _M)),
        Function("round", (_V, _S), variadic=1),
        Function("scalar", (_V,), Kind.SCALAR),
        Function("start_timestamp", (_V,), experimental=True),
        Function("time", (), Kind.SCALAR),
        Function("vector", (_S,)),
    ]


FUNCTIONS = {function.name: function for function in _catalogue()}
