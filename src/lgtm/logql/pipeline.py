"""A pipeline: the stages of a query in order, each told what the rest of the query will read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import takewhile

from lgtm.logql.frame import LogFrame
from lgtm.logql.json_prefilter import JsonPrefilter
from lgtm.logql.plan import labels_read
from lgtm.logql.stages import (
    AndFilter,
    Decolorize,
    JsonParser,
    LabelFilter,
    LabelFilterStage,
    LineFilter,
    LogfmtParser,
    PatternParser,
    RegexpParser,
    Stage,
    StageContext,
)
from lgtm.model.batch import Batch


@dataclass(slots=True, frozen=True)
class Pipeline:
    steps: tuple[tuple[Stage, StageContext], ...]

    def run(self, batch: Batch) -> LogFrame:
        """The rows that pass, with the labels that are needed. Blocks: CPU."""
        frame = LogFrame.from_batch(batch)
        for stage, context in self.steps:
            if not len(frame):
                break
            frame = stage.apply(frame, context)
        return frame


def compile_pipeline(stages: Sequence[Stage], needed: frozenset[str] | None) -> Pipeline:
    """needed: labels read of the rows that come out; None = all."""
    context = StageContext(needed)
    stages = _filters_first(stages)
    steps: list[tuple[Stage, StageContext]] = []
    for stage in reversed(stages):
        steps.append((stage, context))
        context = context.also(labels_read(stage))
    return Pipeline(tuple(_with_prefilters(steps[::-1])))


def _with_prefilters(steps: Sequence[tuple[Stage, StageContext]]) -> Iterator[tuple[Stage, StageContext]]:
    for index, (stage, context) in enumerate(steps):
        if isinstance(stage, JsonParser) and not stage.extractions:
            behind = takewhile(lambda each: isinstance(each, LabelFilterStage), (each for each, _ in steps[index + 1 :]))
            filters: list[LabelFilter] = [each.filter for each in behind if isinstance(each, LabelFilterStage)]
            if filters:
                yield JsonPrefilter(reduce(AndFilter, filters)), context
        yield stage, context


def _filters_first(stages: Sequence[Stage]) -> list[Stage]:
    """Line filters go ahead of parsers, which leave the line alone, and of decolorize, which does not: there Loki does so too."""
    moved: list[Stage] = []
    for stage in stages:
        at = len(moved)
        while (
            isinstance(stage, LineFilter) and at and isinstance(moved[at - 1], JsonParser | LogfmtParser | RegexpParser | PatternParser | Decolorize)
        ):
            at -= 1
        moved.insert(at, stage)
    return moved
