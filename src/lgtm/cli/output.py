"""How answers are printed: for people, as bare lines, or as one JSON object a line. Colours only on a terminal, and never with NO_COLOR."""

from __future__ import annotations

import enum
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TextIO

from lgtm.cli.entries import Entry
from lgtm.cli.times import format_time
from lgtm.clock import NS_PER_S
from lgtm.model.labels import format_labels

_DIM, _CYAN, _RED, _RESET = "\x1b[2m", "\x1b[36m", "\x1b[31m", "\x1b[0m"
_LEVEL_COLOURS = {"error": _RED, "critical": _RED, "fatal": _RED, "warn": "\x1b[33m", "debug": _DIM, "trace": _DIM}
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\t"}
_CONTROL_AND_TAB = {**_CONTROL, ord("\t"): " "}


class Output(enum.StrEnum):
    default = "default"
    raw = "raw"
    jsonl = "jsonl"


class Tone(enum.Enum):
    PLAIN = ""
    ERROR = _RED
    DIM = _DIM


@dataclass(slots=True, frozen=True)
class Line:
    """text: without control characters, see `one_line`."""

    text: str
    tone: Tone = Tone.PLAIN


class Printer:
    """Prints to `stream`. On a terminal, control characters of lines are shown instead of obeyed: whoever writes a log does not own the screen."""

    def __init__(self, stream: TextIO, output: Output, *, colours: bool, terminal: bool) -> None:
        self._stream, self._output, self._colours, self._terminal = stream, output, colours, terminal

    def entries(self, entries: Iterable[Entry]) -> None:
        self._write(map(self._entry, entries))

    def metrics(self, data: Mapping[str, Any]) -> None:
        """The `data` of an answer that is a matrix, a vector or a scalar."""
        kind, result = data["resultType"], data["result"]
        if kind == "scalar":
            result = [{"metric": {}, "value": result}]
        if self._output is Output.default:
            self._write(_table(result))
        else:
            self.documents(result)

    def texts(self, texts: Iterable[str]) -> None:
        self._write(json.dumps(text, ensure_ascii=False) if self._output is Output.jsonl else self._shown(text) for text in texts)

    def label_sets(self, sets: Iterable[Mapping[str, str]]) -> None:
        self._write(json.dumps(labels, ensure_ascii=False) if self._output is Output.jsonl else self._shown(label_text(labels)) for labels in sets)

    def lines(self, lines: Iterable[Line]) -> None:
        self._write(f"{line.tone.value}{line.text}{_RESET}" if self._colours and line.tone.value else line.text for line in lines)

    def documents(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """One JSON object a line."""
        self._write(json.dumps(document, ensure_ascii=False) for document in documents)

    def _entry(self, entry: Entry) -> str:
        if self._output is Output.raw:
            return entry.line
        if self._output is Output.jsonl:
            return json.dumps({"labels": entry.labels, "line": entry.line, "timestamp": format_time(entry.ts_ns)}, ensure_ascii=False)
        time, labels, line = format_time(entry.ts_ns), self._shown(label_text(entry.labels)), self._shown(entry.line)
        if not self._colours:
            return f"{time} {labels} {line}"
        colour = _LEVEL_COLOURS.get(entry.labels.get("detected_level", ""), "")
        return f"{_DIM}{time}{_RESET} {_CYAN}{labels}{_RESET} {colour}{line}{_RESET if colour else ''}"

    def _shown(self, text: str) -> str:
        return text.translate(_CONTROL) if self._terminal else text

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._stream.write(line + "\n")
        self._stream.flush()


def printer(output: Output, stream: TextIO | None = None) -> Printer:
    stream = stream or sys.stdout
    terminal = stream.isatty()
    return Printer(stream, output, colours=terminal and not os.environ.get("NO_COLOR"), terminal=terminal)


def one_line(text: str) -> str:
    """For columns: control characters are shown, whatever the output is, and tabs are spaces."""
    return text.translate(_CONTROL_AND_TAB)


def label_text(labels: Mapping[str, str]) -> str:
    return format_labels(sorted(labels.items()))


def _table(result: list[dict[str, Any]]) -> Iterator[str]:
    """One row a sample: time, value, labels; series below each other, aligned."""
    for series in result:
        samples = series.get("values") or ([series["value"]] if "value" in series else [])
        width = max((len(str(value)) for _, value in samples), default=0)
        labels = label_text(series["metric"])
        for time, value in samples:
            yield f"{format_time(round(float(time) * 1_000) * (NS_PER_S // 1_000))}  {value:>{width}}  {labels}"
