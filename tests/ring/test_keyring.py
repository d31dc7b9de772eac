"""Encryption of gossip."""

from __future__ import annotations

import contextlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from lgtm.ring.keyring import OVERHEAD_BYTES, KeyRing, WrongKey
from lgtm.ring.msgpack import MalformedMessage

OLD, NEW = b"o" * 16, b"n" * 32


def test_any_key_reads_and_the_first_one_writes() -> None:
    both, new = KeyRing([NEW, OLD]), KeyRing([NEW])
    sealed = both.encrypt(b"news", b"cluster")
    assert new.decrypt(sealed, b"cluster") == b"news"
    assert len(sealed) == len(b"news") + OVERHEAD_BYTES == 4 + 29
    assert both.decrypt(KeyRing([OLD]).encrypt(b"x", b""), b"") == b"x"


def test_another_key_and_another_cluster_are_told() -> None:
    sealed = KeyRing([OLD]).encrypt(b"news", b"cluster")
    for keys, additional in (([NEW], b"cluster"), ([OLD], b"other")):
        with pytest.raises(WrongKey):
            KeyRing(keys).decrypt(sealed, additional)


@pytest.mark.parametrize(("padding", "content"), [(b"\x03\x03\x03", b"news"), (b"\x04\x03\x03", None), (b"\x00", None), (b"\x20", None)])
def test_the_padded_form_of_old_members_is_read(padding: bytes, content: bytes | None) -> None:
    sealed = b"\x00" + b"i" * 12 + AESGCM(OLD).encrypt(b"i" * 12, b"news" + padding, b"")
    if content is None:
        with pytest.raises(MalformedMessage):
            KeyRing([OLD]).decrypt(sealed, b"")
    else:
        assert KeyRing([OLD]).decrypt(sealed, b"") == content


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, b"x" * 17]])
def test_a_key_has_one_of_three_lengths(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="16, 24 or 32"):
        KeyRing(keys)


@given(st.binary(max_size=80))
def test_any_bytes_are_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        KeyRing([OLD]).decrypt(data, b"")
        pytest.fail("nobody encrypted this")
