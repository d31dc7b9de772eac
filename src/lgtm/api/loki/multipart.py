"""Bodies of the type multipart/form-data, as `curl -F` sends them, read as Go's `ParseMultipartForm` does: values of parts that are no files."""

from __future__ import annotations

import re

MULTIPART = "multipart/form-data"
PARTS_MAX = 1_000
_HEADERS_BYTES_MAX = 8 * 1024
_BOUNDARY = re.compile(r';[ \t]*boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))', re.ASCII | re.IGNORECASE)
_DISPOSITION = re.compile(rb"\r\nContent-Disposition:[ \t]*form-data((?:;[^\r\n]*)?)\r\n", re.IGNORECASE)
_PARAMETER = re.compile(rb';[ \t]*([a-z]+\*?)=(?:"((?:[^"\\]|\\.)*+)"|([^\s;"]*))', re.IGNORECASE)
_ESCAPED = re.compile(rb'\\(["\\])')


class InvalidMultipart(ValueError):
    """The body is not what its type says."""


def multipart_values(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """Name and value of each part, in their order. Raises InvalidMultipart, also for more than PARTS_MAX parts."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise InvalidMultipart("no multipart boundary param in Content-Type")
    mark = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")
    # What is in front of the first boundary is nothing, and so is what stands behind the last one.
    _, *parts = (b"\r\n" + body).split(mark, PARTS_MAX + 1)
    count = next((at for at, part in enumerate(parts) if part.startswith(b"--")), None)
    if count is None:
        raise InvalidMultipart(f"more than {PARTS_MAX} parts" if len(parts) > PARTS_MAX else "unexpected EOF")
    return [value for part in parts[:count] if (value := _value(part)) is not None]


def _value(part: bytes) -> tuple[str, str] | None:
    """None for a file, and for a part without a name."""
    head, empty_line, content = part.partition(b"\r\n\r\n")
    if not empty_line or not head.lstrip(b" \t").startswith(b"\r\n") or len(head) > _HEADERS_BYTES_MAX:
        raise InvalidMultipart("malformed MIME header")
    disposition = _DISPOSITION.search(head + b"\r\n")
    found = dict[bytes, bytes]()
    for name, quoted, plain in _PARAMETER.findall(disposition[1] if disposition else b""):
        found[name.lower()] = _ESCAPED.sub(rb"\1", quoted) if quoted else plain
    if not found.get(b"name") or found.get(b"filename") or found.get(b"filename*"):
        return None
    return found[b"name"].decode("utf-8", "replace"), content.decode("utf-8", "replace")
