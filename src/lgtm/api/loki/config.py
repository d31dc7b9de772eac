"""Settings of the query side of the API."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.model.limits import MIB


@dataclass(slots=True, frozen=True, kw_only=True)
class QueryApiConfig:
    form_bytes_max: int = 1 * MIB
    """Largest body of a POSTed query; more is answered with 413. A query itself is at most 128 KiB."""
    form_timeout_s: float = 10.0
    """How long such a body may take to arrive; then it is answered with 408."""
    inline_values_max: int = 1_000
    """Entries or samples of an answer that are encoded at once; longer answers are encoded in a thread."""
    encode_threads: int = 2
    """Answers that are encoded at the same time."""
    pattern_lines_max: int = 200_000
    """Newest lines of the range that patterns are looked for in."""
    tail_duration_max_s: float = 3_600.0
    """How long a tail may last."""
    tail_buffered_entries_max: int = 5_000
    """Live entries that wait for a slow client of a tail; further ones are dropped and reported to it."""

    def __post_init__(self) -> None:
        if min(self.form_bytes_max, self.encode_threads, self.pattern_lines_max, self.tail_buffered_entries_max) < 1:
            raise ValueError("loki_query sizes and counts must be at least 1")
        if min(self.form_timeout_s, self.tail_duration_max_s) <= 0:
            raise ValueError("loki_query times must be positive")
