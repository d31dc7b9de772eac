"""Encryption of gossip: AES-GCM. The first key writes, all keys read, so that keys are exchanged without a pause.

version u8 | nonce 12 | ciphertext | tag 16        version 1 as it is; version 0 padded as PKCS7, read only
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lgtm.ring.msgpack import MalformedMessage

NONCE_BYTES, TAG_BYTES, BLOCK_BYTES = 12, 16, 16
OVERHEAD_BYTES = 1 + NONCE_BYTES + TAG_BYTES
KEY_BYTES = (16, 24, 32)


class WrongKey(MalformedMessage):
    """No key of this node opens it: the sender has another key, or none."""


class KeyRing:
    """keys: 16, 24 or 32 bytes each, the one to write with first. nonce: source of 12 bytes that never repeat under one key."""

    def __init__(self, keys: Sequence[bytes], nonce: Callable[[int], bytes] = os.urandom) -> None:
        if not keys or any(len(key) not in KEY_BYTES for key in keys):
            raise ValueError("a key has 16, 24 or 32 bytes")
        self._ciphers = [AESGCM(key) for key in keys]
        self._nonce = nonce

    def encrypt(self, data: bytes, additional: bytes) -> bytes:
        nonce = self._nonce(NONCE_BYTES)
        return b"\x01" + nonce + self._ciphers[0].encrypt(nonce, data, additional)

    def decrypt(self, data: bytes | memoryview, additional: bytes) -> bytes:
        """Raises WrongKey, or MalformedMessage for what nobody encrypted."""
        view = memoryview(data)
        if len(view) < OVERHEAD_BYTES or view[0] > 1:
            raise MalformedMessage("a message that is not encrypted as it should be")
        nonce, sealed = view[1 : 1 + NONCE_BYTES], view[1 + NONCE_BYTES :]
        for cipher in self._ciphers:
            try:
                opened = cipher.decrypt(nonce, sealed, additional)
            except InvalidTag:
                continue
            return _unpadded(opened) if view[0] == 0 else opened
        raise WrongKey("a message that no key of this node opens")


def _unpadded(data: bytes) -> bytes:
    size = data[-1] if data else 0
    if not 1 <= size <= BLOCK_BYTES or data[-size:] != bytes([size]) * size:
        raise MalformedMessage("a message that is padded wrongly")
    return data[:-size]
