"""What is asked, read from the messages of the service that streams. What is 0 or empty counts as not given."""

from __future__ import annotations

from typing import Any

from lgtm.api.tempo.params import SEARCH_LIMIT, Ranges, check_search_limit, check_spans_per_spanset, exemplars_of, steps_of
from lgtm.api.tempo.queries import metrics_query, search_query
from lgtm.api.tempo.requests import (
    BareTagValuesRequest,
    MetricsRequest,
    SearchRequest,
    TagNamesRequest,
    TagValuesRequest,
    check_scope,
    filter_of,
    query_of_tags,
)
from lgtm.traceql.lenient import parse_tag
from lgtm.traceql.steps import Steps, default_step_ns

_NS_PER_MS = 1_000_000


def search_asked(message: Any, ranges: Ranges) -> SearchRequest:
    """message: a SearchRequest. A query wins over tags. Raises InvalidParameter."""
    tags = {entry.key: entry.value for entry in message.tags}
    durations_ns = message.minDurationMs * _NS_PER_MS, message.maxDurationMs * _NS_PER_MS
    return SearchRequest(
        search_query(message.query) if message.query else query_of_tags(tags, durations_ns),
        plain=not message.query,
        limit=check_search_limit(message.limit or SEARCH_LIMIT),
        spans_max=check_spans_per_spanset(message.spansPerSpanSet),
        window=ranges.seconds(message.start, message.end),
    )


def tag_names_asked(message: Any, ranges: Ranges) -> TagNamesRequest:
    """message: a SearchTagsRequest. Raises InvalidParameter."""
    window = ranges.seconds(message.start, message.end)
    return TagNamesRequest(check_scope(message.scope), filter_of(message.query), window, message.maxTagsPerScope or None)


def tag_values_asked(message: Any, ranges: Ranges) -> TagValuesRequest:
    """message: a SearchTagValuesRequest. Raises InvalidParameter, or InvalidQuery for the name."""
    field = parse_tag(message.tagName)
    return TagValuesRequest(field, filter_of(message.query), ranges.seconds(message.start, message.end), message.maxTagValues or None)


def bare_tag_values_asked(message: Any, ranges: Ranges) -> BareTagValuesRequest:
    """message: a SearchTagValuesRequest. Raises InvalidParameter."""
    return BareTagValuesRequest(message.tagName, ranges.seconds(message.start, message.end), message.maxTagValues or None)


def range_asked(message: Any, ranges: Ranges) -> MetricsRequest:
    """message: a QueryRangeRequest, which may ask for an instant. Raises InvalidParameter or NotMetrics."""
    start_ns, end_ns = ranges.metrics_ns(message.start, message.end)
    query = metrics_query(message.query, instant=message.instant)
    if message.instant:
        steps = Steps.instant(start_ns, end_ns)
    else:
        steps = steps_of(message.step or default_step_ns(start_ns, end_ns), start_ns, end_ns)
    return MetricsRequest(query, steps, exemplars_of(message.exemplars), message.maxSeries or None)


def instant_asked(message: Any, ranges: Ranges) -> MetricsRequest:
    """message: a QueryInstantRequest. Raises InvalidParameter or NotMetrics."""
    start_ns, end_ns = ranges.metrics_ns(message.start, message.end)
    return MetricsRequest(metrics_query(message.query, instant=True), Steps.instant(start_ns, end_ns))
