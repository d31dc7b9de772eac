"""The ring as it was known last, on disk: a node that starts while everybody else is away must know whom it cannot ask.

Entries have versions, so old ones do no harm: whoever lives says something newer.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from lgtm.telemetry import event

logger = logging.getLogger(__name__)


class RingMemory:
    """path: of a file that nobody else writes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, state: bytes) -> None:
        """Durable on return. A disk without room is no reason to stop."""
        temporary = self._path.with_suffix(".tmp")
        try:
            with temporary.open("wb") as file:
                file.write(state)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self._path)
        except OSError as error:
            event(logger, logging.WARNING, "the ring cannot be remembered", path=str(self._path), error=str(error))

    def load(self) -> bytes:
        """Empty when there is nothing."""
        try:
            return self._path.read_bytes()
        except OSError:
            return b""
