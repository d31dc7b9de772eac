"""`name="path"` behind `json` and `logfmt`, and the two little path languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lgtm.logql.json_line import JsonStep
from lgtm.model.labels import quote

_JSON_TOKEN = re.compile(
    r'\s*(?:(?P<DOT>\.)|(?P<LSB>\[)|(?P<RSB>\])|(?P<INDEX>[0-9]+)(?=[\s.\]])|(?P<FIELD>[A-Za-z_][A-Za-z0-9_]*)|"(?P<STRING>(?:[^"\\]|\\.)*)")'
)
_END = "$end"
_LOGFMT_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(slots=True, frozen=True)
class Extraction:
    """explicit: whether the path was written; `json x` means `json x="x"`."""

    name: str
    path: str
    explicit: bool = True

    def __str__(self) -> str:
        return f"{self.name}={quote(self.path)}"


def join_extractions(extractions: tuple[Extraction, ...]) -> str:
    return " " + ",".join(str(e) for e in extractions) if extractions else ""


def parse_json_path(text: str) -> tuple[JsonStep, ...]:
    """`servers[0].host`, `["User-Agent"]` → steps from the outermost. Raises ValueError with Loki's text."""
    steps: list[JsonStep] = []
    tokens = _json_tokens(text)
    kind, value = _expect(text, next(tokens), ("LSB", "FIELD"))
    while kind != _END:
        if kind == "LSB":
            kind, value = _expect(text, next(tokens), ("STRING", "INDEX"))
            steps.append(int(value) if kind == "INDEX" else _unescape(value))
            _expect(text, next(tokens), ("RSB",))
        elif kind == "DOT":
            _, value = _expect(text, next(tokens), ("FIELD",))
            steps.append(value)
        else:
            steps.append(value)
        kind, value = next(tokens)
        if kind not in (_END, "LSB", "DOT"):
            raise _unexpected(text, kind)
    return tuple(steps)


def check_logfmt_path(text: str) -> None:
    """A path of logfmt is one key. Raises ValueError with Loki's text."""
    rest = text.strip()
    if not rest:
        raise ValueError(f"cannot parse expression [{text}]: syntax error: unexpected $end, expecting KEY")
    match = _LOGFMT_KEY.match(rest)
    after = rest[match.end() :].lstrip() if match else rest
    if not after:
        return
    if _LOGFMT_KEY.match(after):
        raise ValueError(f"cannot parse expression [{text}]: syntax error: unexpected KEY")
    raise ValueError(f"cannot parse expression [{text}]: unexpected char {after[0]}")


def _json_tokens(text: str) -> Iterator[tuple[str, str]]:
    """What is no token ends the text, as it does for Loki."""
    position = 0
    while match := _JSON_TOKEN.match(text, position):
        assert match.lastgroup is not None
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()
    while True:
        yield _END, ""


def _expect(text: str, token: tuple[str, str], kinds: tuple[str, ...]) -> tuple[str, str]:
    if token[0] not in kinds:
        raise _unexpected(text, token[0], kinds)
    return token


def _unexpected(text: str, kind: str, kinds: tuple[str, ...] = ()) -> ValueError:
    expecting = f", expecting {' or '.join(kinds)}" if kinds else ""
    return ValueError(f"cannot parse expression [{text}]: syntax error: unexpected {kind}{expecting}")


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
