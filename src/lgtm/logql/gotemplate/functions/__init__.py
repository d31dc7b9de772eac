"""The functions that templates call, by name: Go's own, and those of log pipelines. One file a theme."""

from __future__ import annotations

from lgtm.logql.gotemplate.functions import builtins, comparison, data, numbers, regex, strings, times, units
from lgtm.logql.gotemplate.functions.signature import Function

FUNCTIONS: dict[str, Function] = {
    name: function for module in (builtins, comparison, strings, regex, numbers, units, times, data) for name, function in module.FUNCTIONS.items()
}
