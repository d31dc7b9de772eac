from __future__ import annotations

import dataclasses

import pytest

from distributor.pushes import MINUTE_AGO_NS, NOW_NS, Entry, rows_of
from lgtm.distributor.refusals import Reason
from lgtm.distributor.resolve import ResolvedStream, resolve
from lgtm.distributor.sizes import RowSizes
from lgtm.distributor.validate import Judgement, judge
from lgtm.model.limits import DAY_NS, MINUTE_NS, Limits

LIMITS = Limits(reject_old_samples=True)
GOOD = resolve((("a", "b"),), LIMITS)
STREAM = '{a="b", service_name="unknown_service"}'
SEE = "or contact your Loki administrator to increase it"


def judged(entries: list[tuple[int, Entry]], limits: Limits = LIMITS, streams: tuple[ResolvedStream, ...] = (GOOD,)) -> Judgement:
    rows = rows_of(entries)
    return judge(rows, streams, RowSizes(rows), limits, NOW_NS)


@pytest.mark.parametrize(
    ("entry", "reason", "message"),
    [
        (
            (NOW_NS - 7 * DAY_NS - 1, "x"),
            Reason.GREATER_THAN_MAX_SAMPLE_AGE,
            f"entry for stream '{STREAM}' has timestamp too old: 2026-11-13T10:59:59Z, oldest acceptable timestamp is: 2026-11-13T11:00:00Z",
        ),
        ((NOW_NS + 10 * MINUTE_NS + 1, "x"), Reason.TOO_FAR_IN_FUTURE, f"entry for stream '{STREAM}' has timestamp too new: 2026-11-20T11:10:00Z"),
        (
            (NOW_NS, "x" * 262_145),
            Reason.LINE_TOO_LONG,
            f"max entry size '262144' bytes exceeded for stream '{STREAM}' while adding an entry with length '262145' bytes",
        ),
        (
            (NOW_NS, "x", {"k": "x" * 65_537}),
            Reason.STRUCTURED_METADATA_TOO_LARGE,
            f"stream '{STREAM}' has structured metadata too large: '65538' bytes, limit: '65536' bytes. "
            f"Please see `limits_config.max_structured_metadata_size` {SEE}",
        ),
        (
            (NOW_NS, "x", {f"k{number}": "v" for number in range(129)}),
            Reason.STRUCTURED_METADATA_TOO_MANY,
            f"stream '{STREAM}' has too many structured metadata labels: '129', limit: '128'. "
            f"Please see `limits_config.max_structured_metadata_entries_count` {SEE}",
        ),
    ],
)  # fmt: skip
def test_an_entry_beyond_a_limit_is_refused_in_lokis_words(entry: Entry, reason: Reason, message: str) -> None:
    judgement = judged([(0, (MINUTE_AGO_NS, "kept")), (0, entry), (0, (MINUTE_AGO_NS, "kept"))])
    assert judgement.kept.tolist() == [True, False, True]
    (refusal,) = judgement.refusals
    size = len(entry[1]) + sum(len(name) + len(value) for name, value in (entry[2] if len(entry) == 3 else {}).items())
    assert (refusal.reason, refusal.message, refusal.lines, refusal.times, refusal.bytes) == (reason, message, 1, 1, size)


def test_metadata_is_refused_where_it_is_not_allowed() -> None:
    judgement = judged([(0, (NOW_NS, "x", {"k": "v"})), (0, (NOW_NS, "y"))], dataclasses.replace(LIMITS, allow_structured_metadata=False))
    assert judgement.kept.tolist() == [False, True]
    assert [(r.reason, r.message) for r in judgement.refusals] == [
        (
            Reason.DISALLOWED_STRUCTURED_METADATA,
            f"stream '{STREAM}' includes structured metadata, but this feature is disallowed. Please see "
            "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it",
        )
    ]


@pytest.mark.parametrize(
    "entry",
    [
        (NOW_NS - 7 * DAY_NS, "x"),
        (NOW_NS + 10 * MINUTE_NS, "x"),
        (NOW_NS, "x" * 262_144),
        (NOW_NS, "", {"k": "x" * 65_535}),
        (NOW_NS, "", {f"k{number}": "v" for number in range(128)}),
    ],
)
def test_an_entry_at_a_limit_is_kept(entry: Entry) -> None:
    assert judged([(0, entry)]).kept.tolist() == [True]


def test_a_limit_of_0_is_off() -> None:
    off = dataclasses.replace(
        LIMITS, reject_old_samples_max_age_ns=0, creation_grace_period_ns=0, max_line_size=0,
        max_structured_metadata_size=0, max_structured_metadata_entries_count=0,
    )  # fmt: skip
    wild: list[tuple[int, Entry]] = [(0, (0, "x" * 300_000, {f"k{number}": "v" * 1_000 for number in range(129)})), (0, (2**63 - 1, "x"))]
    assert judged(wild, off).kept.all()


def test_a_refused_stream_counts_once_and_takes_all_its_entries() -> None:
    bad = ResolvedStream((), None, refusal=(Reason.INVALID_LABELS, "bad"))
    empty = ResolvedStream((), None, refusal=(Reason.INVALID_LABELS, "bad, but without entries"))
    judgement = judged([(0, (NOW_NS, "a")), (1, (NOW_NS, "bcd")), (1, (0, "ef"))], streams=(GOOD, bad, empty))
    assert judgement.kept.tolist() == [True, False, False]
    assert [(r.message, r.lines, r.bytes, r.times) for r in judgement.refusals] == [("bad", 2, 5, 1)]


def test_an_entry_is_refused_for_its_first_fault_and_refusals_come_in_the_order_of_rows() -> None:
    long = "x" * 262_145
    judgement = judged([(0, (NOW_NS, long)), (0, (0, long)), (0, (NOW_NS, long + "x")), (0, (NOW_NS, long))])
    assert [(r.reason, r.lines, r.times) for r in judgement.refusals] == [
        (Reason.LINE_TOO_LONG, 2, 2),
        (Reason.GREATER_THAN_MAX_SAMPLE_AGE, 1, 1),
        (Reason.LINE_TOO_LONG, 1, 1),
    ]


def test_entries_of_one_second_share_a_message() -> None:
    judgement = judged([(0, (number, "x")) for number in range(5_000)])
    assert [(r.lines, r.times) for r in judgement.refusals] == [(5_000, 5_000)]
