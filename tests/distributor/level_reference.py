"""How a level is found in a line, written for the reader alone: one character after the other, no patterns."""

from __future__ import annotations

SPELLINGS = {
    "trace": ("trace", "trc"),
    "debug": ("debug", "dbg"),
    "info": ("info", "inf", "information"),
    "warn": ("warn", "wrn", "warning"),
    "error": ("error", "err"),
    "critical": ("critical",),
    "fatal": ("fatal",),
}
WORDS = ("trace", "debug", "fatal", "critical", "error", "err", "warning", "warn", "info")
LEFT = " \t\n[({\"'=|"
RIGHT = LEFT + "])}:,!"
SPACE = " \t\n\v\f\r"


def reference_level(line: str, names: tuple[str, ...], depth_max: int) -> str:
    trimmed = line.strip(SPACE)
    value = ""
    if trimmed[:1] == "{" and trimmed[-1:] == "}":
        value = _Json(trimmed, names, depth_max).find()
    elif "=" in line:
        value = _logfmt(line, names)
    return _level_of(value) or _word(line)


def _level_of(value: str) -> str:
    return next((level for level, spellings in SPELLINGS.items() if value.lower() in spellings), "")


def _word(line: str) -> str:
    lower = line.lower()
    for at in range(len(lower)):
        if at and lower[at - 1] not in LEFT:
            continue
        for word in WORDS:
            end = at + len(word)
            if lower[at:end] == word and (end == len(lower) or lower[end] in RIGHT):
                return _level_of(word)
    return "unknown"


def _logfmt(line: str, names: tuple[str, ...]) -> str:
    found: dict[str, str] = {}
    at = 0
    while at < len(line):
        if line[at] <= " ":
            at += 1
            continue
        start = at
        while at < len(line) and line[at] > " " and line[at] not in '="':
            at += 1
        key = line[start:at].lower()
        if at == start or line[at : at + 1] == '"':
            break  # malformed
        if line[at : at + 1] != "=":
            continue  # a bare word
        at += 1
        start = at
        if line[at : at + 1] == '"':
            at += 1
            while at < len(line) and line[at] != '"':
                at += 2 if line[at] == "\\" else 1
            if at >= len(line):
                break  # malformed
            found.setdefault(key, line[start + 1 : at])
            at += 1
        else:
            while at < len(line) and line[at] > " " and line[at] not in '="':
                at += 1
            if at < len(line) and line[at] in '="':
                break  # malformed
            found.setdefault(key, line[start:at])
    return next((found[name.lower()] for name in names if name.lower() in found), "")


class _Malformed(Exception):
    pass


class _Found(Exception):
    pass


class _Json:
    """Recursive descent; a value that is not searched is only matched by its brackets."""

    def __init__(self, text: str, names: tuple[str, ...], depth_max: int) -> None:
        self.text, self.at, self.names, self.depth_max = text, 0, names, depth_max

    def find(self) -> str:
        try:
            self._object(1)
        except _Malformed:
            return ""
        except _Found as found:
            return str(found.args[0])
        return ""

    def _peek(self) -> str:
        while self.at < len(self.text) and self.text[self.at] in SPACE:
            self.at += 1
        return self.text[self.at : self.at + 1]

    def _take(self, character: str) -> None:
        if self._peek() != character:
            raise _Malformed
        self.at += 1

    def _object(self, depth: int) -> None:
        self._take("{")
        if self._peek() == "}":
            self.at += 1
            return
        while True:
            self._member(depth)
            if self._peek() == "}":
                self.at += 1
                return
            self._take(",")

    def _member(self, depth: int) -> None:
        key = self._string()
        self._take(":")
        first = self._peek()
        if first == '"':
            value = self._string()
            if key in self.names:
                raise _Found(value)
        elif first == "{" and (depth < self.depth_max or self.depth_max <= 0):
            self._object(depth + 1)
        elif first in ("{", "["):
            self._skip()
        else:
            start = self.at
            while self.at < len(self.text) and self.text[self.at] not in SPACE + '"{}[],:':
                self.at += 1
            if self.at == start:
                raise _Malformed

    def _string(self) -> str:
        self._take('"')
        start = self.at
        while self.at < len(self.text) and self.text[self.at] != '"':
            self.at += 2 if self.text[self.at] == "\\" else 1
        if self.at >= len(self.text):
            raise _Malformed
        self.at += 1
        return self.text[start : self.at - 1]

    def _skip(self) -> None:
        open_brackets = 0
        while True:
            character = self._peek()
            if not character:
                raise _Malformed
            if character == '"':
                self._string()
                continue
            self.at += 1
            open_brackets += (character in "{[") - (character in "}]")
            if not open_brackets:
                return
