"""JSON of whatever text: labels and messages may hold bytes that are no UTF-8, which are kept in Python's text as surrogates."""

from __future__ import annotations

import json

import orjson


def json_bytes(value: object) -> bytes:
    """Bytes that are no UTF-8 become U+FFFD, as in Go's encoding/json. Raises TypeError for what JSON cannot say."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").encode("utf-8")
