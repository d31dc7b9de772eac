"""What the distributor needs of an ingester, be it in this process or on another node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lgtm.model.part import Appended, Part, UnknownSeries

__all__ = ["Appended", "Ingester", "Owners", "UnknownSeries"]


class Ingester(Protocol):
    @property
    def id(self) -> str: ...

    async def append(self, part: Part) -> Appended:
        """Returns once the part is synced to disk and visible to queries; a part id that it already holds is acknowledged again.

        Raises UnknownSeries when a series came without labels and is not known in the open generation: nothing was stored, and the same part is
        to be sent with labels. Any other Unavailable or LimitExceeded means that this ingester does not acknowledge the part.
        """
        ...


Owners = Callable[[bytes], tuple[Ingester, ...]]
"""Fingerprint of a series → the ingesters that own it, nearest first. Raises Unavailable when there are too few."""
