"""How much a request may hold, and the errors of bodies that are malformed or too large.

A body is bounded three times: as received, decompressed, and in what it expands to (rows, metadata repeated for every row), since each of
these can be thousands of times the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.model.limits import MIB


class MalformedBody(BadRequest):
    """The body is not what its headers say it is."""


class TruncatedBody(MalformedBody):
    """The body ends too early."""

    def __init__(self, message: str = "unexpected EOF") -> None:
        super().__init__(message)


class NothingFound(MalformedBody):
    """The body may be a protobuf message, but is not the one that it is said to be. message: the name of that one. what: none of which it has."""

    def __init__(self, message: str, what: str, size: int) -> None:
        self.message, self.what, self.size = message, what, size

    def __str__(self) -> str:
        return f"expected the protobuf message {self.message}, as the content type says, but found no {self.what} in {self.size} bytes"


class WindowTooLarge(MalformedBody):
    """A compressed frame wants more memory to be read than the body may expand to."""

    def __init__(self, size: int, bytes_max: int) -> None:
        self.size, self.bytes_max = size, bytes_max

    def __str__(self) -> str:
        return f"zstd: window of {self.size} bytes is larger than {self.bytes_max}"


class NoStreams(BadRequest):
    """A push of nothing."""

    def __str__(self) -> str:
        return "error at least one valid stream is required for ingestion"


class BodyTooLarge(LimitExceeded):
    """The body, or what it expands to, is larger than this node takes in one request. Sending less at once helps, waiting does not."""


class CompressedTooLarge(BodyTooLarge):
    def __init__(self, size: int, bytes_max: int) -> None:
        self.size, self.bytes_max = size, bytes_max

    def __str__(self) -> str:
        return f"request body too large: message size too large than max ({self.size} vs {self.bytes_max})"


class DecompressedTooLarge(BodyTooLarge):
    def __init__(self, size: int, bytes_max: int) -> None:
        self.size, self.bytes_max = size, bytes_max

    def __str__(self) -> str:
        return f"request body too large: decompressed message size too large than max ({self.size} vs {self.bytes_max})"


class TooManyRows(BodyTooLarge):
    def __init__(self, rows_max: int) -> None:
        self.rows_max = rows_max

    def __str__(self) -> str:
        return f"request body too large: more than {self.rows_max} entries; send them in several requests"


class TooManyStreams(BodyTooLarge):
    def __init__(self, streams_max: int) -> None:
        self.streams_max = streams_max

    def __str__(self) -> str:
        return f"request body too large: more than {self.streams_max} streams or resources; send them in several requests"


class MetadataTooLarge(BodyTooLarge):
    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max

    def __str__(self) -> str:
        return f"request body too large: its metadata, repeated for each entry, needs more than {self.bytes_max} bytes"


@dataclass(slots=True, frozen=True, kw_only=True)
class BodyBounds:
    """Part of the configuration of the API; the decoders receive it as it is."""

    compressed_bytes_max: int = 16 * MIB
    """Bytes of a body as received; more is answered with 413. Clients send 1 to 4 MiB."""
    decompressed_bytes_max: int = 64 * MIB
    """Bytes of a body after decompression; more is answered with 413."""
    json_bytes_max: int = 16 * MIB
    """Bytes of a JSON document after decompression. Parsing one cannot be interrupted, and this much holds the process for some 50 ms."""
    rows_max: int = 1_000_000
    """Entries in one request; more is answered with 413."""
    streams_max: int = 50_000
    """Streams, or resources with records, in one request; more is answered with 413. Each costs as much as dozens of entries."""
    metadata_bytes_max: int = 256 * MIB
    """Bytes of metadata of all entries of a request, counting what a resource says once for each of its entries."""

    def __post_init__(self) -> None:
        for name in ("compressed_bytes_max", "decompressed_bytes_max", "json_bytes_max", "rows_max", "streams_max", "metadata_bytes_max"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive")


BOUNDS = BodyBounds()
"""The defaults."""
