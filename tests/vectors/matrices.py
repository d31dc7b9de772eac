"""Matrices in tests, written as text: one series a line, `{app="a"} 1 2 _`, where `_` is absent."""

from __future__ import annotations

import re

import numpy as np

from lgtm.model.labels import Labels, format_labels, labels_of
from lgtm.vectors.matrix import Matrix

_PAIR = re.compile(r'(\w+)="([^"]*)"')


def matrix(text: str, *, steps: int | None = None) -> Matrix:
    rows = [line.strip() for line in text.strip().splitlines() if line.strip()]
    labels: list[Labels] = [labels_of(_PAIR.findall(row[: row.index("}") + 1])) for row in rows]
    cells = [row[row.index("}") + 1 :].split() for row in rows]
    count = len(cells[0]) if cells else (steps or 1)
    values = np.array([[0.0 if cell == "_" else float(cell) for cell in row] for row in cells]).reshape(len(rows), count)
    present = np.array([[cell != "_" for cell in row] for row in cells], dtype=bool).reshape(len(rows), count)
    return Matrix(labels, np.arange(count, dtype=np.int64) * 10, values, present)


def text(m: Matrix) -> list[str]:
    """The same notation, one line per series, in the matrix's order."""
    rows = zip(m.labels, m.values.tolist(), m.present.tolist(), strict=True)
    return [
        " ".join([format_labels(labels), *(f"{v:g}" if p else "_" for v, p in zip(values, present, strict=True))]) for labels, values, present in rows
    ]
