"""Settings of the query side that are the node's; what a tenant may ask is in `model.limits`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True, kw_only=True)
class QueryConfig:
    threads: int = 4
    """Threads that read and evaluate. Arrow and numpy release the interpreter, so up to twice the cores is of use."""
    strict: bool = False
    """Whether a query that may lack rows, because an instance cannot be asked, is refused with 503 instead of answered with a warning."""
    peer_read_timeout_s: float = 30.0
    """How long another node may take to send the rows that a query needs of it."""
    hedge_s: float = 1.0
    """How long a query waits for one slow node of three or more to say what it has, when all others have: each row has another copy."""
    first_slice_rows: int = 131_072
    """Rows in the first stretch of time that a log query looks at; later stretches are larger."""

    trace_reach_s: float = 3_600.0
    """How far beyond the time asked for a search looks for the other spans of a trace. A look-up by id without a time range sees all of them."""

    def __post_init__(self) -> None:
        if self.hedge_s <= 0:
            raise ValueError("query.hedge_s must be positive")
        if self.trace_reach_s < 0:
            raise ValueError("query.trace_reach_s must not be negative")
        if self.threads < 1 or self.first_slice_rows < 1:
            raise ValueError("query.threads and query.first_slice_rows must be at least 1")
