"""`lgtm-sim`: runs seeds, and prints what a seed does that violates something.

lgtm-sim --seed 7 --journal      one seed, with everything that happened
lgtm-sim --seeds 0:1000 --jobs 2 many, two at a time
lgtm-sim --story NAME            a certain trouble instead of what the seed draws
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence

if os.environ.get("PYTHONHASHSEED") != "0":
    os.environ["PYTHONHASHSEED"] = "0"  # the order of sets is part of what a seed decides
    os.execv(sys.executable, [sys.executable, "-m", "sim", *sys.argv[1:]])

from sim import objects
from sim.faults import make_trouble
from sim.loop import PROCESS
from sim.mutants import MUTANTS
from sim.run import Outcome, Script, run
from sim.stories import STORIES


class _Format(logging.Formatter):
    """Who, and what."""

    def format(self, record: logging.LogRecord) -> str:
        process = PROCESS.get()
        text = f"{process.name if process else 'sim':9} {record.getMessage()} {getattr(record, 'fields', '')}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def outcomes(seeds: Sequence[int], jobs: int, trouble: Script) -> Iterator[Outcome]:
    """Of each seed in order, each in a process of its own: what an earlier cluster left in memory must not decide anything."""
    running: deque[_Running] = deque()
    try:
        for seed in seeds:
            running.append(_Running(seed, trouble))
            if len(running) == jobs:
                yield running.popleft().outcome()
        while running:
            yield running.popleft().outcome()
    finally:
        for one in running:
            one.process.kill()


class _Running:
    def __init__(self, seed: int, trouble: Script) -> None:
        self._seed = seed
        context = multiprocessing.get_context("fork")
        self._receiver, sender = context.Pipe(duplex=False)
        self.process = context.Process(target=lambda: sender.send(run(seed, trouble=trouble)))
        self.process.start()
        sender.close()

    def outcome(self) -> Outcome:
        """Ends the program when the process ended without one."""
        try:
            found: Outcome = self._receiver.recv()
        except EOFError:
            self.process.join()
            sys.exit(f"seed {self._seed} ended with exit code {self.process.exitcode} and no outcome; lgtm-sim --seed {self._seed} --log shows more")
        self.process.join()
        return found


def _counted(acked: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in acked.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="lgtm-sim", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="replay one seed")
    parser.add_argument("--seeds", default="0:100", metavar="FROM:TO", help="the second is not included")
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="break the program on purpose; ends at the first seed that notices")
    parser.add_argument("--story", choices=sorted(STORIES), help="trouble that is told, not drawn")
    parser.add_argument("--journal", action="store_true", help="print what happened")
    parser.add_argument("--log", action="store_true", help="print what the nodes log")
    parser.add_argument("--objects", type=float, metavar="MB/s", help="instead: how many objects are written under a steady load")
    parser.add_argument("--hours", type=float, default=31.0, help="of --objects")
    given = parser.parse_args()
    sys.unraisablehook = lambda _: None  # what dead processes leave behind is collected, not run
    logging.disable(logging.NOTSET if given.log else logging.CRITICAL)
    if given.objects:
        return objects.main(given.objects, given.hours)
    if given.log:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(_Format())
        logging.basicConfig(level=logging.INFO, handlers=[handler])
    first, last = (given.seed, given.seed + 1) if given.seed is not None else map(int, given.seeds.split(":"))
    if given.mutant:
        MUTANTS[given.mutant]()
    began, bad, acked = time.monotonic(), 0, Counter[str]()
    seed = first
    for outcome in outcomes(range(first, last), given.jobs, STORIES.get(given.story, make_trouble)):
        seed = outcome.seed
        acked += outcome.acked
        if given.journal:
            print("\n".join(outcome.journal))
        if given.journal or given.seed is not None:
            print(f"seed {seed}: {_counted(outcome.acked)} acknowledged, {dict(outcome.attempts)}, "
                  f"answers {dict(outcome.answers)}, slowest ack {outcome.slowest_ack_s:.1f} s, {outcome.virtual_s:.0f} s, "
                  f"digest {outcome.digest}")  # fmt: skip
        if outcome.violations:
            bad += 1
            print(f"seed {seed}: {len(outcome.violations)} violations; lgtm-sim --seed {seed} --journal shows how")
            for violation in outcome.violations[:5]:
                print(f"    {violation}")
            if given.mutant:
                break
    seconds = time.monotonic() - began
    count = seed + 1 - first
    print(f"{count} seeds, {bad} with violations, {_counted(acked)} acknowledged")
    print(f"{seconds:.0f} s, {count / seconds * 60:.0f} seeds a minute")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
