"""`lgtm serve`: runs a node until it is told to stop, and says where to send what and where to look."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lgtm.app.addresses import Addresses
    from lgtm.app.config import Config

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration in YAML; see docs/configuration.md.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any key of the configuration, such as wal.quiet_s=2.")]
_EVERYWHERE = ("0.0.0.0", "::", "")


def serve(
    *,
    config: ConfigOption = None,
    target: Annotated[str | None, typer.Option(help="Parts of the program to run. So far there is only all.")] = None,
    data_dir: Annotated[str | None, typer.Option(metavar="DIR", help="Where everything is kept on disk.")] = None,
    http_port: Annotated[int | None, typer.Option(metavar="N", help="Port of every HTTP API; 0 for any free one.")] = None,
    otlp_http_port: Annotated[int | None, typer.Option(metavar="N", help="Port of OTLP over HTTP; 0 for any free one.")] = None,
    otlp_grpc_port: Annotated[int | None, typer.Option(metavar="N", help="Port of OTLP over gRPC; 0 for any free one.")] = None,
    settings: SetOption = None,
) -> None:
    """Run a node: takes logs and traces in and answers queries."""
    gc.disable()  # what is imported and replayed stays: looking for cycles in it takes a tenth of a start. `run` switches it on again

    from lgtm.app.config_load import load, unknown_in

    flags = {
        "target": target,
        "data_dir": data_dir,
        "server.http_port": http_port,
        "server.otlp_http_port": otlp_http_port,
        "server.otlp_grpc_port": otlp_grpc_port,
    }
    given = {name: str(value) for name, value in flags.items() if value is not None}
    loaded = load(config, environ=os.environ, flags=assignments(settings or []) | given)
    for name in unknown_in(os.environ):
        print(f"lgtm: warning: the environment variable {name} sets nothing", file=sys.stderr)
    from lgtm.app.node import run

    def greet(addresses: Addresses) -> None:
        program = sys.argv[0] if sys.argv[0].endswith("lgtm") else "lgtm"
        print("\n".join(greeting(loaded, addresses, program)), flush=True)

    raise typer.Exit(run(loaded, greet))


def assignments(settings: list[str]) -> dict[str, str]:
    """`key=value` texts taken apart. A text without `=` is a usage error."""
    pairs = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise typer.BadParameter(f"{setting!r} is not KEY=VALUE", param_hint="--set")
        pairs[name.strip()] = value
    return pairs


def greeting(config: Config, addresses: Addresses, program: str = "lgtm") -> Iterator[str]:
    """Lines for whoever started the node at a terminal. program: how this command was called."""
    host = "127.0.0.1" if addresses.host in _EVERYWHERE else addresses.host
    host = f"[{host}]" if ":" in host else host
    http = f"http://{host}:{addresses.http_port}"
    yield f"lgtm is ready. Data is in {config.data_dir}."
    yield "Send logs, traces and metrics to"
    yield f"  Loki push     {http}/loki/api/v1/push    (logs: Alloy, Promtail, Fluent Bit, Vector, `lgtm push`)"
    yield f"  OTLP/HTTP     http://{host}:{addresses.otlp_http_port}    (OTEL_EXPORTER_OTLP_ENDPOINT), or {http}/otlp"
    yield f"  OTLP/gRPC     http://{host}:{addresses.otlp_grpc_port}"
    yield f"  remote write  {http}/api/v1/write    (metrics: Prometheus, Alloy)"
    yield "Look at them with"
    yield f"  Grafana       data sources of type Loki, Tempo and Prometheus with the URL {http}; docs/grafana.md joins them"
    yield f"""  terminal      {program} query logs '{{service_name=~".+"}}' --addr {http}"""
    yield f"""                {program} query traces '{{}}' --addr {http}"""
    yield f"""                {program} query metrics 'up' --addr {http}"""
    yield f"  logcli        LOKI_ADDR={http}"
    yield f"The node itself: {http}/ready  {http}/metrics  {http}/config"
    if config.auth_enabled:
        yield "Requests must name their tenant in the header X-Scope-OrgID."
