"""The options that say which stretch of time a question is about, and how its answer is printed."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from lgtm.cli.output import Output
from lgtm.cli.times import parse_since, parse_time

Since = Annotated[str, typer.Option(metavar="DURATION", help="How far back to look, when there is no --from.")]
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="Begin of the range: RFC 3339, a date, or seconds since the epoch.")]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="End of the range, not included. Now, when missing.")]
Step = Annotated[str | None, typer.Option(metavar="DURATION", help="Time between two samples of a metric query.")]
OutputOption = Annotated[Output, typer.Option("--output", "-o", help="default: for people; raw: lines only; jsonl: one JSON object a line.")]
HOUR = "1h"


def time_range(since: str, begin: str | None, end: str | None) -> tuple[int, int]:
    """[start_ns, end_ns) of the options; what cannot be read is a usage error."""
    end_ns = time_of(end, "--to") if end else time.time_ns()
    try:
        start_ns = time_of(begin, "--from") if begin else end_ns - parse_since(since)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from error
    if start_ns >= end_ns:
        raise typer.BadParameter("the range ends before it begins", param_hint="--to")
    return start_ns, end_ns


def time_of(text: str, option: str) -> int:
    """ns since the epoch; what cannot be read is a usage error of that option."""
    try:
        return parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
