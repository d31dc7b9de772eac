"""Every decoder answers rows in the layout of a batch of logs."""

from __future__ import annotations

import pytest

from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.series import Series
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.wire.decoded import DecodedLogs
from lgtm.wire.loki_json import decode_json_push
from lgtm.wire.loki_push import decode_push
from lgtm.wire.otlp_logs import decode_otlp_logs
from wire.messages import otlp_message, push_bytes

OTLP = otlp_message([{"time_unix_nano": 5, "body": "line"}], {"service.name": "api"}).SerializeToString()


@pytest.mark.parametrize(
    ("decoded", "kind"),
    [
        (decode_push(push_bytes({'{service_name="api"}': [(5, "line", {})]})), "loki"),
        (decode_json_push(b'{"streams":[{"stream":{"service_name":"api"},"values":[["5","line"]]}]}'), "loki"),
        (decode_otlp_logs(OTLP, json=False, now_ns=1, index_attributes=["service.name"]), "otlp"),
    ],
)
def test_rows_fit_a_batch_as_they_are(decoded: DecodedLogs, kind: str) -> None:
    assert decoded.rows.schema == LOGS.columns
    assert decoded.format == kind
    assert len(decoded) == 1
    series = tuple(Series.of(labels_of(stream.labels or ())) for stream in decoded.streams)
    batch = Batch(LOGS, DEFAULT_TENANT, series, decoded.rows)
    assert batch.time_range_ns() == (5, 5)
    assert batch.series[0].labels == (("service_name", "api"),)
