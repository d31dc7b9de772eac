"""TraceQL out of requests, refused in the words of the endpoint that was asked."""

from __future__ import annotations

from lgtm.api.loki.params import InvalidParameter
from lgtm.traceql.check import validate
from lgtm.traceql.errors import QUERY_BYTES_MAX, InvalidQuery, NotMetrics, ParseError
from lgtm.traceql.parser import parse
from lgtm.traceql.search import searched
from lgtm.traceql.syntax import Query, queries

SEARCH = "invalid TraceQL query: "
METRICS = "compiling query: "


def search_query(text: str) -> Query:
    """One that selects spans. Raises InvalidParameter."""
    _check_size(text)
    try:
        query = parse(text)
        validate(query)
        searched(query)
    except (ParseError, InvalidQuery) as error:
        raise InvalidParameter(f"{SEARCH}{error}") from error
    return query


def metrics_query(text: str, *, instant: bool) -> Query:
    """Raises InvalidParameter or NotMetrics. What Tempo puts in front of a message depends on the endpoint and on who refuses."""
    _check_size(text)
    try:
        query = parse(text)
    except ParseError as error:
        raise InvalidParameter(f"{METRICS if instant else ''}{error}") from error
    try:
        validate(query)
    except InvalidQuery as error:
        raise InvalidParameter(f"{METRICS}{error}") from error
    if not queries(query.root):
        raise NotMetrics
    return query


def _check_size(text: str) -> None:
    if len(text.encode("utf-8", "surrogatepass")) > QUERY_BYTES_MAX:
        raise InvalidParameter(
            f"TraceQL expression exceeds the configured maximum size of {QUERY_BYTES_MAX} bytes, "
            "reduce the query expression size or contact your system administrator"
        )
