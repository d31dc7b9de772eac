"""`lgtm ring`: who is in the cluster, whether another instance may be restarted, and forgetting one that will not come back."""

from __future__ import annotations

import urllib.parse
from typing import Annotated, Any

import typer

from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client

app = typer.Typer(help="The nodes of a cluster.", no_args_is_help=True)
TIMEOUT_S = 10.0
COLUMNS = ("id", "state", "address", "zone", "share", "single_copy_rows", "spilled_rows")


@app.command()
def status(*, addr: AddrOption = DEFAULT_ADDR) -> None:
    """Show all instances as one node sees them. Exits with 0 when another instance may be restarted now, else with 1 and the reasons."""
    with Client(addr, timeout_s=TIMEOUT_S) as client:
        shards = client.get("/ring")["shards"]
        settled = client.request("GET", "/ring/settled")
    print(table(shards))
    print(f"may another instance be restarted: {settled.body.decode('utf-8', 'replace').strip()}")
    raise typer.Exit(0 if settled.is_ok else 1)


@app.command()
def forget(instance: Annotated[str, typer.Argument(help="Its id, as `lgtm ring status` shows it.")], *, addr: AddrOption = DEFAULT_ADDR) -> None:
    """Bury the entry of an instance that will not come back. One that lives registers anew."""
    with Client(addr, timeout_s=TIMEOUT_S) as client:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = client.request("POST", "/ring", urllib.parse.urlencode({"forget": instance}).encode(), headers)
        if answer.status >= 400:
            raise answer.refusal()
    print(f"instance {instance} is forgotten")


def table(shards: list[dict[str, Any]]) -> str:
    rows = [COLUMNS, *(tuple(str(shard.get(name, "")) for name in COLUMNS) for shard in shards)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
