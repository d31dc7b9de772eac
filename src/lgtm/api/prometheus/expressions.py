"""PromQL out of requests: bounded in size, and read in a thread where it is long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from lgtm.api.loki.params import InvalidParameter
from lgtm.api.prometheus.params import read_selectors
from lgtm.api.prometheus.side import PrometheusSide
from lgtm.model.matchers import Matchers
from lgtm.promql.parser import parse, parse_selector
from lgtm.promql.syntax import Expr

T = TypeVar("T")


class QueryTooLong(InvalidParameter):
    """size: of all texts of the parameter together."""

    def __init__(self, size: int, bytes_max: int) -> None:
        super().__init__(size, bytes_max)
        self.size, self.bytes_max = size, bytes_max

    def __str__(self) -> str:
        return f"query of {self.size} bytes is too long: at most {self.bytes_max} are read; see prometheus_query.query_bytes_max"


async def read_query(side: PrometheusSide, text: str) -> Expr:
    """Raises QueryTooLong, ParseError."""
    return await with_query(side, text, lambda expr: expr)


async def with_query(side: PrometheusSide, text: str, work: Callable[[Expr], T]) -> T:
    """What is made of the expression, in the same thread, for what is made of a long one takes long as well. Raises QueryTooLong, ParseError."""
    check_size(side, [text])
    return await side.read(len(text), lambda: work(parse(text, side.features)))


async def read_match(side: PrometheusSide, texts: Sequence[str]) -> list[Matchers]:
    """Raises QueryTooLong, ParseError, or InvalidParameter for a selector that could match every series."""
    check_size(side, texts)
    return await side.read(sum(map(len, texts)), lambda: read_selectors(texts))


async def read_selector(side: PrometheusSide, text: str) -> Matchers:
    """One that may match everything. Raises QueryTooLong, ParseError."""
    check_size(side, [text])
    return await side.read(len(text), lambda: parse_selector(text))


def check_size(side: PrometheusSide, texts: Sequence[str]) -> None:
    """Raises QueryTooLong."""
    size, bytes_max = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts), side.config.query_bytes_max
    if 0 < bytes_max < size:
        raise QueryTooLong(size, bytes_max)
