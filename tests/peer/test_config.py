"""Impossible settings name their path."""

from __future__ import annotations

import pytest

from lgtm.peer.config import PeerConfig


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"port": 70_000}, "peer.port"), ({"message_bytes_max": 5}, "peer.message_bytes_max"), ({"tls_cert_file": "x"}, "must be set together")],
)
def test_impossible_settings_name_their_path(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        PeerConfig(**settings)  # type: ignore[arg-type]


def test_tls_is_on_when_there_is_a_certificate() -> None:
    assert not PeerConfig().tls
    assert PeerConfig(tls_cert_file="a", tls_key_file="b", tls_ca_file="c").tls
