"""What is asked, read from the parameters of a URL or a form. The service that streams reads the same from messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lgtm.api.loki.form import Form
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.tempo.params import (
    Ranges,
    read_count,
    read_exemplars,
    read_search_limit,
    read_spans_per_spanset,
    read_steps,
    read_trace_durations,
    read_uint32,
)
from lgtm.api.tempo.queries import metrics_query, search_query
from lgtm.model.window import Window
from lgtm.traceql.errors import QUERY_BYTES_MAX
from lgtm.traceql.field_syntax import SCOPES, TRUE, Field, FieldExpr
from lgtm.traceql.legacy import parse_tags, tag_query
from lgtm.traceql.lenient import parse_filter, parse_tag
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Query

INTRINSIC = "intrinsic"
ALL_SCOPES = ("resource", "span", "event", "link", "instrumentation", INTRINSIC)
"""In the order of the answer."""
NO_SCOPE = ("", "none")
_KNOWN_SCOPES = {*SCOPES, INTRINSIC, "trace", *NO_SCOPE}
"""Tempo knows the scope `trace`, in which there are no names."""

TAGS_MAX = 100
"""Of one search. Each is a step deeper into the query that is made of them."""
_SEARCH_PARAMETERS = frozenset({"q", "tags", "minDuration", "maxDuration", "limit", "spss", "start", "end", "since"})


@dataclass(slots=True, frozen=True)
class SearchRequest:
    """plain: a search by tags, or for everything, whose answer tells no more than which traces there are."""

    query: Query
    plain: bool
    limit: int
    spans_max: int
    window: Window


@dataclass(slots=True, frozen=True)
class MetricsRequest:
    """series_max: None for the default."""

    query: Query
    steps: Steps
    exemplars: int = 0
    series_max: int | None = None


@dataclass(slots=True, frozen=True)
class TagNamesRequest:
    """scope: one of ALL_SCOPES, `trace`, or "" for all. most: names a scope; None for all."""

    scope: str
    condition: FieldExpr
    window: Window
    most: int | None = None


@dataclass(slots=True, frozen=True)
class TagValuesRequest:
    field: Field
    condition: FieldExpr
    window: Window
    most: int | None = None


@dataclass(slots=True, frozen=True)
class BareTagValuesRequest:
    key: str
    window: Window
    most: int | None = None


def read_search(form: Form, ranges: Ranges) -> SearchRequest:
    """Raises InvalidParameter, or InvalidQuery for tags that cannot be read."""
    text, tags = form.get("q"), form.get("tags")
    if text and tags:
        raise InvalidParameter("invalid request: can't specify tags and q in the same query")
    durations = read_trace_durations(form.get("minDuration"), form.get("maxDuration"))
    query = search_query(text) if text else query_of_tags(parse_tags(tags) if tags else _unknown(form), durations)
    return SearchRequest(
        query,
        plain=not text,
        limit=read_search_limit(form.get("limit")),
        spans_max=read_spans_per_spanset(form.get("spss")),
        window=ranges.search(form.get("start"), form.get("end"), form.get("since")),
    )


def query_of_tags(tags: Mapping[str, str], durations_ns: tuple[int, int]) -> Query:
    """Raises InvalidParameter for more than TAGS_MAX tags."""
    if len(tags) > TAGS_MAX:
        raise InvalidParameter(f"invalid tags: a search is by at most {TAGS_MAX} tags")
    return tag_query(tags, duration_ns_min=durations_ns[0], duration_ns_max=durations_ns[1])


def _unknown(form: Form) -> dict[str, str]:
    """Before there was `tags`, every parameter that means nothing else was one."""
    return {name: values[0] for name, values in form.values.items() if name not in _SEARCH_PARAMETERS}


def read_range(form: Form, ranges: Ranges) -> MetricsRequest:
    """Raises InvalidParameter or NotMetrics."""
    start_ns, end_ns = ranges.metrics(form.get("start"), form.get("end"), form.get("since"))
    return MetricsRequest(
        metrics_query(_metrics_text(form), instant=False),
        read_steps(form.get("step"), start_ns, end_ns),
        read_exemplars(form.get("exemplars")),
        read_count(form.get("maxSeries")),
    )


def read_instant(form: Form, ranges: Ranges) -> MetricsRequest:
    """Raises InvalidParameter or NotMetrics."""
    start_ns, end_ns = ranges.metrics(form.get("start"), form.get("end"), form.get("since"))
    query = metrics_query(_metrics_text(form), instant=True)
    return MetricsRequest(query, Steps.instant(start_ns, end_ns), series_max=read_count(form.get("maxSeries")))


def _metrics_text(form: Form) -> str:
    return form.get("q") or form.get("query")


def read_tag_names(form: Form, ranges: Ranges) -> TagNamesRequest:
    """A limit that is no number is none. Raises InvalidParameter."""
    scope = check_scope(form.get("scope"))
    window = ranges.tags(form.get("start"), form.get("end"), form.get("since"))
    return TagNamesRequest(scope, filter_of(form.get("q")), window, read_count(form.get("limit")))


def filter_of(text: str) -> FieldExpr:
    """What can be understood of a query; nothing of one that is too long to be read."""
    return parse_filter(text) if len(text) <= QUERY_BYTES_MAX else TRUE


def check_scope(scope: str) -> str:
    """The empty string for any. Raises InvalidParameter."""
    if scope not in _KNOWN_SCOPES:
        raise InvalidParameter(f"invalid scope: {scope}")
    return "" if scope in NO_SCOPE else scope


def read_tag_values(name: str, form: Form, ranges: Ranges) -> TagValuesRequest:
    """name: an identifier of TraceQL. Raises InvalidParameter, or InvalidQuery for the name."""
    field = parse_tag(name)
    window, most = _of_values(form, ranges)
    return TagValuesRequest(field, filter_of(form.get("q")), window, most)


def read_bare_tag_values(name: str, form: Form, ranges: Ranges) -> BareTagValuesRequest:
    """name: a key without a scope. Raises InvalidParameter."""
    return BareTagValuesRequest(name, *_of_values(form, ranges))


def _of_values(form: Form, ranges: Ranges) -> tuple[Window, int | None]:
    window = ranges.tags(form.get("start"), form.get("end"), form.get("since"))
    read_uint32("maxStaleValues", form.get("maxStaleValues"))
    return window, read_uint32("limit", form.get("limit")) or None
