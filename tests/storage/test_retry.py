from __future__ import annotations

import random

import pytest

from lgtm.clock import ManualClock
from lgtm.storage.config import S3Config
from lgtm.storage.retry import RetryBudget, wait_s

CONFIG = S3Config(backoff_first_s=0.1, backoff_max_s=20)


@pytest.mark.parametrize(("tries", "bound"), [(1, 0.1), (2, 0.2), (3, 0.4), (8, 12.8), (9, 20), (2_000, 20)])
def test_waits_fill_an_interval_that_doubles_up_to_a_bound(tries: int, bound: float) -> None:
    rng = random.Random(1)
    waits = [wait_s(CONFIG, tries, rng) for _ in range(1_000)]
    assert 0 <= min(waits) < 0.05 * bound
    assert 0.95 * bound < max(waits) <= bound


async def test_the_budget_is_spent_and_fills_again() -> None:
    clock = ManualClock()
    budget = RetryBudget(clock, per_s=2)
    assert [budget.take() for _ in range(22)] == [True] * 20 + [False] * 2
    await clock.advance(1.5)
    assert [budget.take() for _ in range(4)] == [True] * 3 + [False]
    await clock.advance(3_600)
    assert [budget.take() for _ in range(21)] == [True] * 20 + [False]
