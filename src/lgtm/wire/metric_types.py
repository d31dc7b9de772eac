"""Types of metric families as remote write numbers them, and the family that a series belongs to."""

from __future__ import annotations

TYPES = ("unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset")
_SUFFIXES = {
    "histogram": ("_bucket", "_count", "_sum"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "summary": ("_count", "_sum"),
}


def type_name(number: int) -> str:
    """Numbers of later versions are unknown types."""
    return TYPES[number] if 0 <= number < len(TYPES) else "unknown"


def family_of(name: str, kind: str) -> str:
    """The name that metadata is kept under: that of the series without what tells the parts of a family apart."""
    for suffix in _SUFFIXES.get(kind, ()):
        if name.endswith(suffix):
            return name.removesuffix(suffix)
    return name
