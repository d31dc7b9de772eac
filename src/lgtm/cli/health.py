"""`lgtm health`: whether a node is ready, for health checks of containers whose image has no curl."""

from __future__ import annotations

import typer

from lgtm.cli.client import DEFAULT_ADDR, AddrOption, Client

TIMEOUT_S = 5.0


def health(*, addr: AddrOption = DEFAULT_ADDR) -> None:
    """Ask a node whether it is ready. Exits with 0 when it is, with 1 and the reason when it is not."""
    with Client(addr, timeout_s=TIMEOUT_S) as client:
        answer = client.request("GET", "/ready")
    print(answer.body.decode("utf-8", "replace").strip())
    raise typer.Exit(0 if answer.is_ok else 1)
