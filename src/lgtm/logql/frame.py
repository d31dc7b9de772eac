"""Rows on their way through a pipeline, column-wise."""

from __future__ import annotations

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"


class LogFrame:
    """Rows of one batch with their labels."""
