"""What a function of templates declares: its name, the types of its parameters, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

ANY = "interface {}"
"""A parameter that takes any value; nil arrives as None."""

VALUE = "reflect.Value"
"""As ANY, but an empty place in a map or list arrives as NIL."""


class Context(Protocol):
    """What a contextual function may know and must report. `charge` raises when the work of an execution exceeds its bound."""

    line: str
    ts_ns: int
    now_ns: Callable[[], int]

    def charge(self, units: int) -> None: ...


@dataclass(slots=True, frozen=True)
class Function:
    """params: Go's names of the types. variadic: the last one may come any number of times, or not at all. contextual: `call` gets the
    Context first. A method's `call` gets its receiver first. `call` raises CallError with Go's text."""

    name: str
    params: tuple[str, ...]
    call: Callable[..., Any]
    variadic: bool = False
    contextual: bool = False


def by_name(functions: Iterable[Function]) -> dict[str, Function]:
    return {function.name: function for function in functions}
