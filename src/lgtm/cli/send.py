"""Sends one body until it is known to be stored, or cannot be: 429, 5xx and silence are tried again with growing waits, the rest is final."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lgtm.cli.client import Answer, Unreachable
from lgtm.errors import LgtmError

WAIT_FIRST_S = 0.2
WAIT_S_MAX = 20.0


class Requests(Protocol):
    def request(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer: ...


class GaveUp(LgtmError):
    """The time for retries is over. Whether the last body was stored is unknown."""

    def __init__(self, waited_s: float, last: LgtmError) -> None:
        self.waited_s, self.last = waited_s, last

    def __str__(self) -> str:
        return f"gave up after {self.waited_s:.0f} s of trying: {self.last}"


@dataclass(slots=True)
class Sender:
    """sleep: waits for seconds. retry_s_max: how long one body may wait altogether."""

    client: Requests
    path: str
    sleep: Callable[[float], None]
    retry_s_max: float
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    rng: random.Random = field(default_factory=random.Random)
    retries: int = 0

    def send(self, data: bytes) -> None:
        """Returns once the node has acknowledged. Raises Refused for what would be refused again, GaveUp after retry_s_max."""
        waited_s, wait_s = 0.0, WAIT_FIRST_S
        while True:
            again_s = 0.0
            try:
                answer = self.client.request("POST", self.path, data, self.headers)
                if answer.is_ok:
                    return
                failure: LgtmError = answer.refusal()
                if answer.status != 429 and answer.status < 500:
                    raise failure
                again_s = _seconds(answer.headers.get("retry-after", ""))
            except Unreachable as error:
                failure = error
            # Full jitter, so that many senders that failed together do not come back together; a time that the node names is kept to.
            pause_s = max(again_s, self.rng.uniform(0, wait_s))
            if waited_s + pause_s > self.retry_s_max:
                raise GaveUp(waited_s, failure)
            self.sleep(pause_s)
            self.retries += 1
            waited_s, wait_s = waited_s + pause_s, min(wait_s * 2, WAIT_S_MAX)


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
