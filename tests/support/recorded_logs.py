"""A recorded data set with the answers a real server gave to queries over it, and the reading that a query's `Reads` ask for."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lgtm.logql.plan import Reads
from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.matchers import matches_all
from lgtm.model.signal import LINE, META, REST, SERIES, TS
from support.rows import Entry, batch_of

DATA = Path(__file__).parent.parent / "logql" / "data"
ANSWERS = ("recorded_answers.jsonl", "recorded_pipelines.jsonl")


@dataclass(frozen=True)
class Answer:
    """What was asked, in the parameters of the HTTP API, and the answer: the `data` of a success, or the text of an error."""

    id: str
    query: str
    compare: str
    answer: Any
    params: dict[str, str]

    @property
    def instant(self) -> bool:
        return "time" in self.params

    def time_ns(self, name: str) -> int:
        return int(self.params[name]) * (10**9 if len(self.params[name]) <= 10 else 1)

    def duration_ns(self, name: str) -> int:
        units = {"h": 3600, "m": 60, "s": 1, "d": 86400}
        text = self.params.get(name, "0")
        if text == "2m30s":
            return 150 * 10**9
        return int(float(text[:-1]) * units[text[-1]] * 1e9) if text[-1] in units else int(float(text) * 1e9)


@functools.cache
def stored_rows() -> Batch:
    rows = [json.loads(line) for line in (DATA / "recorded_rows.jsonl").read_text().splitlines()]
    return batch_of(Entry(labels_of(row["stream"]), int(ts), line, metadata) for row in rows for ts, line, metadata in row["entries"])


def answers(*, of_logs: bool) -> list[Answer]:
    """Those about entries, or those about metrics."""
    rows = [json.loads(line) for name in ANSWERS for line in (DATA / name).read_text().splitlines()]
    found = [Answer(**{name: row.pop(name) for name in ("id", "query", "compare", "answer")}, params=row) for row in rows]
    return [answer for answer in found if (answer.query.lstrip().startswith(("{", "#"))) == of_logs]


def read(batch: Batch, reads: Reads, *, pieces: int = 3) -> Iterator[Batch]:
    """The rows and columns asked for and no others, newest rows first, in several batches."""
    series = np.array([matches_all(reads.matchers, each.labels or ()) for each in batch.series], dtype=bool)
    ts = batch.rows.column(TS).to_numpy()
    wanted = series[batch.rows.column(SERIES).to_numpy()] & (ts >= reads.window.start_ns) & (ts < reads.window.end_ns)
    rows = batch.rows.filter(pa.array(wanted)).select([name for name in batch.rows.schema.names if _is_read(name, reads)])
    cuts = [len(rows) * i // pieces for i in range(pieces + 1)]
    for start, stop in reversed(list(pairwise(cuts))):
        if start < stop:
            yield dataclasses.replace(batch, rows=rows.slice(start, stop - start))


def _is_read(column: str, reads: Reads) -> bool:
    if column == LINE:
        return reads.needs_line
    if column.startswith(META):
        return reads.metadata is None or column.removeprefix(META) in reads.metadata
    return column != REST or reads.metadata is None or bool(reads.metadata)
