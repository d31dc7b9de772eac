"""`python -m benchmarks`: every benchmark, one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

from benchmarks import (
    bench_blocks,
    bench_cluster,
    bench_ingest,
    bench_promql,
    bench_queries,
    bench_recovery,
    bench_samples,
    bench_series,
    bench_spanmetrics,
    bench_spans,
    bench_traces,
    bench_wal,
)
from benchmarks.report import SOURCE, Figure, machine, table
from benchmarks.scale import FULL, TINY, Scale

BENCHMARKS: dict[str, Callable[[Scale], list[Figure]]] = {
    "wal": bench_wal.run,
    "blocks": bench_blocks.run,
    "ingest": bench_ingest.run,
    "queries": bench_queries.run,
    "traces": bench_traces.run,
    "promql": bench_promql.run,
    "spanmetrics": bench_spanmetrics.run,
    "recovery": bench_recovery.run,
    "spans": bench_spans.run,
    "samples": bench_samples.run,
    "series": bench_series.run,
    "cluster": bench_cluster.run,
}
SCALES = {"full": FULL, "tiny": TINY}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Runs the benchmarks and prints one table of figures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--scale", choices=SCALES, default="full", help="full: 1,000,000 lines, minutes. tiny: each once, in seconds")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    about, figures = machine(), list[Figure]()
    for name in options.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        figures += BENCHMARKS[name](SCALES[options.scale])
    if options.scale == "tiny":
        figures = [replace(figure, target=None, peers="") for figure in figures]  # nothing to compare: starting is all it measures
    print(f"{about}\n{SOURCE}\n\n{table(figures)}")


if __name__ == "__main__":
    main()
