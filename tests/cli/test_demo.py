import random
import re

from cli.command import lgtm
from cli.web import Reply, serving
from lgtm.cli.demo import ticks
from lgtm.cli.demo_shop import Shop
from lgtm.clock import NS_PER_S


class Time:
    """Waiting takes as long as it says, and `slow` longer."""

    def __init__(self, slow: float = 0.0) -> None:
        self.ns, self._slow = 1_779_962_400 * NS_PER_S, slow

    def now_ns(self) -> int:
        return self.ns

    def sleep(self, seconds: float) -> None:
        self.ns += int((seconds + self._slow) * NS_PER_S)


def test_the_rate_holds_in_the_long_run_however_slow_sending_is() -> None:
    for slow in (0.0, 1.7):
        counts = [len(tick.entries) for tick in ticks(Shop(random.Random(1)), 20.0, 100.0, Time(slow))]
        assert abs(sum(counts) - 2_000) <= 50


def test_a_rate_below_one_line_a_tick_makes_some_ticks_empty_and_sends_none_of_them() -> None:
    batches = list(ticks(Shop(random.Random(1)), 0.5, 60.0, Time()))
    assert all(tick.entries and tick.spans for tick in batches)
    assert 28 <= sum(len(tick.entries) for tick in batches) <= 33


def test_the_demo_speaks_loki_and_otlp_and_ends() -> None:
    with serving(lambda _: Reply(204)) as web:
        ran = lgtm("demo", "--rate", "200", "--duration", "0.1", "--addr", web.addr)
    assert ran.code == 0
    assert {asked.path for asked in web.asked} == {"/loki/api/v1/push", "/otlp/v1/logs", "/otlp/v1/traces"}
    assert re.search(r"\d+ lines and \d+ spans acknowledged", ran.err)
