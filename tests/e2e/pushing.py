"""Requests pushed the way agents do: over several connections, again when no answer came, now and then twice at once."""

from __future__ import annotations

import http.client
import queue
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Protocol

from benchmarks.client import CONNECTIONS, PUSH_PATHS, Client
from benchmarks.datasets import Request

TWICE_EVERY, DROPPED_EVERY = 7, 11
TIMEOUT_S = 60.0


class Requests(Protocol):
    @property
    def kind(self) -> str:
        """A key of PUSH_PATHS."""

    @property
    def requests(self) -> Sequence[Request]: ...


class Pushing:
    """Pushes requests of a dataset in the background while the context lasts, or until the node is gone.

    tried: numbers of requests that were begun; acked: of those that were answered with success. A request in `tried` only may be stored or not.
    """

    def __init__(self, url: str, data: Requests, numbers: Iterable[int]) -> None:
        self.tried: set[int] = set()
        self.acked: set[int] = set()
        self.refusals: list[str] = []
        self._url, self._data = url, data
        self._changed = threading.Condition()
        self._waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in numbers:
            for _ in range(2 if number % TWICE_EVERY == 0 else 1):
                self._waiting.put(number)
        self._threads = [threading.Thread(target=self._work) for _ in range(CONNECTIONS)]

    def __enter__(self) -> Pushing:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Waits until everything was sent or the node went away."""
        for thread in self._threads:
            thread.join(TIMEOUT_S)

    def wait_for_acks(self, count: int) -> None:
        """Returns once so many requests were answered."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acked) >= count, TIMEOUT_S), f"{len(self.acked)} of {count} acks; {self.refusals[:3]}"

    def _work(self) -> None:
        client = Client(self._url)
        try:
            while True:
                self._push(client, self._waiting.get_nowait())
        except (queue.Empty, OSError, http.client.HTTPException):
            client.close()

    def _push(self, client: Client, number: int) -> None:
        path, request = PUSH_PATHS[self._data.kind], self._data.requests[number]
        headers = {"Content-Type": request.content_type}
        with self._changed:
            self.tried.add(number)
        if number % DROPPED_EVERY == 0:
            client.abandon(path, request.body, headers)
        answer = client.post(path, request.body, headers)
        with self._changed:
            if answer.status in (200, 204):
                self.acked.add(number)
            else:
                self.refusals.append(f"{answer.status} {answer.body.decode()}")
            self._changed.notify_all()


def check_counts(counted: Sequence[int], per_request: int, acked: set[int], tried: set[int]) -> None:
    """counted: records stored of each request. acked: what had been acknowledged before the count; tried: what had been begun after it."""
    for number, records in enumerate(counted):
        if number in acked:
            assert records == per_request, f"request {number} was acknowledged"
        elif number in tried:
            assert 0 <= records <= per_request, f"request {number} is unknown"
        else:
            assert records == 0, f"request {number} was never sent"
