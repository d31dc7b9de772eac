"""Whole clusters on simulated machines: nothing acknowledged is ever missing from a complete answer, nothing is there twice, whatever fails.

Each seed is a run of its own; `lgtm-sim --seed N --journal` replays one that a failure names.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.mutants import MUTANTS
from sim.stories import STORIES

TESTS = Path(__file__).parents[1]
SEEDS, SEEDS_LONG, TOGETHER = 100, 1_000, 10
MUTANT_SEEDS, STORY_SEEDS = 200, 10
NOTICED_IN = {"timeout-is-down": ("--story", "cut-off")}
"""Mutants that what a seed draws shows once in dozens of seeds. The story alone violates nothing, as all stories."""


def lgtm_sim(*arguments: str, timeout_s: float = 900) -> subprocess.CompletedProcess[str]:
    """In a process of its own, for the order of its sets is part of what a seed decides."""
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(TESTS), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "sim", *arguments]
    return subprocess.run(command, env=environment, cwd=TESTS, capture_output=True, text=True, timeout=timeout_s, check=False)


def check(first: int, last: int) -> None:
    ran = lgtm_sim("--seeds", f"{first}:{last}", timeout_s=60 * (last - first))
    assert ran.returncode == 0, ran.stdout[-3_000:] + ran.stderr[-3_000:]
    assert f"{last - first} seeds, 0 with violations" in ran.stdout


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_no_seed_violates_anything(first: int) -> None:
    check(first, first + TOGETHER)


@pytest.mark.long
@pytest.mark.parametrize("first", range(SEEDS, SEEDS_LONG, 50))
def test_no_seed_of_many_violates_anything(first: int) -> None:
    check(first, first + 50)


@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_a_broken_program_is_noticed(mutant: str) -> None:
    ran = lgtm_sim("--seeds", f"0:{MUTANT_SEEDS}", "--mutant", mutant, *NOTICED_IN.get(mutant, ()))
    assert ran.returncode == 1, f"{mutant} was not noticed: {ran.stdout[-1_000:]}{ran.stderr[-1_000:]}"
    assert "violations" in ran.stdout


@pytest.mark.parametrize("story", sorted(STORIES))
def test_no_story_violates_anything(story: str) -> None:
    ran = lgtm_sim("--story", story, "--seeds", f"0:{STORY_SEEDS}")
    assert ran.returncode == 0, ran.stdout[-3_000:] + ran.stderr[-3_000:]


def test_a_seed_replays_exactly() -> None:
    digests = {match[1] for _ in range(2) if (match := re.search(r"digest ([0-9a-f]+)", lgtm_sim("--seed", "3").stdout))}
    assert len(digests) == 1
