"""An HTTP client as small as can be, so that it takes little of the machine it shares with what it measures; and pushing over several connections."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from benchmarks.datasets import LOKI, Request

TRACES, SAMPLES = "traces", "samples"
PUSH_PATHS = {LOKI: "/loki/api/v1/push", "otlp": "/v1/logs", TRACES: "/v1/traces", SAMPLES: "/api/v1/write"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
CONNECTIONS = 4
TIMEOUT_S = 120.0


@dataclass(slots=True, frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class QueryFailed(Exception):
    """A query was answered with something other than 200."""


class Client:
    """One connection that is opened again when it is lost. Not for several threads."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None, timeout_s: float = TIMEOUT_S) -> None:
        parts = urlsplit(url)
        self._headers = dict(headers or {})
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)

    def close(self) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Raises OSError or http.client.HTTPException when no answer came; then what became of the request is unknown."""
        try:
            self._connection.request(method, path, body, {**self._headers, **(headers or {})})
            response = self._connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        except BaseException:
            self._connection.close()
            raise

    def get(self, path: str, **parameters: object) -> Answer:
        return self.request("GET", path + ("?" + urlencode(parameters) if parameters else ""))

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("POST", path, body, headers)

    def abandon(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Sends a request and drops the connection without waiting for the answer."""
        try:
            self._connection.request("POST", path, body, {**self._headers, **headers})
        finally:
            self._connection.close()

    def query(self, expr: str, **parameters: object) -> Any:
        """`data.result` of an instant query. Raises QueryFailed."""
        return self._result("/loki/api/v1/query", query=expr, **parameters)

    def query_range(self, expr: str, **parameters: object) -> Any:
        """`data.result` of a range query. Raises QueryFailed."""
        return self._result("/loki/api/v1/query_range", query=expr, **parameters)

    def promql(self, expr: str, **parameters: object) -> Any:
        """`data.result` of an instant query to Prometheus' API. Raises QueryFailed."""
        return self._result("/api/v1/query", query=expr, **parameters)

    def _result(self, path: str, **parameters: object) -> Any:
        answer = self.get(path, **parameters)
        if answer.status != 200:
            raise QueryFailed(f"{answer.status} {answer.body[:300].decode('utf-8', 'replace')} for {parameters}")
        return answer.json()["data"]["result"]


@dataclass(slots=True)
class Pushed:
    """latencies_s: of each answered try, from when it was due."""

    wall_s: float = 0.0
    rows: int = 0
    raw_bytes: int = 0
    latencies_s: list[float] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def push(url: str, kind: str, requests: Sequence[Request], *, connections: int = CONNECTIONS, requests_per_s: float | None = None) -> Pushed:
    """Sends all requests in order over some connections; a refused one (429, 503) is sent again after a moment, as agents do.

    requests_per_s: None sends as fast as answers come. Otherwise request n is due at n / requests_per_s, and its latency counts from then even when
    no connection was free: a stall is not hidden by sending less.
    """
    pushed, lock = Pushed(), threading.Lock()
    began = time.perf_counter()
    due: Iterator[tuple[float | None, Request]] = zip(_due(began, requests_per_s), requests, strict=False)

    def work() -> None:
        client = Client(url)
        while True:
            with lock:
                at, request = next(due, (None, None))
            if request is None:
                break
            if at is not None:
                time.sleep(max(0.0, at - time.perf_counter()))
            _push_one(client, kind, request, at, pushed, lock)
        client.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pushed.wall_s = time.perf_counter() - began
    return pushed


def _due(began: float, requests_per_s: float | None) -> Iterable[float | None]:
    return itertools.repeat(None) if requests_per_s is None else (began + number / requests_per_s for number in itertools.count())


def _push_one(client: Client, kind: str, request: Request, due: float | None, pushed: Pushed, lock: threading.Lock) -> None:
    began = time.perf_counter() if due is None else due
    while True:
        answer = client.post(PUSH_PATHS[kind], request.body, PROTOBUF)
        with lock:
            if answer.status in (200, 204):
                pushed.latencies_s.append(time.perf_counter() - began)
                pushed.rows += request.rows
                pushed.raw_bytes += request.raw_bytes
                return
            pushed.refusals[f"{answer.status} {answer.body[:160].decode('utf-8', 'replace')}"] += 1
        if answer.status not in (429, 503):
            return
        time.sleep(0.2)
