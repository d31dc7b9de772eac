"""HTTP as the subcommands need it: a server's address and a tenant, JSON in, JSON out, and the server's own words when it refuses.

http.client and not more: a request at a time is all that is needed, and importing a client library would take longer than most answers.
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from lgtm.errors import LgtmError

AddrOption = Annotated[str, typer.Option("--addr", envvar="LGTM_ADDR", metavar="URL", help="Where the node is.")]
TenantOption = Annotated[str | None, typer.Option("--tenant", envvar="LGTM_TENANT", help="Tenant to speak for; needed when the node asks for one.")]
DEFAULT_ADDR = "http://127.0.0.1:3100"
TIMEOUT_S = 120.0
_MESSAGE_CHARACTERS_MAX = 4_000


class Unreachable(LgtmError):
    """No answer: the node is down, still starting, or elsewhere."""

    def __init__(self, addr: str, cause: Exception) -> None:
        self.addr, self.cause = addr, cause

    def __str__(self) -> str:
        return f"no answer from {self.addr}: {self.cause or type(self.cause).__name__}; is --addr (or LGTM_ADDR) right?"


class Refused(LgtmError):
    """The node answered with an error. message: its own words."""

    def __init__(self, status: int, message: str) -> None:
        self.status, self.message = status, message

    def __str__(self) -> str:
        return f"{self.message} (status {self.status})"


@dataclass(slots=True, frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300

    def refusal(self) -> Refused:
        """The error as the node worded it, also when it came wrapped in JSON."""
        text = self.body.decode("utf-8", "replace").strip()[:_MESSAGE_CHARACTERS_MAX]
        try:
            wrapped = json.loads(text)
            text = wrapped.get("error") or wrapped.get("message") or text
        except (ValueError, AttributeError):
            pass
        return Refused(self.status, text or http.client.responses.get(self.status, "error"))


class Client:
    """One connection that is kept open and opened anew when it was lost. Close it, or use it as a context manager."""

    def __init__(self, addr: str, tenant: str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        url = urllib.parse.urlsplit(addr if "//" in addr else f"http://{addr}")
        if url.scheme not in ("http", "https") or not url.hostname:
            raise typer.BadParameter(f"{addr!r} is not a URL such as {DEFAULT_ADDR}", param_hint="--addr")
        self.addr, self._prefix = addr, url.path.rstrip("/")
        self.headers = {"X-Scope-OrgID": tenant} if tenant else {}
        self._connection = (
            http.client.HTTPSConnection(url.hostname, url.port, timeout=timeout_s, context=ssl.create_default_context())
            if url.scheme == "https"
            else http.client.HTTPConnection(url.hostname, url.port, timeout=timeout_s)
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def url(self, path: str, parameters: Mapping[str, object]) -> str:
        """Of a WebSocket: with ws instead of http."""
        return f"ws{self._base()[4:]}{path}?{_query(parameters)}"

    def get(self, path: str, parameters: Mapping[str, object] | None = None) -> Any:
        """The answer's JSON. parameters that are None are left out. Raises Refused, Unreachable."""
        document, _ = self.get_with_headers(path, parameters)
        return document

    def get_with_headers(self, path: str, parameters: Mapping[str, object] | None = None) -> tuple[Any, Mapping[str, str]]:
        """As `get`, for answers whose headers say something too."""
        answer = self.request("GET", f"{path}?{_query(parameters or {})}")
        if not answer.is_ok:
            raise answer.refusal()
        try:
            return json.loads(answer.body), answer.headers
        except ValueError as error:
            raise Unreachable(self.addr, error) from error

    def request(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Any status is an answer. Raises Unreachable when there is none; the request may have been carried out all the same."""
        try:
            self._connection.request(method, self._prefix + path, body, {**self.headers, **(headers or {})})
            response = self._connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, response.read())
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unreachable(self.addr, error) from error

    def _base(self) -> str:
        scheme = "https" if isinstance(self._connection, http.client.HTTPSConnection) else "http"
        return f"{scheme}://{self._connection.host}:{self._connection.port}{self._prefix}"


def _query(parameters: Mapping[str, object]) -> str:
    return urllib.parse.urlencode({name: value for name, value in parameters.items() if value is not None}, doseq=True)
