from __future__ import annotations

import pytest

from lgtm.model.labels import labels_of
from lgtm.model.series import Series
from lgtm.model.signal import LOGS, SPANS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS
from lgtm.query.source import Request

SERIES = tuple(Series.of(labels_of(labels)) for labels in ({"app": "api", "env": "prod"}, {"app": "web", "env": "prod"}, {"app": "api"}))


def test_log_entries_are_not_asked_for_by_trace() -> None:
    traces = TraceIds.of([b"t" * 16])
    assert Request(DEFAULT_TENANT, SPANS, (), ALWAYS, traces).traces is traces
    with pytest.raises(ValueError, match="logs have no trace ids"):
        Request(DEFAULT_TENANT, LOGS, (), ALWAYS, traces)
