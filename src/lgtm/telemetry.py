"""Our own telemetry: structured log events and the shape of metrics.

A log event is a fixed message plus fields, written as logfmt (`ts=… level=info logger=… msg="segment closed" bytes=4096`) or JSON. Metrics are
`prometheus_client` collectors on a registry that is handed in, never the global one, so that several nodes fit in one process. Each
package keeps its collectors in a class beside its code (`WalMetrics(registry)`), named `lgtm_<package>_<what>_<unit>`.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any, TextIO

LATENCY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def event(logger: logging.Logger, level: int, message: str, /, **fields: object) -> None:
    """Logs `message` with `fields`. The message is constant, what varies goes into fields."""
    logger.log(level, message, extra={"fields": fields})


class LogfmtFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_logfmt_value(value)}" for key, value in _pairs(self, record).items())


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_pairs(self, record), default=str, ensure_ascii=False)


def configure_logging(stream: TextIO, *, level: str = "info", fmt: str = "logfmt") -> None:
    """Sends every logger of the process to `stream`. level: debug, info, warn or error; fmt: logfmt or json."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if fmt == "json" else LogfmtFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel({"warn": "WARNING"}.get(level, level.upper()))


def _pairs(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, Any]:
    time = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    level = {"WARNING": "warn"}.get(record.levelname, record.levelname.lower())
    pairs: dict[str, Any] = {"ts": time, "level": level, "logger": record.name, "msg": record.getMessage()}
    pairs.update(getattr(record, "fields", {}))
    if record.exc_info:
        pairs["error"] = formatter.formatException(record.exc_info)
    return pairs


def _logfmt_value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    if text and not any(c in text for c in ' "=\\') and text.isprintable():
        return text
    return json.dumps(text, ensure_ascii=False)
