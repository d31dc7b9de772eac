"""Rows on their way through a pipeline, column-wise.

A label of a row lives in one of three layers: parsed (set by a stage) hides structured metadata, which hides the labels of the stream. Columns are
only made when somebody asks for them: until then a frame is a batch and the numbers of the rows that are left of it.

What went wrong with a row stands beside the layers: `__error__` and `__error_details__` are labels in answers, but what a line itself calls
`__error__` is no error, and filters do not see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.logql.frame_source import FrameSource
from lgtm.logql.label_sets import CategorizedLabels, Layers, distinct_categorized, distinct_labels
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

__all__ = ["ERROR", "ERROR_DETAILS", "CategorizedLabels", "LogFrame"]


class LogFrame:
    """Rows of one batch in its order, with their labels. Never changed: every method answers a new frame."""

    __slots__ = ("_errors", "_line", "_metadata", "_parsed", "_source", "_stream", "row_numbers")

    def __init__(
        self,
        source: FrameSource,
        row_numbers: I64,
        line: Any,
        stream: Mapping[str, Any],
        metadata: Mapping[str, Any],
        parsed: Mapping[str, Any],
        errors: Mapping[str, Any],
    ) -> None:
        """line None: as it was stored. stream, metadata: columns of names whose layer was changed. parsed: all columns of that layer.

        errors: columns of __error__ and __error_details__, or neither.
        """
        self._source, self.row_numbers, self._line = source, row_numbers, line
        self._stream, self._metadata, self._parsed, self._errors = stream, metadata, parsed, errors

    @classmethod
    def from_batch(cls, batch: Batch) -> LogFrame:
        source = FrameSource(batch)
        return cls(source, np.arange(len(batch), dtype=np.int64), None, {}, {}, {}, {})

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def ts_ns(self) -> I64:
        return self._source.ts_ns[self.row_numbers]

    @property
    def line(self) -> Any:
        """pa.Array[string]"""
        if self._line is None:
            self._line = self._source.lines(self.row_numbers)
        return self._line

    def column(self, name: str) -> Any:
        """The effective value of a label in each row as pa.Array[string]; null where the row has no such label."""
        if name in (ERROR, ERROR_DETAILS):
            return self._errors.get(name, pa.nulls(len(self), pa.string()))
        layers = [c for c in (self._parsed.get(name), self._metadata_column(name), self._stream_column(name)) if c is not None]
        if not layers:
            return pa.nulls(len(self), pa.string())
        return layers[0] if len(layers) == 1 else pc.coalesce(*layers)

    def label_maps(self, names: frozenset[str] | None) -> list[dict[str, str]]:
        """The labels of each row as answers show them, for whoever must look at single rows. names None: all."""
        shown = self._shown()
        wanted = self.names() | set(self._errors) if names is None else names
        columns = {name: (shown[name] if name in shown and name in self._errors else self.column(name)).to_pylist() for name in sorted(wanted)}
        return [{n: v for n, v in zip(columns, row, strict=True) if v is not None} for row in zip(*columns.values(), strict=True)] or [
            {} for _ in range(len(self))
        ]

    def names(self) -> frozenset[str]:
        """Every name that may have a value in some row."""
        changed = {*self._stream, *self._metadata, *self._parsed}
        return frozenset(changed) | self._source.metadata_names | self._source.stream_names

    def stored_names(self, rows: I64) -> list[frozenset[str]]:
        """The names that each of the rows was stored with."""
        return self._source.stored_names(self.row_numbers[rows])

    def stored(self, name: str) -> Bool:
        """Rows that were stored with this label, in the stream or in the metadata, whatever stages did since: parsers make way for it."""
        return self._source.stored(name, self.row_numbers)

    def filter(self, mask: Bool) -> LogFrame:
        return self if mask.all() else self.take(np.flatnonzero(mask))

    def take(self, indices: I64) -> LogFrame:
        at = pa.array(indices)

        def taken(layer: Mapping[str, Any]) -> dict[str, Any]:
            return {name: column.take(at) for name, column in layer.items()}

        line = None if self._line is None else self._line.take(at)
        layers = (taken(layer) for layer in (self._stream, self._metadata, self._parsed, self._errors))
        return LogFrame(self._source, self.row_numbers[indices], line, *layers)

    def with_line(self, line: Any) -> LogFrame:
        return LogFrame(self._source, self.row_numbers, line, self._stream, self._metadata, self._parsed, self._errors)

    def with_parsed(self, columns: Mapping[str, Any]) -> LogFrame:
        """Sets whole columns of the parsed layer, null = no value there."""
        parsed = {**self._parsed, **columns}
        return LogFrame(self._source, self.row_numbers, self._line, self._stream, self._metadata, parsed, self._errors)

    def with_set(self, name: str, values: Any) -> LogFrame:
        """Sets a label in the rows where `values` is not null, over what it was."""
        return self.with_parsed({name: pc.coalesce(values, self._parsed[name]) if name in self._parsed else values})

    def with_added(self, columns: Mapping[str, Any]) -> LogFrame:
        """Adds values to the parsed layer where it has none yet: the first value wins."""
        merged = {n: pc.coalesce(self._parsed[n], c) if n in self._parsed else c for n, c in columns.items()}
        return self.with_parsed(merged)

    def with_error(self, where: Bool, error: str, details: Any = None) -> LogFrame:
        """Marks rows, over what they were marked with before. details: pa.Array[string], one for each row of the frame, null = none."""
        if not where.any():
            return self
        at, none = pa.array(where), pa.nulls(len(self), pa.string())
        marked = {
            ERROR: pc.if_else(at, pa.scalar(error), self._errors.get(ERROR, none)),
            ERROR_DETAILS: pc.if_else(at, none if details is None else details, self._errors.get(ERROR_DETAILS, none)),
        }
        return LogFrame(self._source, self.row_numbers, self._line, self._stream, self._metadata, self._parsed, marked)

    def without_error(self, name: str, where: Bool | None = None) -> LogFrame:
        """Clears __error__ or __error_details__."""
        if name not in self._errors:
            return self
        errors = {**self._errors, name: _blanked(self._errors[name], where)}
        return LogFrame(self._source, self.row_numbers, self._line, self._stream, self._metadata, self._parsed, errors)

    def without(self, name: str, where: Bool | None = None) -> LogFrame:
        """Takes a label away, from all layers: in the rows `where`, or in all."""
        columns = (self._stream_column(name), self._metadata_column(name), self._parsed.get(name))
        stream, metadata, parsed = (
            layer if column is None else {**layer, name: _blanked(column, where)}
            for layer, column in zip((self._stream, self._metadata, self._parsed), columns, strict=True)
        )
        return LogFrame(self._source, self.row_numbers, self._line, stream, metadata, parsed, self._errors)

    def failed(self) -> Bool:
        """Rows that a stage has marked."""
        if not self._errors:
            return np.zeros(len(self), dtype=bool)
        return _as_bool(self._errors[ERROR].is_valid())

    def errors(self) -> Bool:
        """Rows that answers show with an `__error__`, whoever set it."""
        column = self._shown().get(ERROR)
        return np.zeros(len(self), dtype=bool) if column is None else _as_bool(pc.fill_null(pc.not_equal(column, ""), False))

    def label_groups(self, names: tuple[str, ...] | None, *, without: tuple[str, ...] | None = None) -> tuple[I64, list[Labels]]:
        """The distinct effective label sets, and which of them each row has.

        By `names` only (absent ones left out), or by all labels but those in `without`. An empty value counts as absent.
        """
        return distinct_labels(self._layers(), names, frozenset(without or ()))

    def categorized(self) -> tuple[I64, list[CategorizedLabels]]:
        """The distinct label sets, told apart by layer, and which of them each row has."""
        return distinct_categorized(self._layers())

    def _layers(self) -> Layers:
        metadata = {n: c for n in {*self._source.metadata_names, *self._metadata} if (c := self._metadata_column(n)) is not None}
        return Layers(self._source.series[self.row_numbers], self._source.stream_labels, self._stream, metadata, self._shown())

    def _shown(self) -> Mapping[str, Any]:
        """The parsed layer as answers show it: with the errors, over labels of that name."""
        over = {n: pc.coalesce(c, self._parsed[n]) if n in self._parsed else c for n, c in self._errors.items()}
        return {**self._parsed, **over}

    def _stream_column(self, name: str) -> Any | None:
        return self._stream[name] if name in self._stream else self._source.stream_column(name, self.row_numbers)

    def _metadata_column(self, name: str) -> Any | None:
        return self._metadata[name] if name in self._metadata else self._source.metadata_column(name, self.row_numbers)


def _blanked(column: Any, where: Bool | None) -> Any:
    if where is None:
        return pa.nulls(len(column), pa.string())
    return pc.if_else(pa.array(where), pa.scalar(None, pa.string()), column)


def _as_bool(column: Any) -> Bool:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)
