"""What the distributor needs of an ingester, be it in this process or on another node, and what its failures mean."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Protocol

from lgtm.errors import LgtmError
from lgtm.model.part import Appended, Part, UnknownSeries

__all__ = ["Appended", "Health", "Ingester", "Owners", "UnknownSeries", "is_definite", "says_it_is_down"]


class Ingester(Protocol):
    @property
    def id(self) -> str: ...

    async def append(self, part: Part, payload: bytes, *, spill: bool = False) -> Appended:
        """Returns once the part is synced to disk and visible to queries; a part id that it already holds is acknowledged again.

        payload: the part encoded (`wire.part`), which is what travels and what is logged. spill: a second copy belongs into the object store, because
        no other ingester can take one; `Appended.homes` says whether it is there.

        Raises UnknownSeries when a series came without labels and is not known in the open generation: nothing was stored, and the same part is
        to be sent with labels. Any other error means that this ingester does not acknowledge the part; see `is_definite`.
        """
        ...


class Health(enum.Enum):
    """SUSPECT: others are preferred, but it counts as alive. DOWN: its process is gone, the members of the cluster have declared it dead, or it said
    itself that it takes nothing. Only DOWN may lower the number of copies; a timeout never does."""

    WRITABLE = "writable"
    SUSPECT = "suspect"
    DOWN = "down"


HealthOf = Callable[[str], Health]
"""Of an ingester by id, now."""

Owners = Callable[[bytes], tuple[Ingester, ...]]
"""Fingerprint of a series → all ingesters that may take it, best first. Raises Unavailable when there is none."""


def is_definite(error: BaseException) -> bool:
    """Whether the ingester certainly did not store the part: what it says itself is definite, silence is not."""
    return isinstance(error, LgtmError) and bool(getattr(error, "definite", True))


def says_it_is_down(error: BaseException) -> bool:
    """Whether nobody listens there, or the ingester says that it takes nothing from anybody: it stops, or its disk is full."""
    return bool(getattr(error, "refused", False) or getattr(error, "draining", False))
