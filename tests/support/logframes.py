"""Frames of log rows from lines, and what they say row by row."""

from __future__ import annotations

from collections.abc import Mapping

from lgtm.logql.frame import ERROR, ERROR_DETAILS, LogFrame
from lgtm.logql.stages import Stage, StageContext
from lgtm.model.labels import labels_of
from support.rows import Entry, batch_of

NO_METADATA: Mapping[str, str] = {}

Row = dict[str, str]


def frame_of(*rows: str | tuple[str, Mapping[str, str]], metadata: Mapping[str, str] = NO_METADATA) -> LogFrame:
    """rows: lines, alone or with the labels of their stream. metadata: of every row."""
    pairs = [(row, {}) if isinstance(row, str) else row for row in rows]
    return LogFrame.from_batch(batch_of(Entry(labels_of(labels), ts, line, metadata) for ts, (line, labels) in enumerate(pairs, start=1)))


def shown(frame: LogFrame) -> list[Row]:
    """The labels of each row as answers show them, empty ones too, and what failed."""
    failed = zip(frame.column(ERROR).to_pylist(), frame.column(ERROR_DETAILS).to_pylist(), strict=True)
    codes, sets = frame.categorized()
    labels = [{**dict(sets[code].stream), **dict(sets[code].metadata), **dict(sets[code].parsed)} for code in codes.tolist()]
    return [{**row, "failed": f"{error}: {details}"} if error else row for row, (error, details) in zip(labels, failed, strict=True)]


def through(frame: LogFrame, *stages: Stage, needed: frozenset[str] | None = None) -> LogFrame:
    """The frame behind all stages, each of them told the same."""
    for stage in stages:
        frame = stage.apply(frame, StageContext(needed))
    return frame


def lines_of(frame: LogFrame) -> list[str]:
    lines: list[str] = frame.line.to_pylist()
    return lines
