"""Each benchmark runs once, tiny: that it works and answers, not what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.scale import TINY

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_and_measures_all_that_it_names(name: str) -> None:
    figures = BENCHMARKS[name](TINY)
    assert figures
    assert [figure.what for figure in figures if isinstance(figure.ours, str)] == []


def test_one_command_prints_one_table() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "wal", "--scale", "tiny"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n| WAL") == len(BENCHMARKS["wal"](TINY))


def test_an_unknown_benchmark_is_named() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks", "wall"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no benchmark wall; there are wal, blocks" in done.stderr
