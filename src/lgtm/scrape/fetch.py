"""Asking over HTTP, as whoever scrapes or discovers needs it: one GET, one answer that is read whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lgtm.errors import LimitExceeded, Unavailable
from lgtm.scrape.config_http import HttpConfig


class FetchFailed(Unavailable):
    """No answer, or none that is HTTP."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason

    def __str__(self) -> str:
        return f'Get "{self.url}": {self.reason}'


class UnexpectedStatus(Unavailable):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status, self.reason = status, reason

    def __str__(self) -> str:
        return f"server returned HTTP status {self.status} {self.reason}".rstrip()


class BodySizeLimitReached(LimitExceeded):
    """The body is larger than the request allows, as sent or decompressed."""

    def __str__(self) -> str:
        return "body size limit exceeded"


@dataclass(slots=True, frozen=True)
class Request:
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    http: HttpConfig = field(default_factory=HttpConfig)
    bytes_max: int = 0


@dataclass(slots=True, frozen=True)
class Response:
    """headers: names in lower case. body: decompressed."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    def expect_ok(self) -> Response:
        """Itself. Raises UnexpectedStatus for anything but 200."""
        if self.status != 200:
            raise UnexpectedStatus(self.status, self.reason)
        return self


class Fetch(Protocol):
    async def __call__(self, request: Request) -> Response:
        """Any status is an answer. Raises FetchFailed or BodySizeLimitReached; without a bound in time, which is the caller's."""
        ...
