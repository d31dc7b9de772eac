import io
import json

import pytest

from lgtm.cli.entries import Entry
from lgtm.cli.output import Line, Output, Printer, Tone, label_text, one_line, printer

ENTRY = Entry(1_779_962_400_000_000_000, {"b": 'say "hi"', "a": "1", "detected_level": "error"}, "it\x1b[2J broke\t!")


def printed(output: Output, *, colours: bool = False, terminal: bool = False) -> str:
    stream = io.StringIO()
    Printer(stream, output, colours=colours, terminal=terminal).entries([ENTRY])
    return stream.getvalue()


def test_the_three_outputs_of_an_entry() -> None:
    assert printed(Output.default) == '2026-05-28T10:00:00Z {a="1", b="say \\"hi\\"", detected_level="error"} it\x1b[2J broke\t!\n'
    assert printed(Output.raw) == "it\x1b[2J broke\t!\n"
    assert json.loads(printed(Output.jsonl)) == {"labels": dict(ENTRY.labels), "line": ENTRY.line, "timestamp": "2026-05-28T10:00:00Z"}


def test_a_line_cannot_control_the_terminal() -> None:
    text = printed(Output.default, colours=True, terminal=True)
    assert "it\\x1b[2J broke\t!" in text
    assert "\x1b[2J" not in text
    assert "\x1b[31m" in text


def test_colours_are_for_terminals_without_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def coloured(stream: io.StringIO) -> bool:
        printer(Output.default, stream).entries([ENTRY])
        return "\x1b[" in stream.getvalue().replace("\x1b[2J", "")

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured(Terminal())
    assert not coloured(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured(Terminal())


MATRIX = {"resultType": "matrix", "result": [{"metric": {"app": "a"}, "values": [[1_779_962_400, "1"], [1_779_962_460.5, "100"]]}]}
VECTOR = {"resultType": "vector", "result": [{"metric": {}, "value": [1_779_962_400, "3"]}]}
SCALAR = {"resultType": "scalar", "result": [1_779_962_400, "2"]}


@pytest.mark.parametrize(
    ("data", "table"),
    [
        (MATRIX, '2026-05-28T10:00:00Z    1  {app="a"}\n2026-05-28T10:01:00.5Z  100  {app="a"}\n'),
        (VECTOR, "2026-05-28T10:00:00Z  3  {}\n"),
        (SCALAR, "2026-05-28T10:00:00Z  2  {}\n"),
    ],
)
def test_samples_become_a_table(data: dict[str, object], table: str) -> None:
    stream = io.StringIO()
    Printer(stream, Output.default, colours=False, terminal=False).metrics(data)
    assert stream.getvalue() == table


def test_samples_as_json_are_one_series_a_line() -> None:
    stream = io.StringIO()
    Printer(stream, Output.jsonl, colours=False, terminal=False).metrics(MATRIX)
    assert json.loads(stream.getvalue()) == MATRIX["result"][0]


def test_labels_are_quoted_as_in_a_selector() -> None:
    assert label_text({"b": "x\n", "a": "é"}) == '{a="é", b="x\\n"}'


def test_lines_have_the_colour_of_their_tone_where_there_are_colours() -> None:
    lines = [Line("plain"), Line("bad", Tone.ERROR), Line("aside", Tone.DIM)]
    for colours, text in ((False, "plain\nbad\naside\n"), (True, "plain\n\x1b[31mbad\x1b[0m\n\x1b[2maside\x1b[0m\n")):
        stream = io.StringIO()
        Printer(stream, Output.default, colours=colours, terminal=colours).lines(lines)
        assert stream.getvalue() == text


def test_a_text_in_a_column_is_one_line_whatever_it_holds() -> None:
    assert one_line("a\tb\nc\x1b\x9b") == "a b\\x0ac\\x1b\\x9b"
