"""Seeded logs as services write them, encoded once as request bodies and kept in the temporary directory, as any other requests may be.

Lines are access lines, logfmt, or JSON with a nested object, about 190 bytes each and 212 as pushed; a stream has one of the three formats. Levels,
statuses and durations are skewed as in production, paths and trace ids are many, so that neither dictionaries nor blooms get it easy.
"""

from __future__ import annotations

import json
import random
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cramjam
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VERSION = 1
"""Raised whenever the same shape gives other bytes, so that no kept file is taken for the new ones."""
NS_PER_S = 1_000_000_000
DAY_S = 86_400

FORMATS = ("logfmt", "json", "access")
LEVELS = ["info"] * 70 + ["debug"] * 18 + ["warn"] * 8 + ["error"] * 4
STATUSES = [200] * 85 + [204] * 5 + [404] * 6 + [500] * 3 + [503]
LOKI, OTLP = "loki", "otlp"


@dataclass(slots=True, frozen=True)
class Shape:
    lines: int = 1_000_000
    seconds: int = 3_000
    streams: int = 40
    lines_per_request: int = 5_000
    seed: int = 1


@dataclass(slots=True, frozen=True)
class Request:
    """rows: lines, spans or samples. raw_bytes: of the body before compression."""

    rows: int
    raw_bytes: int
    body: bytes
    content_type: str = "application/x-protobuf"


@dataclass(slots=True, frozen=True)
class Dataset:
    """Lines lie evenly in [start_ns, end_ns). needle: a trace id that one line has."""

    kind: str
    shape: Shape
    start_ns: int
    needle: str
    requests: tuple[Request, ...]

    @property
    def end_ns(self) -> int:
        return self.start_ns + self.shape.seconds * NS_PER_S

    @property
    def raw_bytes(self) -> int:
        return sum(request.raw_bytes for request in self.requests)


@dataclass(slots=True, frozen=True)
class Record:
    ts_ns: int
    stream: int
    level: str
    trace_id: str
    line: str

    @property
    def fmt(self) -> str:
        return FORMATS[self.stream % len(FORMATS)]

    @property
    def service(self) -> str:
        return f"svc-{self.stream % 10}"


Encode = Callable[[list[Record]], bytes]
Facts = dict[str, Any]
"""What is worth knowing about requests besides their bytes, as JSON."""


def dataset(kind: str, shape: Shape, *, start_ns: int | None = None) -> Dataset:
    """kind: LOKI (snappy protobuf of Loki's push) or OTLP (protobuf)."""
    begins_ns = start_ns or yesterday_ns()
    requests, facts = kept(kind, shape, begins_ns, lambda facts: _requests(kind, shape, begins_ns, facts))
    return Dataset(kind, shape, begins_ns, facts["needle"], requests)


def yesterday_ns() -> int:
    """Yesterday at 10:00 UTC: what begins then is past, young and within one date."""
    return (int(time.time()) // DAY_S * DAY_S - DAY_S + 10 * 3_600) * NS_PER_S


def kept(kind: str, shape: DataclassInstance, start_ns: int, make: Callable[[Facts], Iterator[Request]]) -> tuple[tuple[Request, ...], Facts]:
    """Requests and facts from the file of this kind, shape and start; made first where there is none.

    make: yields the requests; by their end it has filled in the facts that it was given.
    """
    folder = Path(tempfile.gettempdir()) / "lgtm-benchmarks"
    folder.mkdir(exist_ok=True)
    path = folder / f"v{VERSION}-{kind}-{'-'.join(str(value) for value in asdict(shape).values())}-{start_ns}"
    if not path.exists():
        _save(path, start_ns, make)
    return _load(path)


def records(shape: Shape, start_ns: int) -> Iterator[Record]:
    """The lines in order of time, without end to their variety: only `shape.seed` decides."""
    rng = random.Random(shape.seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 10))) for _ in range(3_000)]
    step_ns = shape.seconds * NS_PER_S // shape.lines
    for number in range(shape.lines):
        yield _record(rng, words, rng.randrange(shape.streams), start_ns + number * step_ns)


def _record(rng: random.Random, words: list[str], stream: int, ts_ns: int) -> Record:
    level, status, duration_ms = rng.choice(LEVELS), rng.choice(STATUSES), int(rng.lognormvariate(4, 1))
    text = " ".join(rng.choices(words, k=rng.randint(4, 14)))
    path = f"/api/v1/{rng.choice(words[:40])}/{rng.randint(1, 99_999)}"
    trace_id = f"{rng.getrandbits(128):032x}"
    if (fmt := FORMATS[stream % len(FORMATS)]) == "logfmt":
        line = (
            f"level={level} caller=handler.go:{rng.randint(1, 500)} method=GET path={path} "
            f'status={status} duration={duration_ms}ms trace_id={trace_id} msg="{text}"'
        )
    elif fmt == "json":
        line = (
            f'{{"level":"{level}","method":"GET","path":"{path}","status":{status},"duration_ms":{duration_ms},'
            f'"trace_id":"{trace_id}","msg":"{text}","user":{{"id":{rng.randint(1, 5_000)}}}}}'
        )
    else:
        address = f"10.0.{rng.randint(0, 9)}.{rng.randint(1, 250)}"
        line = f'{address} - - "GET {path} HTTP/1.1" {status} {rng.randint(100, 90_000)} "{text}"'
    return Record(ts_ns, stream, level, trace_id, line)


def loki_labels(record: Record) -> dict[str, str]:
    return {"app": "bench", "env": "prod", "fmt": record.fmt, "pod": f"pod-{record.stream}", "service_name": record.service}


def encode_loki(chosen: list[Record]) -> bytes:
    """logproto.PushRequest: streams 1 (labels 1, entries 2 (timestamp 1 (seconds 1, nanos 2), line 2))."""
    streams: dict[int, list[bytes]] = {}
    labels: dict[int, bytes] = {}
    for record in chosen:
        if record.stream not in streams:
            text = ", ".join(f'{name}="{value}"' for name, value in loki_labels(record).items())
            streams[record.stream], labels[record.stream] = [], f"{{{text}}}".encode()
        seconds, nanos = divmod(record.ts_ns, NS_PER_S)
        timestamp = b"\x08" + varint(seconds) + (b"\x10" + varint(nanos) if nanos else b"")
        streams[record.stream].append(field(2, field(1, timestamp) + field(2, record.line.encode())))
    return b"".join(field(1, field(1, labels[stream]) + b"".join(entries)) for stream, entries in streams.items())


def encode_otlp(chosen: list[Record]) -> bytes:
    request = ExportLogsServiceRequest()
    scopes: dict[int, ScopeLogs] = {}
    for record in chosen:
        if record.stream not in scopes:
            resource = request.resource_logs.add()
            described = {
                "service.name": record.service,
                "service.namespace": "bench",
                "k8s.pod.name": f"pod-{record.stream}",
                "deployment.environment": "prod",
            }
            for name, value in described.items():
                resource.resource.attributes.add(key=name).value.string_value = value
            scopes[record.stream] = resource.scope_logs.add()
        log = scopes[record.stream].log_records.add(
            time_unix_nano=record.ts_ns,
            observed_time_unix_nano=record.ts_ns,
            severity_text=record.level.upper(),
            trace_id=bytes.fromhex(record.trace_id),
            span_id=bytes.fromhex(record.trace_id[:16]),
        )
        log.body.string_value = record.line
        log.attributes.add(key="http.route").value.string_value = "/api/v1"
        log.attributes.add(key="thread.name").value.string_value = f"worker-{record.ts_ns % 8}"
    return request.SerializeToString()


def field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + varint(len(payload)) + payload


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_HEADER = struct.Struct("<III")


def _requests(kind: str, shape: Shape, start_ns: int, facts: Facts) -> Iterator[Request]:
    encode: Encode = encode_loki if kind == LOKI else encode_otlp
    chosen: list[Record] = []
    for number, record in enumerate(records(shape, start_ns)):
        if number <= shape.lines // 2 and record.fmt != "access":
            facts["needle"] = record.trace_id
        chosen.append(record)
        if len(chosen) == shape.lines_per_request or number == shape.lines - 1:
            raw = encode(chosen)
            yield Request(len(chosen), len(raw), bytes(cramjam.snappy.compress_raw(raw)) if kind == LOKI else raw)
            chosen = []


def _save(path: Path, start_ns: int, make: Callable[[Facts], Iterator[Request]]) -> None:
    """Written beside and renamed, so that an interrupted run leaves nothing that looks whole; files of other days go."""
    for old in path.parent.glob("v*"):
        if old.name.rsplit("-", 1)[-1] != str(start_ns) and time.time() - old.stat().st_mtime > DAY_S:
            old.unlink(missing_ok=True)
    temporary, facts = path.with_name(f".{path.name}-{random.getrandbits(64):x}"), Facts()
    with temporary.open("wb") as file:
        for request in make(facts):
            file.write(_HEADER.pack(request.rows, request.raw_bytes, len(request.body)) + request.body)
        footer = json.dumps(facts).encode()
        file.write(_HEADER.pack(0, 0, len(footer)) + footer)
    temporary.rename(path)


def _load(path: Path) -> tuple[tuple[Request, ...], Facts]:
    found, facts = list[Request](), Facts()
    with path.open("rb") as file:
        while header := file.read(_HEADER.size):
            rows, raw_bytes, length = _HEADER.unpack(header)
            body = file.read(length)
            if rows:
                found.append(Request(rows, raw_bytes, body))
            else:
                facts = json.loads(body)
    return tuple(found), facts
