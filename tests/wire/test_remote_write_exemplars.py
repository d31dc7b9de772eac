"""Exemplars of remote write: what is wrong with one is told, and the others keep their labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest

from lgtm.wire.bounds import BOUNDS, BodyBounds, TooManyRows
from lgtm.wire.columns import Pairs
from lgtm.wire.decoded_samples import Dropped, Loss
from lgtm.wire.fields import Places
from lgtm.wire.protobuf import Buffer
from lgtm.wire.remote_write_exemplars import Faults, exemplar_columns, exemplar_rows
from wire.write_messages import WRITE_2

Labels = Sequence[tuple[str, str]]
A: Labels = [("a", "1")]


def read(*exemplars: tuple[int, Labels], faults: Faults | None = None) -> tuple[list[dict[str, object]], tuple[Dropped, ...]]:
    """Exemplars with these times and labels, number i of series i and with the value i."""
    messages = [WRITE_2["Exemplar"](value=at, timestamp=ts).SerializeToString() for at, (ts, _) in enumerate(exemplars)]
    ends = np.cumsum([len(message) for message in messages])
    row = np.arange(len(messages))
    columns = exemplar_columns(Buffer(b"".join(messages)), Places(row, ends - [len(message) for message in messages], ends), BOUNDS)
    pairs = [(at, name, value) for at, (_, labels) in enumerate(exemplars) for name, value in labels]
    keys = [name for _, name, _ in pairs]
    rows, names = np.array([at for at, _, _ in pairs], np.int64), np.arange(len(pairs))
    labels = Pairs(rows, names, names, keys, pa.array([value for _, _, value in pairs], pa.string()))
    found, dropped = exemplar_rows(row, columns, labels, faults or Faults(), BOUNDS)
    return ([] if found is None else found.to_pylist()), dropped


def test_exemplars_have_their_labels_as_columns() -> None:
    rows, dropped = read((5, A), (6, [("a", "2"), ("b", "3")]))
    assert [(row["series"], row["ts"], row["value"], row["meta.a"], row["meta.b"]) for row in rows] == [
        (0, 5_000_000, 0.0, "1", None),
        (1, 6_000_000, 1.0, "2", "3"),
    ]
    assert dropped == ()


@pytest.mark.parametrize("ts_ms", [9_223_372_036_855, -(2**63)])
def test_one_whose_time_is_out_of_range_is_left_out(ts_ms: int) -> None:
    rows, dropped = read((5, A), (ts_ms, A), (7, [("a", "3")]))
    assert [(row["series"], row["ts"], row["value"], row["meta.a"]) for row in rows] == [(0, 5_000_000, 0.0, "1"), (2, 7_000_000, 2.0, "3")]
    assert dropped == (Dropped(Loss.INVALID_EXEMPLAR, 1, f"timestamp of an exemplar in series 1 is out of range: {ts_ms} milliseconds"),)


LONG = [("ab", "é" * 60), ("a", "x" * 65)]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (LONG, None),
        ([*LONG, ("empty", "")], None),
        ([*LONG, ("b", "1")], "label length for exemplar exceeds maximum of 128 UTF-8 characters"),
        ([("trace_id", "x" * 1_000_000)], "label length for exemplar exceeds maximum of 128 UTF-8 characters"),
        ([("a", "1"), ("b", "2"), ("a", "1")], 'label name "a" is not unique: invalid exemplar'),
        ([("a", "1"), ("a", "")], None),
    ],
)
def test_labels_are_judged_as_prometheus_judges_them(labels: Labels, message: str | None) -> None:
    rows, dropped = read((1, A), (2, labels), (3, labels), (4, A))
    assert [row["series"] for row in rows] == ([0, 1, 2, 3] if message is None else [0, 3])
    assert dropped == (() if message is None else (Dropped(Loss.INVALID_EXEMPLAR, 2, message),))


def test_what_is_known_to_be_wrong_is_left_out_too_and_counted_once() -> None:
    faults = Faults()
    faults.add(np.array([True, False, False]), "first")
    faults.add(np.array([False, False, False]), "none")
    rows, dropped = read((2**62, A), (2**62, A), (7, A), faults=faults)
    assert [row["series"] for row in rows] == [2]
    assert dropped == (Dropped(Loss.INVALID_EXEMPLAR, 2, "first"),)


def test_there_may_be_none_left() -> None:
    rows, dropped = read((2**62, A))
    assert rows == []
    assert dropped[0].points == 1


def test_a_request_has_only_so_many() -> None:
    with pytest.raises(TooManyRows):
        exemplar_columns(Buffer(b""), Places(*np.zeros((3, 3), np.int64)), BodyBounds(rows_max=2))
