"""Decompression of request bodies with a ceiling: no input makes it allocate more than `bytes_max` and one buffer beyond it.

Error texts are those of the Go libraries in Loki and the OpenTelemetry Collector, which clients log and people search for.
"""

from __future__ import annotations

import zlib

import pyarrow as pa
import zstandard

from lgtm.wire.bounds import DecompressedTooLarge, MalformedBody, TruncatedBody, WindowTooLarge

SNAPPY_RATIO_MAX = 22
"""Three bytes of snappy copy at most 64, so a block that declares more than this times its size is a lie."""
ZSTD_WINDOW_BYTES_MAX = 8 * 1024 * 1024
_GZIP_HEADER_BYTES = 10
_SNAPPY_MAGIC = b"\xff\x06\x00\x00sNaPpY"
_SNAPPY_COMPRESSED, _SNAPPY_PLAIN, _SNAPPY_SKIPPABLE = 0x00, 0x01, 0x80
_SNAPPY_CHECKSUM_BYTES = 4


def decompress(data: bytes, encoding: str, *, bytes_max: int) -> bytes:
    """encoding: "", "identity", "gzip", "deflate" (raw), "zlib", "zstd", "lz4" (frames) or "snappy" (a block, or frames).

    Raises MalformedBody or DecompressedTooLarge, and ValueError for other encodings.
    """
    match encoding:
        case "" | "identity":
            if len(data) > bytes_max:
                raise DecompressedTooLarge(len(data), bytes_max)
            return data
        case "gzip":
            return gunzip(data, bytes_max=bytes_max)
        case "deflate":
            return _inflate(data, -zlib.MAX_WBITS, bytes_max=bytes_max, corrupt="EOF")
        case "zlib":
            return _inflate(data, zlib.MAX_WBITS, bytes_max=bytes_max, corrupt="zlib: invalid header or checksum")
        case "snappy":
            return _snappy_frames(data, bytes_max=bytes_max) if data.startswith(_SNAPPY_MAGIC) else snappy_block(data, bytes_max=bytes_max)
        case "zstd":
            return _unzstd(data, bytes_max=bytes_max)
        case "lz4":
            return _read_frames(data, "lz4", bytes_max=bytes_max)
    raise ValueError(f"unknown encoding {encoding!r}")


def snappy_block(data: bytes, *, bytes_max: int) -> bytes:
    """One snappy block without framing. Its declared size is judged before anything is allocated."""
    declared = _snappy_declared(data)
    if declared > bytes_max:
        raise DecompressedTooLarge(declared, bytes_max)
    if declared > SNAPPY_RATIO_MAX * len(data):
        raise MalformedBody("snappy: corrupt input")
    if declared == 0 and len(data) == 1:
        return b""
    try:
        return bytes(pa.decompress(data, declared, codec="snappy", asbytes=True))
    except OSError as error:
        raise MalformedBody("snappy: corrupt input") from error


def _snappy_frames(data: bytes, *, bytes_max: int) -> bytes:
    """The framing format: chunks of a type byte, three bytes of length, and content. Their CRC-32C is not compared: TLS and TCP have done that."""
    out: list[bytes] = []
    size, at = 0, 0
    while at < len(data):
        kind, length = data[at], int.from_bytes(data[at + 1 : at + 4], "little")
        content = data[at + 4 : at + 4 + length]
        if at + 4 + length > len(data):
            raise TruncatedBody
        at += 4 + length
        if kind in (_SNAPPY_COMPRESSED, _SNAPPY_PLAIN):
            if length < _SNAPPY_CHECKSUM_BYTES:
                raise MalformedBody("snappy: corrupt input")
            content = content[_SNAPPY_CHECKSUM_BYTES:]
            out.append(snappy_block(content, bytes_max=bytes_max - size) if kind == _SNAPPY_COMPRESSED else content)
            size += len(out[-1])
            if size > bytes_max:
                raise DecompressedTooLarge(size, bytes_max)
        elif kind < _SNAPPY_SKIPPABLE:
            raise MalformedBody("snappy: unsupported input")
    return b"".join(out)


def gunzip(data: bytes, *, bytes_max: int) -> bytes:
    """All members of a gzip file, one after the other."""
    if not data:
        raise TruncatedBody("EOF")
    if len(data) < _GZIP_HEADER_BYTES:
        raise TruncatedBody
    if not data.startswith(b"\x1f\x8b\x08"):
        raise MalformedBody("gzip: invalid header")
    return _inflate(data, zlib.MAX_WBITS | 16, bytes_max=bytes_max, corrupt="gzip: invalid checksum or corrupt data")


def is_gzip(data: bytes) -> bool:
    return data.startswith(b"\x1f\x8b")


def _snappy_declared(data: bytes) -> int:
    """The varint that a block opens with. Raises MalformedBody when there is none of at most 32 bits."""
    declared = 0
    for position, byte in enumerate(data[:5]):
        declared |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            if declared >= 1 << 32:
                break
            return declared
    raise MalformedBody("snappy: corrupt input")


def _inflate(data: bytes, wbits: int, *, bytes_max: int, corrupt: str) -> bytes:
    out: list[bytes] = []
    size = 0
    pending = data
    while pending:
        stream = zlib.decompressobj(wbits)
        try:
            piece = stream.decompress(pending, bytes_max - size + 1)
        except zlib.error as error:
            raise MalformedBody(corrupt) from error
        size += len(piece)
        if size > bytes_max:
            raise DecompressedTooLarge(size, bytes_max)
        if not stream.eof:
            raise TruncatedBody
        out.append(piece)
        pending = stream.unused_data if wbits > 0 else b""
    return out[0] if len(out) == 1 else b"".join(out)


def _unzstd(data: bytes, *, bytes_max: int) -> bytes:
    # Arrow's reader and not zstandard's: the latter ends quietly where a frame is cut, or has no ceiling. Windows of later frames are
    # bounded by the library (128 MiB of address space, touched only as far as there is output).
    try:
        window = zstandard.get_frame_parameters(data).window_size if data else 0
    except zstandard.ZstdError as error:
        raise MalformedBody("zstd: corrupt input") from error
    if window > max(ZSTD_WINDOW_BYTES_MAX, bytes_max):
        raise WindowTooLarge(window, max(ZSTD_WINDOW_BYTES_MAX, bytes_max))
    return _read_frames(data, "zstd", bytes_max=bytes_max)


def _read_frames(data: bytes, codec: str, *, bytes_max: int) -> bytes:
    if not data:
        raise TruncatedBody("EOF")
    try:
        with pa.CompressedInputStream(pa.BufferReader(data), codec) as reader:
            # In one call, which leaves the interpreter to others; memory that is not written to is not taken from the system.
            out = bytes(reader.read(bytes_max + 1))
    except OSError as error:
        if "runcated" in str(error):
            raise TruncatedBody from error
        raise MalformedBody(f"{codec}: corrupt input") from error
    if len(out) > bytes_max:
        raise DecompressedTooLarge(len(out), bytes_max)
    return out
