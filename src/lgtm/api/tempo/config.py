"""Settings of Tempo's query API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True, kw_only=True)
class TempoApiConfig:
    search_range_s_max: int = 168 * 3_600
    """Longest range of a search and of a question for tags; 0 for any."""
    metrics_range_s_max: int = 24 * 3_600
    """Longest range of a metrics query; 0 for any."""
    recent_s: int = 3_600
    """How far back a search, or a question for tags, looks that names no range."""
    series_max: int = 1_000
    """Series in the answer of a metrics query; what is more is cut, and the answer says so. A query may ask for fewer."""
    tag_values_bytes_max: int = 1_000_000
    """Of values in the answer of a question for tag values; what is more is cut, and the answer says so. 0 for any."""

    def __post_init__(self) -> None:
        if min(self.search_range_s_max, self.metrics_range_s_max, self.tag_values_bytes_max) < 0:
            raise ValueError("tempo_query limits must not be negative")
        if min(self.recent_s, self.series_max) < 1:
            raise ValueError("tempo_query.recent_s and tempo_query.series_max must be at least 1")
