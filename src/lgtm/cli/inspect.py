"""`lgtm inspect`: looks at a log or at blocks on disk, also those of a running node. It finds damage, and never changes anything."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from lgtm.errors import NotFound

app = typer.Typer(help="Look at what lies on disk: finds damage, never changes anything.", no_args_is_help=True, rich_markup_mode=None)
JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of text, one document a line.")]


@app.command()
def wal(
    path: Annotated[Path, typer.Argument(metavar="DIR|SEGMENT", help="The directory of a log, such as data/wal, or one segment file.")],
    *,
    as_json: JsonOption = False,
    frames: Annotated[bool, typer.Option("--frames", help="Also every frame of every segment.")] = False,
) -> None:
    """Describe a write-ahead log. Exits with 1 when acknowledged frames cannot be read."""
    from lgtm.wal.disk import OsDisk
    from lgtm.wal.inspect import inspect_log, inspect_segment

    if path.is_file():
        segment = inspect_segment(OsDisk(), path)
        _print(segment.as_json(), "\n".join(segment.lines()) + "\n", as_json=as_json)
        raise typer.Exit(1 if segment.survey.read_errors or any(not bad.is_zero for bad in segment.survey.bad) else 0)
    log = inspect_log(OsDisk(), path, with_frames=frames)
    _print(log.as_json(), log.as_text(), as_json=as_json)
    raise typer.Exit(1 if log.verdict.damage or log.missing else 0)


@app.command()
def block(
    path: Annotated[Path, typer.Argument(metavar="DIR|META", help="A block, its meta.json, or any directory above blocks, such as data/blocks.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Describe blocks and check every byte of them. Exits with 1 when one is damaged."""
    from lgtm.blocks.inspect import inspect_block

    damaged = False
    for one in _blocks(path):
        description = inspect_block(one)
        damaged = damaged or bool(description.damage)
        _print(description.as_json(), description.as_text(), as_json=as_json)
    raise typer.Exit(1 if damaged else 0)


def _blocks(path: Path) -> Iterator[Path]:
    if path.is_file() or (path / "meta.json").exists():
        yield path
        return
    found = sorted(meta.parent for meta in path.rglob("meta.json"))
    if not found:
        raise NotFound(f"no block in {path}")
    yield from found


def _print(document: object, text: str, *, as_json: bool) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n" if as_json else text)
