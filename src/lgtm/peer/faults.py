"""How errors travel between nodes, and what the caller may conclude from them.

    definite   the other side did nothing and said so, or never heard of it: another node may be asked, and nothing is stored there
    refused    and more: nobody listens on its port, so its process is gone
    neither    the outcome is unknown: silence, a connection that broke half-way, a bug over there

An error of ours arrives as the same kind, with its text; `UnknownSeries` arrives whole.
"""

from __future__ import annotations

import base64
from typing import Any

import orjson

from lgtm.errors import BadRequest, Corruption, LgtmError, LimitExceeded, NotFound, Unavailable
from lgtm.model.part import UnknownSeries

FAULT_KEY = "lgtm-fault-bin"
TEXT_CHARACTERS_MAX = 1_024
SERIES_MAX = 200
"""Fingerprints of UnknownSeries that travel; the sender repeats all labels anyway."""


class PeerError(Unavailable):
    """A call to another node did not succeed."""

    definite = False
    refused = False

    def __init__(self, peer: str, reason: str) -> None:
        self.peer, self.reason = peer, reason

    def __str__(self) -> str:
        return f"node at {self.peer}: {self.reason}"


class PeerUnknown(PeerError):
    """Whether the other side did it is unknown."""


class PeerFailed(PeerUnknown):
    """It lives and answered, but the answer does not tell what it did: a bug over there, or more bytes than a message may have."""


class PeerUnreachable(PeerError):
    """The request never got there; the node may live all the same, and the next try may reach it."""

    definite = True
    passing = True


class PeerRefused(PeerUnreachable):
    """Nobody listens there: its process is gone."""

    refused = True


class PeerBusy(PeerError):
    """As many calls wait for the other node as may; this one was not sent."""

    definite = True
    passing = True


class PeerTooLarge(PeerError):
    """The request is larger than a message may be, here or there; it was not served, and never will be."""

    definite = True


class PeerRejected(PeerError):
    """The other side does not take calls from this node: another cluster, another version, another secret."""

    definite = True


class RemoteBadRequest(BadRequest):
    """The other side found the request wrong."""


class RemoteLimit(LimitExceeded):
    """A limit of the other side was reached."""

    def __init__(self, text: str, retry_after_s: float | None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class RemoteNotFound(NotFound):
    """The other side does not have it."""


class RemoteCorruption(Corruption):
    """The other side met damage."""


class RemoteUnavailable(Unavailable):
    """The other side cannot now; it has done nothing. draining: nor will it before it is started anew, or its disk has room."""

    definite = True

    def __init__(self, text: str, retry_after_s: float | None, draining: bool) -> None:
        super().__init__(text)
        self.retry_after_s, self.draining = retry_after_s, draining


_KINDS: tuple[type[LgtmError], ...] = (UnknownSeries, BadRequest, LimitExceeded, NotFound, Corruption, Unavailable)


def encode_fault(error: LgtmError) -> bytes:
    kind = next((each.__name__ for each in _KINDS if isinstance(error, each)), Unavailable.__name__)
    fields: dict[str, Any] = {
        "kind": kind,
        "text": str(error)[:TEXT_CHARACTERS_MAX],
        "retry_after_s": getattr(error, "retry_after_s", None),
        "draining": bool(getattr(error, "draining", False)),
        "definite": bool(getattr(error, "definite", True)),
    }
    if isinstance(error, UnknownSeries):
        fields["generation"] = error.generation
        fields["series"] = [base64.b64encode(each).decode() for each in error.fingerprints[:SERIES_MAX]]
    return orjson.dumps(fields)


def decode_fault(data: bytes, peer: str) -> LgtmError:
    """The error to raise here. Bytes that are none are an unknown outcome."""
    try:
        fields = orjson.loads(data)
        kind, text, retry_after_s = fields["kind"], str(fields["text"]), fields["retry_after_s"]
        if not fields["definite"]:
            return PeerFailed(peer, text)
        if kind == UnknownSeries.__name__:
            return UnknownSeries(tuple(base64.b64decode(each) for each in fields["series"]), int(fields["generation"]))
        simple: dict[str, type[LgtmError]] = {
            BadRequest.__name__: RemoteBadRequest,
            NotFound.__name__: RemoteNotFound,
            Corruption.__name__: RemoteCorruption,
        }
        if kind in simple:
            return simple[kind](text)
        if kind == LimitExceeded.__name__:
            return RemoteLimit(text, retry_after_s)
        return RemoteUnavailable(text, retry_after_s, bool(fields["draining"]))
    except (KeyError, TypeError, ValueError) as error:
        return PeerFailed(peer, f"an error that cannot be read: {error}")
