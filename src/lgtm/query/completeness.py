"""Whether an answer without some instances may lack rows.

Every acknowledged row has two homes, so one instance that is away hides nothing, unless it acknowledged rows while it was alone:

    nobody away                                                     complete
    one away, refused the connection (its process is gone)          complete, unless it is known to hold rows alone
    one away in silence, three or more instances                    the same
    one away in silence, of two                                     partial: it may be taking writes on the other side of a partition
    more away                                                       partial
    one was not asked                                               partial: what is known of who holds rows alone may be older than it
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lgtm.errors import Unavailable


class NotAsked(Unavailable):
    """An instance was not known when the others were asked. It may have acknowledged rows before."""

    def __str__(self) -> str:
        return "it was not known yet when the others were asked"


class Incomplete(Unavailable):
    """The answer would lack rows, and partial answers are not wanted."""

    def __init__(self, warnings: tuple[str, ...]) -> None:
        self.warnings = warnings

    def __str__(self) -> str:
        return "; ".join(self.warnings)


def missing(away: Mapping[str, Unavailable], *, instances: int, holding_alone: Collection[str]) -> tuple[str, ...]:
    """Warnings, none when the answer is complete. instances: known ones, those away included; holding_alone: ids of those with rows that are
    nowhere else but in spilled objects, at best; also of those who only may, because another may have lost rows."""
    if not away:
        return ()
    if len(away) == 1 and not isinstance(next(iter(away.values())), NotAsked):
        ((who, error),) = away.items()
        is_gone = bool(getattr(error, "refused", False))
        if who not in holding_alone and (is_gone or instances > 2):
            return ()
    return tuple(f"partial: instance {who} cannot be asked, rows that only it holds are missing: {error}" for who, error in sorted(away.items()))


def each_once(warnings: Iterable[str]) -> tuple[str, ...]:
    """Warnings of several readings, in their order."""
    return tuple(dict.fromkeys(warnings))
