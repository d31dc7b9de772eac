"""`/api/traces/{id}` and `/api/v2/traces/{id}`: a trace by its id."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from lgtm.api.errors import TraceTooLarge
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.tempo.encode import partial
from lgtm.api.tempo.engine import TraceAnswer
from lgtm.api.tempo.params import read_trace_id, read_trace_window
from lgtm.api.tempo.side import JSON, PROTOBUF, Call, TraceSide, told
from lgtm.api.tempo.whole_trace import Json, whole_trace
from lgtm.errors import Unavailable
from lgtm.wire.otlp_json import trace_message
from lgtm.wire.spans_to_otlp import base64_id
from lgtm.wire.tempo_messages import Fields, Long, given, json_bytes, message_bytes

_MODES = ("", "all", "blocks", "ingesters")


class TraceMayExist(Unavailable):
    """A trace was not found, but not everybody could be asked."""

    def __init__(self, warnings: tuple[str, ...]) -> None:
        self.warnings = warnings

    def __str__(self) -> str:
        return f"trace not found, but it may exist: {'; '.join(self.warnings)}"


async def trace_v1(side: TraceSide, call: Call) -> Response:
    """The bare trace, whose resources are called `batches` in JSON; 404 when there is none.

    Raises TraceMayExist when nobody has it of those who could be asked, and TraceTooLarge.
    """
    _check_mode(call.form.get("mode"))
    answer = await _ask(call)
    if answer.bytes_max is not None:
        raise TraceTooLarge(answer.bytes_max)
    if not any(len(batch) for batch in answer.batches):
        if answer.warnings:
            raise TraceMayExist(answer.warnings)
        return Response(status_code=404)
    if call.protobuf:
        return told(await side.encoded(_rows(answer), lambda: _message(answer)), PROTOBUF, answer.warnings)
    return told(await side.encoded(_rows(answer), lambda: json_bytes({"batches": _json(answer)})), JSON, answer.warnings)


async def trace_v2(side: TraceSide, call: Call) -> Response:
    """The trace and what is to be said of it. Without spans it is empty, but it is there: Grafana relies on that."""
    answer = await _ask(call)
    if answer.bytes_max is not None:
        cut = f"Trace exceeds maximum size of {answer.bytes_max} bytes, a partial trace is returned"
        answer = replace(answer, warnings=(cut, *answer.warnings))
    about = {"metrics": given({"inspectedBytes": Long(answer.stats.bytes_processed)})} | partial(answer.warnings)
    if call.protobuf:
        return told(await side.encoded(_rows(answer), lambda: _response_message(answer, about)), PROTOBUF, answer.warnings)
    return told(
        await side.encoded(_rows(answer), lambda: json_bytes({"trace": given({"resourceSpans": _json(answer)})} | about)), JSON, answer.warnings
    )


async def _ask(call: Call) -> TraceAnswer:
    trace_id = read_trace_id(call.name)
    return await call.reads.trace(trace_id, read_trace_window(call.form.get("start"), call.form.get("end")))


def _check_mode(mode: str) -> None:
    """Tempo reads from less than everything in some modes; here each of them is answered whole."""
    if mode not in _MODES:
        raise InvalidParameter(f"invalid value for mode {mode}")


def _rows(answer: TraceAnswer) -> int:
    return sum(map(len, answer.batches))


def _json(answer: TraceAnswer) -> list[Json]:
    return whole_trace(answer.batches, base64_id)


def _message(answer: TraceAnswer) -> bytes:
    return trace_message({"resourceSpans": whole_trace(answer.batches, bytes.hex)})


def _response_message(answer: TraceAnswer, about: Fields) -> bytes:
    return message_bytes("TraceByIDResponse", {"trace": _message(answer)} | about)
