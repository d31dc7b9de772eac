"""The frame of a call between nodes: where it goes, and who may make it."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from lgtm.model.secret import Secret

SERVICE = "lgtm.peer.v1"
VERSION = "1"
CLUSTER_KEY, VERSION_KEY, SECRET_KEY, INSTANCE_KEY = "lgtm-cluster", "lgtm-version", "lgtm-secret", "lgtm-instance"
OTHER_INSTANCE = "another instance answers here"
"""In the text of a refusal: who was meant is gone, its address has been taken over."""

Unary = Callable[[bytes], Awaitable[bytes]]
Streaming = Callable[[bytes], AsyncIterator[bytes]]


@dataclass(slots=True, frozen=True)
class Pass:
    """What a caller shows and the other side checks."""

    cluster: str
    secret: Secret = field(default_factory=Secret)

    def metadata(self, instance: str) -> list[tuple[str, str]]:
        """instance: who is meant to answer. Percent-encoded: headers are printable ASCII, and a secret from a file may end with a line end."""
        shown = [(CLUSTER_KEY, quote(self.cluster)), (VERSION_KEY, VERSION), (INSTANCE_KEY, quote(instance))]
        return [*shown, (SECRET_KEY, quote(self.secret.reveal()))] if self.secret else shown

    def objection(self, metadata: Mapping[str, str], instance: str) -> tuple[str, str] | None:
        """A word for metrics and a text for people, when a call with this metadata is not to be answered by this instance."""
        if (cluster := unquote(metadata.get(CLUSTER_KEY, ""))) != self.cluster:
            return "cluster", f"it belongs to the cluster {cluster!r}, not to {self.cluster!r}"
        if (version := metadata.get(VERSION_KEY, "")) != VERSION:
            return "version", f"it speaks version {version!r} of calls between nodes, not {VERSION}"
        if self.secret and not hmac.compare_digest(metadata.get(SECRET_KEY, "").encode(), quote(self.secret.reveal()).encode()):
            return "secret", "it does not have the shared secret (peer.secret)"
        if (meant := unquote(metadata.get(INSTANCE_KEY, ""))) != instance:
            return "instance", f"{OTHER_INSTANCE}: {meant!r} was meant, this is {instance!r}"
        return None


def method_path(method: str) -> str:
    return f"/{SERVICE}/{method}"
