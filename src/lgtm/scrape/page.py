"""An answer → what its page says: the media type decides which decoder reads it."""

from __future__ import annotations

from lgtm.errors import BadRequest
from lgtm.model.labels import quote
from lgtm.scrape.config import PROTOCOLS, ScrapeConfig
from lgtm.wire.exposition import Exposition
from lgtm.wire.exposition_openmetrics import decode_openmetrics
from lgtm.wire.exposition_protobuf import decode_protobuf
from lgtm.wire.exposition_text import decode_text

_MEDIA_TYPES = {
    "application/openmetrics-text": "openmetrics",
    "text/plain": "text",
    "application/vnd.google.protobuf": "protobuf",
}
_FALLBACKS = {name: _MEDIA_TYPES[PROTOCOLS[name].split(";", 1)[0]] for name in PROTOCOLS}
_PROTOBUF_MESSAGE = "io.prometheus.client.MetricFamily"


class UnknownPage(BadRequest):
    """The answer does not say what it is, or says something that is no page of metrics."""


def accept_header(protocols: tuple[str, ...]) -> str:
    """The media types with falling weights; anything else is the last resort."""
    weight = len(protocols) + 1
    weighted = [f"{PROTOCOLS[name]};q=0.{weight - at}" for at, name in enumerate(protocols)]
    return ",".join([*weighted, f"*/*;q=0.{weight - len(protocols)}"])


def decode_page(body: bytes, content_type: str, job: ScrapeConfig) -> Exposition:
    """Raises UnknownPage, or MalformedBody of the decoder."""
    match _format_of(content_type, job.fallback_protocol):
        case "openmetrics":
            return decode_openmetrics(body)
        case "protobuf":
            return decode_protobuf(body, native=job.native_histograms, classic=job.classic_histograms, resolution=job.resolution)
        case _:
            return decode_text(body)


def _format_of(content_type: str, fallback: str) -> str:
    media, _, parameters = content_type.partition(";")
    found = _MEDIA_TYPES.get(media.strip().lower())
    if found == "protobuf" and _PROTOBUF_MESSAGE not in parameters:
        found = None
    if found is None and fallback:
        return _FALLBACKS[fallback]
    if found is None and not content_type.strip():
        raise UnknownPage("non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target")
    if found is None:
        raise UnknownPage(f"received unsupported Content-Type {quote(content_type)} and no fallback_scrape_protocol specified for target")
    return found
