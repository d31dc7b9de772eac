import pytest

from lgtm.wal.config import WalConfig


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"payload_bytes_max": 100}, r"wal\.payload_bytes_max"),
        ({"payload_bytes_max": 9 * 1024 * 1024}, r"wal\.payload_bytes_max"),
        ({"segment_bytes_max": 8 * 1024 * 1024}, r"wal\.segment_bytes_max"),
        ({"segment_bytes_max": 64 * 1024 * 1024 + 1}, r"wal\.segment_bytes_max"),
        ({"pending_bytes_max": 1024}, r"wal\.pending_bytes_max"),
        ({"disk_pressure_ratio": 0.95}, r"wal\.disk_pressure_ratio"),
        ({"disk_refuse_ratio": 1.1}, r"wal\.disk_refuse_ratio|wal\.disk_pressure_ratio"),
        ({"quiet_s": 0}, r"wal\.quiet_s"),
        ({"segment_age_s_max": 0}, r"wal\.segment_age_s_max"),
    ],
)
def test_impossible_settings_are_named(settings: dict[str, int], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        WalConfig(**settings)  # type: ignore[arg-type]


def test_two_largest_payloads_fit_into_a_segment() -> None:
    assert WalConfig().segment_bytes_max >= 2 * WalConfig().payload_bytes_max
