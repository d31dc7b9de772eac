import pyarrow as pa
import pytest

from lgtm.model.batch import Batch
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT
from support.rows import batch_of, entry


def test_the_time_range_of_a_batch_includes_both_ends() -> None:
    batch = batch_of([entry("a", 30, "x"), entry("b", -10, "y"), entry("a", 20, "z")])
    assert (len(batch), batch.time_range_ns()) == (3, (-10, 30))


def test_a_batch_of_nothing_has_no_time_range() -> None:
    empty = Batch(LOGS, DEFAULT_TENANT, (), pa.RecordBatch.from_pylist([], schema=LOGS.columns))
    with pytest.raises(ValueError, match="no time range"):
        empty.time_range_ns()
