"""`lgtm check-config`: says what is wrong with a configuration without starting anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from lgtm.cli.serve import SetOption, assignments


def check_config(
    *,
    file: Annotated[Path | None, typer.Argument(help="The configuration; without one, the environment and the defaults are checked.")] = None,
    show: Annotated[bool, typer.Option("--print", help="Print what a node would run with; secrets are not shown.")] = False,
    settings: SetOption = None,
) -> None:
    """Check a configuration file, and the file of scrape_configs that it names. Exits with 1 and every problem if there is any."""
    from lgtm.app.config_load import load, shown, unknown_in
    from lgtm.app.scrape_jobs import read_jobs

    config = load(file, environ=os.environ, flags=assignments(settings or []))
    for text in read_jobs(config).ignored:
        print(f"lgtm: warning: {config.scrape.config_file}: {text}; passed over", file=sys.stderr)
    for name in unknown_in(os.environ):
        print(f"lgtm: warning: the environment variable {name} sets nothing", file=sys.stderr)
    if show:
        print(shown(config), end="")
    else:
        print("the configuration is valid")
