"""What every stage of a pipeline is: a value that prints as LogQL and turns one frame into another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from lgtm.errors import BadRequest
from lgtm.logql.frame import LogFrame


class InvalidStage(BadRequest):
    """A stage that cannot be built. Its text is the whole message after `parse error : `.

    stage: canonical text of the stage, which then leads the message as `stage '| json x="["' : …`; None where Loki does not name it.
    """

    def __init__(self, reason: str, *, stage: str | None = None) -> None:
        super().__init__(reason, stage)
        self.reason, self.stage = reason, stage

    def __str__(self) -> str:
        return self.reason if self.stage is None else f"stage '{self.stage}' : {self.reason}"


@dataclass(slots=True, frozen=True)
class StageContext:
    """What the rest of the query will read of the labels that a parser finds.

    needed: names, as in grouping, unwrap and the filters behind; None means all of them, as a log query returns.
    """

    needed: frozenset[str] | None = None

    def also(self, names: Iterable[str] | None) -> StageContext:
        """The context before a stage that itself reads `names` (None = may read any)."""
        if names is None or self.needed is None:
            return StageContext(None)
        return replace(self, needed=self.needed | frozenset(names))


class Stage(Protocol):
    def __str__(self) -> str:
        """Canonical LogQL, with the leading `|`."""

    def apply(self, frame: LogFrame, context: StageContext) -> LogFrame:
        """The rows behind the stage. Never raises because of what a line holds: that is `__error__` of its row."""
