"""Entry point: joins the subcommands and turns what goes wrong into an exit code.

0: done, or help was asked for. 1: it went wrong, and standard error says why. 2: the command line makes no sense.
`serve` has codes of its own beyond these, see lgtm.app.node.
"""

from __future__ import annotations

import sys

import typer

from lgtm.cli import inspect, query, ring
from lgtm.cli.check_config import check_config
from lgtm.cli.cluster import cluster
from lgtm.cli.demo import demo
from lgtm.cli.drill import drill
from lgtm.cli.health import health
from lgtm.cli.push import push
from lgtm.cli.serve import serve
from lgtm.cli.version import version
from lgtm.errors import LgtmError

app = typer.Typer(
    name="lgtm",
    help="Logs, traces and metrics for small teams, in one program.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # importing rich takes as long as everything else together
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.add_typer(query.app, name="query")
app.command()(push)
app.add_typer(inspect.app, name="inspect")
app.add_typer(ring.app, name="ring")
app.command()(cluster)
app.command()(drill)
app.command("check-config")(check_config)
app.command()(demo)
app.command()(health)
app.command()(version)


def main() -> None:
    try:
        app()
    except (LgtmError, OSError) as error:
        for line in str(error).splitlines():
            print(f"lgtm: {line}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
