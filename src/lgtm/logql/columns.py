"""Columns of text made into what stages need: masks, numbers, and parsed labels that make way for stored ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.logql.frame import LogFrame
from lgtm.logql.frame_source import EXTRACTED
from lgtm.logql.line_labels import LineError, LineLabels, LineParser

Bool = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]

CELLS_MAX = 20_000_000
COLUMNS_MIN = 1_000
"""Parsed labels cost a cell for each row and name. Lines whose every key is another reach a bound, not the end of memory."""

PLAIN_NUMBER = r"^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$"
"""What Arrow and Go read as the same number."""


def as_mask(column: Any) -> Bool:
    """A boolean column without nulls, as numpy."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)


def matches(column: Any, regex: str) -> Bool:
    """Where RE2 finds the regex. Nulls do not match."""
    return as_mask(pc.fill_null(pc.match_substring_regex(column, regex), False))


def contains(column: Any, text: str) -> Bool:
    """Where the text occurs. As a regex, because Arrow's RE2 kernel searches three times faster than its substring kernel."""
    return matches(column, escaped(text))


def escaped(text: str) -> str:
    """A regex that matches just the text."""
    return "".join(c if c.isalnum() or c in " _-=:/,\"'<>@!%&;~`" or ord(c) >= 0x80 else f"\\x{{{ord(c):x}}}" for c in text)


def read_numbers(column: Any, parse: Callable[[str], float], *, plain: bool) -> tuple[F64, Bool, dict[str, str]]:
    """Values of the rows, where a value is there and cannot be read, and why by text. Absent values are NaN.

    plain: `parse` reads plain decimals as Arrow does, so that a column of them needs no Python.
    """
    if plain:
        simple = matches(column, PLAIN_NUMBER)
        if (simple | as_mask(column.is_null())).all():
            return np.asarray(pc.cast(column, pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)), np.zeros(len(column), bool), {}
    encoded = column.dictionary_encode()
    values, reasons = [], {}
    for text in encoded.dictionary.to_pylist():
        try:
            values.append(parse(text))
        except ValueError as error:
            values.append(0.0)
            reasons[text] = str(error)
    unreadable = np.array([text in reasons for text in encoded.dictionary.to_pylist()] + [False])
    codes = np.asarray(pc.fill_null(encoded.indices, len(values)).to_numpy(zero_copy_only=False))
    return np.array([*values, np.nan], dtype=np.float64)[codes], unreadable[codes], reasons


def reasons_of(column: Any, reasons: Mapping[str, str]) -> Any:
    """The reason for each row whose text has one, else null."""
    encoded = column.dictionary_encode()
    by_code = pa.array([reasons.get(text) for text in encoded.dictionary.to_pylist()], pa.string())
    return by_code.take(encoded.indices)


def add_parsed(frame: LogFrame, columns: Mapping[str, Any]) -> LogFrame:
    """Adds what a parser found, null = nothing: stored labels keep their name, and of several values the first stays."""
    found: dict[str, Any] = {}
    for name, values in columns.items():
        stored = frame.stored(name)
        if stored.any():
            nothing = pa.scalar(None, pa.string())
            extracted = pc.if_else(pa.array(stored), values, nothing)
            values = pc.if_else(pa.array(stored), nothing, values)
            _first(found, name + EXTRACTED, extracted)
        _first(found, name, values)
    return frame.with_added(found)


def _first(found: dict[str, Any], name: str, values: Any) -> None:
    found[name] = pc.coalesce(found[name], values) if name in found else values


def parse_lines(frame: LogFrame, parser: LineParser, error: str, wanted: frozenset[str] | None, where: Bool | None = None) -> LogFrame:
    """Reads line by line what columns cannot decide. wanted: names that somebody reads; None = all. where: rows to read; None = all."""
    rows = np.arange(len(frame)) if where is None else np.flatnonzero(where)
    if not len(rows):
        return frame
    stored = frame.stored_names(rows)
    lines = frame.line.take(pa.array(rows)).to_pylist()
    columns: dict[str, list[str | None]] = {}
    failed: dict[int, str | None] = {}
    replaced: dict[int, str] = {}
    for row, line, names in zip(rows.tolist(), lines, stored, strict=True):
        labels = LineLabels(names, wanted)
        try:
            parser(line, labels)
        except LineError as reason:
            failed[row] = reason.details
        for name, value in labels.found.items():
            if name not in columns:
                if len(columns) >= max(COLUMNS_MIN, CELLS_MAX // len(frame)):
                    failed[row] = f"more than {len(columns)} different labels in {len(frame)} lines"
                    continue
                columns[name] = [None] * len(frame)
            columns[name][row] = value
        if labels.line is not None:
            replaced[row] = labels.line
    frame = frame.with_added({name: pa.array(values, pa.string()) for name, values in columns.items()})
    if replaced:
        frame = frame.with_line(pa.array([replaced.get(row, line) for row, line in enumerate(frame.line.to_pylist())], pa.string()))
    if failed:
        marked = np.zeros(len(frame), bool)
        marked[list(failed)] = True
        details = pa.array([failed.get(row) for row in range(len(frame))], pa.string())
        frame = frame.with_error(marked, error, details)
    return frame


def without_replacements(column: Any) -> Any:
    """U+FFFD stands for bytes that were no text; labels say a blank instead."""
    return pc.replace_substring(column, "\ufffd", " ")
