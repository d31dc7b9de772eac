"""Answers as Tempo writes them: fields of its messages, which `wire.tempo_messages` turns into JSON or protobuf.

Only fields that Grafana knows are written, for it decodes strictly and refuses an answer with others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lgtm.api.tempo.engine import BareTagValuesAnswer, SearchAnswer, TagNamesAnswer, TagValuesAnswer, TraceMetricsAnswer
from lgtm.api.tempo.requests import ALL_SCOPES, INTRINSIC, TagNamesRequest
from lgtm.query.select import QueryStats
from lgtm.traceql.exemplars import Exemplar
from lgtm.traceql.metrics import Series
from lgtm.traceql.search import FoundSpan, FoundSpanset, FoundTrace
from lgtm.traceql.steps import Steps
from lgtm.traceql.tags import INTRINSIC_TAGS
from lgtm.wire.tempo_messages import PARTIAL, Fields, Long, double, given, key_values

_NS_PER_MS = 1_000_000
_UINT32_MAX = 2**32 - 1


def search_fields(answer: SearchAnswer, *, plain: bool) -> Fields:
    """A SearchResponse. plain: without span sets and services."""
    return _with("traces", [trace_fields(trace, plain=plain) for trace in answer.traces]) | {"metrics": search_metrics(answer.stats)}


def trace_fields(trace: FoundTrace, *, plain: bool) -> Fields:
    """The id has no leading zeros, as in Tempo."""
    found = given(
        {
            "traceID": trace.trace_id.lstrip("0"),
            "rootServiceName": trace.root_service_name,
            "rootTraceName": trace.root_name,
            "startTimeUnixNano": _unsigned(trace.start_ns),
            "durationMs": min(max(trace.duration_ms, 0), _UINT32_MAX),
        }
    )
    if plain:
        return found
    spansets = [_spanset(spanset) for spanset in trace.spansets]
    # `spanSet` is the older form, which Grafana still prefers where it is given.
    told = {"spanSet": spansets[0], "spanSets": spansets} if spansets else {}
    stats = {service: given({"spanCount": spans, "errorCount": errors}) for service, (spans, errors) in trace.service_stats.items()}
    return found | told | _with("serviceStats", stats)


def _spanset(spanset: FoundSpanset) -> Fields:
    spans, attributes = [_span(span) for span in spanset.spans], key_values(spanset.attributes)
    return given({"spans": spans, "matched": spanset.matched, "attributes": attributes})


def _span(span: FoundSpan) -> Fields:
    return given(
        {
            "spanID": span.span_id,
            "name": span.name,
            "startTimeUnixNano": _unsigned(span.start_ns),
            "durationNanos": _unsigned(span.duration_ns),
            "attributes": key_values(span.attributes),
        }
    )


def search_metrics(stats: QueryStats) -> Fields:
    """What was read: a run of rows in memory and a block are a job each, and all are done."""
    jobs = stats.blocks + stats.head_runs
    return given(
        {
            "inspectedBytes": Long(stats.bytes_processed),
            "totalBlocks": stats.blocks,
            "completedJobs": jobs,
            "totalJobs": jobs,
            "inspectedSpans": Long(stats.lines_processed),
        }
    )


def metadata_metrics(stats: QueryStats) -> Fields:
    jobs = stats.blocks + stats.head_runs
    return given({"inspectedBytes": Long(stats.bytes_processed), "totalJobs": jobs, "completedJobs": jobs, "totalBlocks": stats.blocks})


def tag_names_fields(answer: TagNamesAnswer, asked: TagNamesRequest) -> Fields:
    """A SearchTagsResponse: all names of the scope, or of all but the intrinsics."""
    if asked.scope:
        names = _names(answer, asked.scope)
    else:
        names = sorted({name for scope in answer.names for name in answer.names[scope]})
    return _with("tagNames", names[: asked.most]) | {"metrics": metadata_metrics(answer.stats)}


def scoped_tag_names_fields(answer: TagNamesAnswer, asked: TagNamesRequest) -> Fields:
    """A SearchTagsV2Response, without scopes that have no names."""
    wanted = [scope for scope in ALL_SCOPES if asked.scope in ("", scope)]
    scopes = [{"name": scope, "tags": names[: asked.most]} for scope in wanted if (names := _names(answer, scope))]
    return _with("scopes", scopes) | {"metrics": metadata_metrics(answer.stats)}


def _names(answer: TagNamesAnswer, scope: str) -> list[str]:
    return list(INTRINSIC_TAGS) if scope == INTRINSIC else answer.names.get(scope, [])


def tag_values_fields(answer: TagValuesAnswer) -> Fields:
    """A SearchTagValuesV2Response."""
    values = [given({"type": of, "value": text}) for of, text in answer.values]
    return _with("tagValues", values) | {"metrics": metadata_metrics(answer.stats)}


def bare_tag_values_fields(answer: BareTagValuesAnswer) -> Fields:
    """A SearchTagValuesResponse."""
    return _with("tagValues", answer.values) | {"metrics": metadata_metrics(answer.stats)}


def range_fields(answer: TraceMetricsAnswer, steps: Steps, series_max: int) -> Fields:
    """A QueryRangeResponse."""
    times = [Long(moment_ns // _NS_PER_MS) for moment_ns in steps.moments_ns.tolist()]
    return _metrics_fields([_time_series(each, times) for each in answer.series[:series_max]], answer, series_max)


def instant_fields(answer: TraceMetricsAnswer, series_max: int) -> Fields:
    """A QueryInstantResponse: series without a value are left out."""
    held = [each for each in answer.series[:series_max] if each.present[0]]
    series = [_with("labels", key_values(each.labels)) | _value(float(each.values[0])) for each in held]
    return _metrics_fields(series, answer, series_max)


def _metrics_fields(series: list[Fields], answer: TraceMetricsAnswer, series_max: int) -> Fields:
    cut = (
        f"Response exceeds maximum series limit of {series_max}, a partial response is returned. "
        "Warning: the accuracy of each individual value is not guaranteed."
    )
    reasons = [*([cut] if len(answer.series) > series_max else []), *answer.warnings]
    return _with("series", series) | {"metrics": search_metrics(answer.stats)} | partial(reasons)


def _time_series(series: Series, times: Sequence[Long]) -> Fields:
    values = series.values.tolist()
    samples = [_value(values[step]) | {"timestampMs": times[step]} for step in np.flatnonzero(series.present).tolist()]
    exemplars = [_exemplar(exemplar) for exemplar in series.exemplars]
    return given({"labels": key_values(series.labels), "samples": samples, "exemplars": exemplars})


def _exemplar(exemplar: Exemplar) -> Fields:
    return {"labels": key_values(exemplar.labels)} | _value(exemplar.value or 0.0) | {"timestampMs": Long(exemplar.time_ns // _NS_PER_MS)}


def _value(value: float) -> Fields:
    return {"value": double(value)} if value else {}


def partial(reasons: Sequence[str]) -> Fields:
    """Status and message of an answer that may lack something; a whole one has neither."""
    return {"status": PARTIAL, "message": "; ".join(dict.fromkeys(reasons))} if reasons else {}


def _unsigned(value: int) -> Long:
    return Long(max(value, 0))


def _with(name: str, members: list[Fields] | list[str] | Fields) -> Fields:
    return {name: members} if members else {}
