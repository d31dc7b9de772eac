"""Names of structured metadata, and of OTLP attributes as labels, in the alphabet of Prometheus labels.

Rules and texts are those of `LabelNamer` in github.com/prometheus/otlptranslator (Apache-2.0), which Loki applies too: characters outside
`[A-Za-z0-9]` become `_`, runs of them one `_`; `__x__` keeps its outer pairs; a name that starts with a digit is prefixed with `key_`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from lgtm.errors import BadRequest
from lgtm.model.labels import quote

NAME_BYTES_MAX = 4 * 1024
"""A longer name is refused: no limit of a tenant would let it pass, and it would end up in a schema."""
_OTHERS = re.compile(r"[^A-Za-z0-9]+")


class InvalidMetadataName(BadRequest):
    """A name of which nothing is left."""


@lru_cache(maxsize=4096)
def sanitize(name: str) -> str:
    """Raises InvalidMetadataName for an empty name, one of underscores only, or one beyond NAME_BYTES_MAX."""
    if not name:
        raise InvalidMetadataName("label name is empty")
    if len(name) > NAME_BYTES_MAX:
        raise InvalidMetadataName(f"label name of {len(name)} characters is longer than {NAME_BYTES_MAX}: {quote(name[:64])}...")
    if len(name) >= 4 and name.startswith("__") and name.endswith("__"):
        clean = f"__{_OTHERS.sub('_', name[2:-2])}__"
    else:
        clean = _OTHERS.sub("_", name)
    if name[0] in "0123456789":
        clean = f"key_{clean}"
    if not clean.strip("_"):
        raise InvalidMetadataName(f"normalization for label name {quote(name)} resulted in invalid name {quote(clean)}")
    return clean
