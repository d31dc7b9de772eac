"""The parameters of a request: those of the URL, and for a POST or PUT those of a form body, which come first. The rules are Go's `ParseForm`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote_plus

from starlette.requests import Request

from lgtm.api.errors import BodyTooSlow
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.multipart import MULTIPART, InvalidMultipart, multipart_values
from lgtm.errors import BadRequest
from lgtm.model.labels import quote
from lgtm.wire.bounds import BodyTooLarge

FORM = "application/x-www-form-urlencoded"
PAIRS_MAX = 10_000
INLINE_BYTES_MAX = 32 * 1024
"""Parameters up to this size are read at once, in 5 ms where every character is escaped; longer ones in a thread."""
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)


class InvalidForm(BadRequest):
    """Text that is not URL-encoded."""


class FormTooLarge(BodyTooLarge):
    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max

    def __str__(self) -> str:
        return f"request body too large: a form has at most {self.bytes_max} bytes"


@dataclass(slots=True, frozen=True)
class Form:
    """error: why parts of the text were passed over."""

    values: Mapping[str, Sequence[str]]
    error: InvalidForm | None = None

    def get(self, name: str) -> str:
        """The first value, or the empty string."""
        return self.values.get(name, ("",))[0]

    def all(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    @property
    def length(self) -> int:
        """Of all values, in characters."""
        return sum(len(value) for values in self.values.values() for value in values)


def parse_form(*texts: str, lenient: bool = False) -> Form:
    """Values of earlier texts come first. Raises InvalidForm, or when lenient goes on behind what cannot be read, as Go does."""
    values: dict[str, list[str]] = {}
    count, first_error = 0, None
    for text in texts:
        for pair in filter(None, text.split("&", PAIRS_MAX)):
            count += 1
            if count > PAIRS_MAX:
                raise InvalidForm(f"more than {PAIRS_MAX} parameters")
            try:
                name, value = _pair(pair)
            except InvalidForm as error:
                if not lenient:
                    raise
                first_error = first_error or error
            else:
                values.setdefault(name, []).append(value)
    return Form(values, first_error)


async def read_form(request: Request, config: QueryApiConfig, *, lenient: bool = False) -> Form:
    """Raises InvalidForm, FormTooLarge, BodyTooSlow, ClientDisconnect. lenient: as in parse_form, and forms of several parts are read, too.

    Values of such parts come behind those of the URL, and one that cannot be read is an empty form, as Go's `FormValue` has it.
    """
    texts = [request.scope["query_string"].decode("latin-1")]
    if len(texts[0]) > config.form_bytes_max:
        raise FormTooLarge(config.form_bytes_max)
    content_type = request.headers.get("content-type", "") if request.method in ("POST", "PUT") else ""
    if content_type.lower().startswith(FORM):
        texts.insert(0, (await read_body(request, config)).decode("latin-1"))
    form = await _parsed(sum(map(len, texts)), partial(parse_form, *texts, lenient=lenient))
    if lenient and content_type.lower().startswith(MULTIPART):
        body = await read_body(request, config)
        return await _parsed(len(body), partial(_with_parts, form, body, content_type))
    return form


async def _parsed(length: int, work: Callable[[], Form]) -> Form:
    return work() if length <= INLINE_BYTES_MAX else await asyncio.to_thread(work)


def _with_parts(form: Form, body: bytes, content_type: str) -> Form:
    values = {name: list(found) for name, found in form.values.items()}
    with suppress(InvalidMultipart):
        for name, value in multipart_values(body, content_type):
            values.setdefault(name, []).append(value)
    return Form(values, form.error)


async def read_body(request: Request, config: QueryApiConfig) -> bytes:
    """Of a question, which is small. Raises FormTooLarge, BodyTooSlow, ClientDisconnect."""
    try:
        async with asyncio.timeout(config.form_timeout_s):
            return await _body(request, config.form_bytes_max)
    except TimeoutError:
        raise BodyTooSlow(config.form_timeout_s) from None


async def _body(request: Request, bytes_max: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > bytes_max:
            raise FormTooLarge(bytes_max)
    return bytes(body)


def _pair(text: str) -> tuple[str, str]:
    if ";" in text:
        raise InvalidForm("invalid semicolon separator in query")
    name, _, value = text.partition("=")
    return _unescape(name), _unescape(value)


def _unescape(text: str) -> str:
    """text: one character a byte, as received."""
    if bad := _BAD_ESCAPE.search(text):
        raise InvalidForm(f"invalid URL escape {quote(bad[0])}")
    return unquote_plus(text.encode("latin-1").decode("utf-8", "replace"), errors="replace")
