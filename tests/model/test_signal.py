import pytest

from lgtm.model.signal import SERIES, SIGNALS, TS, Signal


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=str)
def test_a_signal_describes_itself_without_contradiction(signal: Signal) -> None:
    assert signal.columns.names[:2] == [SERIES, TS]
    assert set(signal.sort) | set(signal.identity) <= set(signal.columns.names)
    assert not any(signal.columns.field(name).nullable for name in {SERIES, TS, *signal.sort, *signal.identity})
    assert SIGNALS[signal.name] is signal
