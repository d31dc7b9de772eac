from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from lgtm.telemetry import JsonFormatter, LogfmtFormatter, configure_logging, event

logger = logging.getLogger("lgtm.test")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def written(formatter: logging.Formatter, **fields: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    try:
        event(logger, logging.WARNING, "segment closed", **fields)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue().rstrip("\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("two words", '"two words"'),
        ("", '""'),
        ('a"b', '"a\\"b"'),
        ("a=b", '"a=b"'),
        ("a\nb", '"a\\nb"'),
        (0.1234567, "0.123457"),
        (3, "3"),
        (None, "None"),
    ],
)
def test_fields_become_logfmt_that_stays_on_one_line(value: object, text: str) -> None:
    line = written(LogfmtFormatter(), what=value)
    assert line.endswith(f' level=warn logger=lgtm.test msg="segment closed" what={text}')
    assert line.startswith("ts=20")
    assert "\n" not in line


def test_fields_become_json() -> None:
    document = json.loads(written(JsonFormatter(), bytes=4096, path="é"))
    assert document.pop("ts").endswith("Z")
    assert document == {"level": "warn", "logger": "lgtm.test", "msg": "segment closed", "bytes": 4096, "path": "é"}


def test_a_traceback_is_a_field() -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        record = logger.makeRecord("lgtm.test", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    line = LogfmtFormatter().format(record)
    assert "ValueError: broken" in line
    assert "\n" not in line


@pytest.mark.parametrize(("level", "shown"), [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_events_below_the_level_are_not_written(root: logging.Logger, level: str, shown: int) -> None:
    stream = io.StringIO()
    configure_logging(stream, level=level)
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        event(logger, number, "happened")
    assert len(stream.getvalue().splitlines()) == shown
