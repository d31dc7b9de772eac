"""`lgtm push`: lines of files or of standard input into a node."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from lgtm.cli.batches import Batch
from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client, Refused, TenantOption
from lgtm.cli.send import Sender
from lgtm.clock import SystemClock

PUSH_PATH = "/loki/api/v1/push"
WAIT_S_MAX = 1.0
"""A line of a pipe that pauses is sent after this long, also when its batch is not full."""
REFUSALS_SHOWN_MAX = 5
_QUEUED_LINES_MAX = 10_000
_PROGRESS_INTERVAL_S = 0.5


def push(
    files: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Files to send; standard input without any, or for -.")] = None,
    *,
    labels: Annotated[list[str] | None, typer.Option("--label", "-l", metavar="NAME=VALUE", help="Label of the stream; may be repeated.")] = None,
    retry: Annotated[float, typer.Option("--retry", metavar="SECONDS", help="How long to try again when the node is busy or away.")] = 60.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no summary.")] = False,
    addr: AddrOption = DEFAULT_ADDR,
    tenant: TenantOption = None,
) -> None:
    """Send the lines of files or of standard input to a node. Exits with 0 only when every line was acknowledged."""
    stream = parse_labels(labels or ["service_name=lgtm-push"])
    with Client(addr, tenant) as client:
        progress = Progress(shown=not quiet)
        sender = Sender(client, PUSH_PATH, time.sleep, retry)
        for name in files or [Path("-")]:
            is_stdin = str(name) == "-"
            with sys.stdin.buffer if is_stdin else name.open("rb") as file:
                batch = Batch(stream if is_stdin else {"filename": str(name), **stream}, SystemClock())
                _push_lines(arriving(file), batch, sender, progress)
        progress.end(sender.retries)
    raise typer.Exit(1 if progress.refused_lines else 0)


def parse_labels(texts: list[str]) -> dict[str, str]:
    """`name=value` texts as labels. One that is not is a usage error."""
    labels = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--label")
        labels[name] = value
    return labels


def arriving(file: BinaryIO) -> Iterator[bytes | None]:
    """Lines without their ends, and None whenever none has come for WAIT_S_MAX. A thread reads, so that a pipe may pause."""
    lines: queue.Queue[bytes | BaseException | None] = queue.Queue(_QUEUED_LINES_MAX)

    def read() -> None:
        try:
            for line in file:
                lines.put(line.rstrip(b"\r\n"))
            lines.put(None)
        except BaseException as error:
            lines.put(error)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=WAIT_S_MAX)
        except queue.Empty:
            yield None
            continue
        if line is None:
            return
        if isinstance(line, BaseException):
            raise line
        yield line


def _push_lines(lines: Iterator[bytes | None], batch: Batch, sender: Sender, progress: Progress) -> None:
    for line in lines:
        if line is not None:
            batch.add(line)
        if line is None or batch.is_full:
            _push_batch(batch, sender, progress)
    _push_batch(batch, sender, progress)


def _push_batch(batch: Batch, sender: Sender, progress: Progress) -> None:
    if (body := batch.take()) is None:
        return
    try:
        sender.send(body.data)
    except Refused as error:
        progress.refused(body.line_count, error)
    else:
        progress.sent(body.line_count, body.line_bytes)


class Progress:
    """What was sent, on standard error: in place while it goes on if that is a terminal, and once at the end."""

    def __init__(self, *, shown: bool) -> None:
        self._shown, self._terminal = shown, sys.stderr.isatty()
        self._began_s = self._drawn_s = time.monotonic()
        self.lines = self.nbytes = self.refused_lines = self._refusals = 0

    def sent(self, lines: int, nbytes: int) -> None:
        self.lines, self.nbytes = self.lines + lines, self.nbytes + nbytes
        if self._shown and self._terminal and time.monotonic() - self._drawn_s >= _PROGRESS_INTERVAL_S:
            self._drawn_s = time.monotonic()
            print(f"\r{self}\x1b[K", end="", file=sys.stderr, flush=True)

    def refused(self, lines: int, error: Refused) -> None:
        """A node stores the valid lines of a batch that it refuses in part; which ones, its message says."""
        self.refused_lines += lines
        self._refusals += 1
        if self._refusals <= REFUSALS_SHOWN_MAX:
            print(f"lgtm: a batch of {lines} lines was refused, wholly or in part: {error}", file=sys.stderr)

    def end(self, retries: int) -> None:
        if self._shown:
            start, end = ("\r", "\x1b[K") if self._terminal else ("", "")
            tried = f", {retries} retries" if retries else ""
            refused = f", {self.refused_lines} lines in refused batches" if self.refused_lines else ""
            print(f"{start}{self}{tried}{refused}{end}", file=sys.stderr)

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self._began_s, 1e-3)
        return f"{self.lines:,} lines, {self.nbytes / 2**20:,.1f} MiB acknowledged, {self.lines / seconds:,.0f} lines/s"
