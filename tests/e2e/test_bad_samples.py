"""Samples that nobody should send, sent to a running node: each is refused or kept as docs/operating.md says, and the node goes on."""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Iterator, Sequence
from typing import Any

import cramjam
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from benchmarks.client import Answer
from benchmarks.server import NodeProcess
from e2e.spans import ask_json
from wire.metric_messages import metric, metrics_request
from wire.write_messages import Labels, Sample, Writer2, add_labels, histogram, write_1, write_2

NOW_MS = time.time_ns() // 10**6
V1 = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
V2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "Content-Encoding": "snappy"}
STALE = struct.unpack("<d", (0x7FF0_0000_0000_0002).to_bytes(8, "little"))[0]
OTHER_NAN = struct.unpack("<d", (0x7FF8_0000_0000_0BAD).to_bytes(8, "little"))[0]
SERIES_MAX = 2_000
_names = itertools.count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    settings = {"limits.max_global_series_per_user": str(SERIES_MAX), "push.bounds.decompressed_bytes_max": "8MiB"}
    with NodeProcess(tmp_path_factory.mktemp("bad") / "data", settings) as node:
        yield node


def new_name() -> str:
    return f"m{next(_names)}"


def labels(name: str, *more: tuple[str, str]) -> Labels:
    return [("__name__", name), *more]


def push(node: NodeProcess, message: Any, headers: dict[str, str] = V1) -> Answer:
    return node.client.post("/api/v1/write", bytes(cramjam.snappy.compress_raw(message.SerializeToString())), headers)


def stored(node: NodeProcess, name: str, *, back: str = "1h") -> list[tuple[dict[str, str], list[Any]]]:
    """Labels without the name, and samples; the same from memory and from blocks."""
    found = ask_json(node.client, "/api/v1/query", query=f'{{__name__="{name}"}}[{back}]', time=NOW_MS / 1_000 + 1)["data"]["result"]
    return [({key: value for key, value in one["metric"].items() if key != "__name__"}, one["values"]) for one in found]


def count(node: NodeProcess, name: str) -> int:
    return sum(len(samples) for _, samples in stored(node, name))


GOOD: Sequence[Sample] = [(NOW_MS, 1.0)]
LABEL_FAULTS = {
    "no labels": [],
    "no name": [("job", "a")],
    "a label twice": [("__name__", "x"), ("a", "1"), ("a", "2")],
    "an empty label name": [("__name__", "x"), ("", "1")],
    "too many labels": [("__name__", "x"), *((f"l{at}", "v") for at in range(64))],
    "a long label name": [("__name__", "x"), ("n" * 1_025, "v")],
    "a long label value": [("__name__", "x"), ("a", "v" * 100_000)],
}


@pytest.mark.parametrize("fault", LABEL_FAULTS)
def test_series_with_bad_labels_are_refused_and_the_others_are_stored(node: NodeProcess, fault: str) -> None:
    bad, name = LABEL_FAULTS[fault], new_name()
    sent = [(labels(name, ("n", "1")), GOOD), (bad, GOOD), (labels(name, ("n", "2")), GOOD)]
    first, second = push(node, write_1(sent)), push(node, write_2(sent), V2)
    # As Prometheus does: 1.0 has no way to say that some of a request was kept.
    assert (first.status, first.headers["x-prometheus-remote-write-samples-written"]) == (204, "2")
    assert (second.status, second.headers["x-prometheus-remote-write-samples-written"]) == (400, "2")
    assert second.body
    assert [found for found, _ in stored(node, name)] == [{"n": "1"}, {"n": "2"}]


def test_labels_may_come_in_any_order_and_empty_ones_are_absent(node: NodeProcess) -> None:
    name = new_name()
    assert (
        push(node, write_1([([("z", "1"), ("e", ""), ("__name__", name), ("a", "2")], GOOD), (labels(name, ("a", "2"), ("z", "1")), GOOD)])).status
        == 204
    )
    assert stored(node, name) == [({"a": "2", "z": "1"}, [[NOW_MS / 1_000, "1"]])]


def test_utf_8_is_kept_and_series_with_anything_else_are_refused(node: NodeProcess) -> None:
    name = new_name()
    message = write_1([(labels(name, ("größe", "日本")), GOOD), (labels(name), GOOD)])
    message.timeseries[1].labels.add(name=b"job", value=b"\xff\xfe")
    answer = push(node, message)
    assert (answer.status, answer.headers["x-prometheus-remote-write-samples-written"]) == (204, "1")
    assert stored(node, name) == [({"größe": "日本"}, [[NOW_MS / 1_000, "1"]])]
    for symbol in (b"\xff\xfe", b"\xfe", b"caf\xe9"):
        name = new_name()
        second = write_2([(labels(name), GOOD), (labels(name, ("job", "x\x01")), GOOD)])
        second.symbols[-1] = symbol
        answer = push(node, second, V2)
        assert (answer.status, answer.headers["x-prometheus-remote-write-samples-written"]) == (400, "1")
        assert stored(node, name) == [({}, [[NOW_MS / 1_000, "1"]])]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"\xff\xff\xff\xff", 400, b"corrupt"),
        (bytes(cramjam.snappy.compress_raw(b"\x0a\xff\xff\x03abc")), 400, b""),
        (bytes(cramjam.snappy.compress_raw(bytes(9 << 20))), 413, b""),
    ],
)
def test_bytes_that_are_no_request_are_refused(node: NodeProcess, body: bytes, status: int, said: bytes) -> None:
    answer = node.client.post("/api/v1/write", body, V1)
    assert (answer.status, said in answer.body) == (status, True)


@pytest.mark.parametrize("headers", [{**V1, "Content-Type": "application/json"}, {**V1, "Content-Encoding": "gzip"}])
def test_other_formats_are_refused_by_name(node: NodeProcess, headers: dict[str, str]) -> None:
    assert node.client.post("/api/v1/write", b"{}", headers).status == 415


def test_one_version_is_not_taken_for_the_other(node: NodeProcess) -> None:
    sent = [(labels(new_name()), GOOD)]
    for message, headers, expected in ((write_1(sent), V2, b"io.prometheus.write.v2.Request"), (write_2(sent), V1, b"prometheus.WriteRequest")):
        answer = push(node, message, headers)
        assert (answer.status, expected in answer.body) == (400, True)


def test_only_post_writes(node: NodeProcess) -> None:
    answer = node.client.get("/api/v1/write")
    assert (answer.status, answer.body, answer.headers["x-prometheus-remote-write-samples-written"]) == (405, b"Method Not Allowed", "0")


def test_references_to_symbols_that_are_not_there_refuse_their_series(node: NodeProcess) -> None:
    name, writer = new_name(), Writer2()
    writer.series(labels(name), GOOD)
    writer.request.timeseries.add(labels_refs=[1, 99]).samples.add(value=1, timestamp=NOW_MS)
    answer = push(node, writer.request, V2)
    assert (answer.status, b"outside of symbols table" in answer.body) == (400, True)
    assert count(node, name) == 1


@pytest.mark.parametrize("ts", [NOW_MS * 1_000, NOW_MS * 1_000_000, 2**63 - 1, -(2**63)], ids=["us", "ns", "greatest", "least"])
def test_times_in_another_unit_are_refused_and_the_other_samples_are_stored(node: NodeProcess, ts: int) -> None:
    name = new_name()
    sent = [(labels(name), [(NOW_MS, 1.0), (ts, 2.0)]), (labels(name, ("n", "2")), GOOD)]
    for answer in (push(node, write_1(sent)), push(node, write_2(sent), V2)):
        assert (answer.status, b"timestamp in series 0 is out of range" in answer.body) == (400, True)
        assert answer.headers["x-prometheus-remote-write-samples-written"] == "2"
    assert [samples for _, samples in stored(node, name)] == [[[NOW_MS / 1_000, "1"]]] * 2


def test_exemplars_and_metadata_that_are_wrong_cost_no_samples(node: NodeProcess) -> None:
    name = new_name()
    first, second = write_1([(labels(name), GOOD)]), write_2([(labels(name, ("n", "2")), GOOD)])
    for ts, value in ((NOW_MS, b"ab"), (NOW_MS, b"\xff"), (2**62, b"ab"), (NOW_MS + 3_600_000, b"ab"), (NOW_MS, b"a" * 1_000_000)):
        first.timeseries[0].exemplars.add(value=1, timestamp=ts).labels.add(name=b"trace_id", value=value)
    first.metadata.add(type=1, metric_family_name=name.encode(), help=b"\xff")
    second.symbols.append(b"\xff")
    second.timeseries[0].metadata.help_ref = len(second.symbols) - 1
    for refs, ts in (([1, 2], NOW_MS), ([1], NOW_MS), ([1, 99], NOW_MS), ([1, 2, 1, 2], NOW_MS), ([1, 2], 2**62), ([1, 2], NOW_MS + 3_600_000)):
        second.timeseries[0].exemplars.add(labels_refs=refs, value=1, timestamp=ts)
    for message, headers, status in ((first, V1, 204), (second, V2, 400)):
        answer = push(node, message, headers)
        written = [answer.headers[f"x-prometheus-remote-write-{kind}-written"] for kind in ("samples", "exemplars")]
        assert (answer.status, written) == (status, ["1", "1"]), answer.body
    assert count(node, name) == 2


def test_samples_of_any_age_and_order_are_stored_and_the_first_of_a_time_counts(node: NodeProcess) -> None:
    name = new_name()
    old, older = NOW_MS - 40 * 60_000, NOW_MS - 50 * 60_000
    for samples in ([(NOW_MS, 1.0)], [(old, 2.0), (older, 3.0)], [(NOW_MS, 9.0), (old, 9.0)]):
        assert push(node, write_1([(labels(name), samples)])).status == 204
    for _ in range(2):
        assert stored(node, name) == [({}, [[older / 1_000, "3"], [old / 1_000, "2"], [NOW_MS / 1_000, "1"]])]
        node.flush()


def test_samples_far_ahead_are_refused_and_the_others_are_stored(node: NodeProcess) -> None:
    name = new_name()
    answer = push(node, write_1([(labels(name), [(NOW_MS, 1.0), (NOW_MS + 3_600_000, 2.0)])]))
    assert (answer.status, b"too far in the future" in answer.body) == (400, True)
    assert count(node, name) == 1


def test_nan_keeps_its_bits_and_the_stale_marker_ends_a_series(node: NodeProcess) -> None:
    name = new_name()
    samples = [(NOW_MS - 2_000, float("nan")), (NOW_MS - 1_000, OTHER_NAN), (NOW_MS, STALE)]
    assert push(node, write_1([(labels(name), samples)])).status == 204
    assert [value for _, value in stored(node, name)[0][1]] == ["NaN", "NaN"]
    now = ask_json(node.client, "/api/v1/query", query=name, time=NOW_MS / 1_000 + 1)
    assert now["data"]["result"] == []


def test_histograms_that_contradict_themselves_are_refused_and_the_others_are_stored(node: NodeProcess) -> None:
    name, writer = new_name(), Writer2()
    fields = {
        "count_int": 3,
        "sum": 4.0,
        "schema": 0,
        "zero_count_int": 0,
        "positive_spans": [(0, 2)],
        "positive_deltas": [1, 1],
        "timestamp": NOW_MS,
    }
    good, bad = histogram(fields), histogram({**fields, "count_int": 1, "timestamp": NOW_MS + 1})
    longer = histogram({**fields, "positive_spans": [(0, 3)], "timestamp": NOW_MS + 2})
    writer.series(labels(name)).histograms.extend([good, bad, longer])
    writer.series(labels(new_name())).histograms.append(histogram({**fields, "schema": -53, "custom_values": []}))
    answer = push(node, writer.request, V2)
    assert (answer.status, answer.headers["x-prometheus-remote-write-histograms-written"]) == (400, "1"), answer.body
    assert b"histogram custom bounds are too few" in answer.body
    (found,) = ask_json(node.client, "/api/v1/query", query=name, time=NOW_MS / 1_000 + 1)["data"]["result"]
    assert found["histogram"][1]["count"] == "3"


def test_a_series_of_2_0_without_samples_is_told(node: NodeProcess) -> None:
    name, writer = new_name(), Writer2()
    writer.series(labels(name, ("n", "1")), GOOD)
    writer.series(labels(name, ("n", "2"))).exemplars.add(value=1, timestamp=NOW_MS)
    answer = push(node, writer.request, V2)
    assert (answer.status, b"must contain at least one sample" in answer.body) == (400, True)
    assert answer.headers["x-prometheus-remote-write-exemplars-written"] == "0"
    assert count(node, name) == 1


def test_a_bomb_of_series_meets_the_limit_and_known_series_go_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = {"limits.max_global_series_per_user": str(SERIES_MAX)}
    with NodeProcess(tmp_path_factory.mktemp("bomb") / "data", settings) as node:
        assert push(node, write_1([(labels("known"), [(NOW_MS - 1, 1.0)])])).status == 204
        answers = [push(node, write_1([(labels("bomb", ("n", str(at + more))), GOOD) for more in range(1_000)])) for at in range(0, 5_000, 1_000)]
        assert [answer.status for answer in answers] == [204, 400, 400, 400, 400]
        assert b"per-user series limit of 2000 exceeded" in answers[-1].body
        assert push(node, write_1([(labels("known"), [(NOW_MS, 2.0)])])).status == 204
        assert (count(node, "known"), count(node, "bomb")) == (2, SERIES_MAX - 1)


@pytest.mark.parametrize("ahead_s", [20 * 60, 100 * 365 * 86_400])
def test_points_far_ahead_are_counted_as_sent_and_the_others_keep_their_target_info(node: NodeProcess, ahead_s: int) -> None:
    name, now_ns = new_name(), NOW_MS * 10**6
    times = [{"as_double": 1, "time_unix_nano": now_ns}, {"as_double": 2, "time_unix_nano": now_ns + ahead_s * 10**9}]
    metrics = [metric("gauge", one, name=f"{name}_{at}") for at, one in enumerate(times)]
    request = metrics_request(metrics, {"service.name": name, "host.name": "h"})
    answer = node.client.post("/v1/metrics", request.SerializeToString(), {"Content-Type": "application/x-protobuf"})
    some = ExportMetricsServiceResponse.FromString(answer.body).partial_success
    assert (answer.status, some.rejected_data_points) == (200, 1)
    assert f"{name}_1" in some.error_message
    assert "target_info" not in some.error_message
    assert count(node, f"{name}_0") == 1
    found = ask_json(node.client, "/api/v1/query", query=f'target_info{{job="{name}"}}', time=NOW_MS / 1_000 + 1)["data"]["result"]
    assert [one["metric"]["host_name"] for one in found] == ["h"]


def test_exemplars_beside_refused_series_are_not_stored_without_them(node: NodeProcess) -> None:
    name, message = new_name(), write_1([])
    for series in (labels(name, ("n", "1")), [("n", "2")]):
        added = message.timeseries.add()
        add_labels(added, series)
        added.samples.add(value=1, timestamp=NOW_MS)
        add_labels(added.exemplars.add(value=1, timestamp=NOW_MS), [("trace_id", "ab")])
    assert push(node, message).headers["x-prometheus-remote-write-exemplars-written"] == "1"
