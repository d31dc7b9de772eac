"""`lgtm drill`: a fault on purpose, under load, and a verdict: did acknowledgements and complete answers go on, and is everything there?

Without addresses it starts three nodes of its own, pushes numbered lines to those that stay, injects the fault into the third, goes on pushing and
asking, heals the fault, and compares what was acknowledged with what every node answers. With addresses of a cluster the fault is injected and healed
by commands, or by hand. Exit code 0: nothing lost, nothing twice, acknowledgements went on; 1: not so; 2: the drill could not be carried out here.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from lgtm.cli.client import Refused, Unreachable
from lgtm.cli.drill_faults import Fault, NoSmallVolume, heal, inject, stage
from lgtm.cli.drill_load import Load, Questions, settled_count
from lgtm.cli.local_nodes import DidNotStart, running, wait_for_members
from lgtm.cli.namespaces import NoNamespaces

BEFORE_S, DURING_S, AFTER_S = 2.0, 8.0, 1.0
SETTLE_S_MAX = 45.0
COMMAND_S_MAX = 120.0
PAUSE_S_MAX = 10.0
"""A write that takes longer than this while one node hangs is a failure."""
CANNOT = 2


@dataclass(slots=True, frozen=True)
class Plan:
    """pushed: addresses that lines go to and that are asked meanwhile; compared: those that are asked in the end, by name."""

    name: str
    pushed: Sequence[str]
    compared: dict[str, str]
    inject: Callable[[], None]
    heal: Callable[[], None]
    settle: Callable[[], None]


@dataclass(slots=True, frozen=True)
class Verdict:
    """during: lines acknowledged while the fault lasted."""

    is_good: bool
    text: str
    load: Load
    questions: Questions
    during: int


def drill(
    fault: Annotated[Fault, typer.Argument(help="What happens to one node.")],
    *,
    addr: Annotated[str, typer.Option(help="Addresses of a running cluster, the node to be broken last. Empty: three nodes of its own.")] = "",
    inject_with: Annotated[str, typer.Option("--inject", help="With --addr: a command that breaks it. Empty: you are asked to.")] = "",
    heal_with: Annotated[str, typer.Option("--heal", help="With --addr: a command that mends it.")] = "",
    during_s: Annotated[float, typer.Option("--seconds", help="How long the fault lasts.")] = DURING_S,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the directory with the nodes' data and logs.")] = False,
) -> None:
    """Break one of three nodes under load, and tell whether anything was lost or stopped."""
    if addr:
        verdict = carry_out(_given(fault, [each.strip().rstrip("/") for each in addr.split(",")], inject_with, heal_with), during_s)
        print(verdict.text)
        raise typer.Exit(0 if verdict.is_good else 1)
    directory = Path(tempfile.mkdtemp(prefix="lgtm-drill-"))
    try:
        verdict = throwaway(fault, directory, during_s)
    except (NoNamespaces, NoSmallVolume) as error:
        print(f"CANNOT {fault}: {error}")
        raise typer.Exit(CANNOT) from error
    except DidNotStart as error:
        print(f"FAIL {fault}: {error}")
        raise typer.Exit(1) from error
    finally:
        if not keep:
            shutil.rmtree(directory, ignore_errors=True)
    if keep:
        print(f"data and logs: {directory}")
    print(verdict.text)
    raise typer.Exit(0 if verdict.is_good else 1)


def throwaway(fault: Fault, directory: Path, during_s: float = DURING_S, *, count: int = 3) -> Verdict:
    """With nodes of its own. Raises NoNamespaces, NoSmallVolume, DidNotStart."""
    with stage(fault, directory, count) as prepared, running(prepared.nodes) as nodes:
        victim, staying = nodes[-1], nodes[:-1]
        members = staying if fault is Fault.WIPE else nodes
        plan = Plan(
            str(fault),
            [node.addr for node in staying],
            {node.name: node.addr for node in nodes},
            lambda: inject(fault, victim, prepared.places),
            lambda: heal(fault, victim, prepared.places),
            lambda: wait_for_members(members),
        )
        return carry_out(plan, during_s)


def _given(fault: Fault, addrs: Sequence[str], inject_with: str, heal_with: str) -> Plan:
    if len(addrs) < 2:
        raise typer.BadParameter("a drill needs the address of one more node than the one that is broken", param_hint="--addr")
    return Plan(
        str(fault),
        addrs[:-1],
        {each: each for each in addrs},
        lambda: _by_command(inject_with, f"break {addrs[-1]} now ({fault})"),
        lambda: _by_command(heal_with, f"mend {addrs[-1]} now"),
        lambda: None,
    )


def _by_command(command: str, text: str) -> None:
    if command:
        subprocess.run(command, shell=True, timeout=COMMAND_S_MAX, check=True)  # it is the operator's own command
    else:
        input(f"{text}, then press Enter: ")


def carry_out(plan: Plan, during_s: float = DURING_S) -> Verdict:
    load = Load(plan.pushed)
    questions = Questions(plan.pushed, load)
    load.start()
    questions.start()
    time.sleep(BEFORE_S)
    before, load.slowest_s = load.lines, 0.0
    plan.inject()
    time.sleep(during_s)
    during = load.lines - before
    plan.heal()
    time.sleep(AFTER_S)
    load.stop()
    questions.stop()
    plan.settle()
    return _judge(plan, load, questions, during)


def _judge(plan: Plan, load: Load, questions: Questions, during: int) -> Verdict:
    wanted, found = load.lines, dict[str, str]()
    is_exact = not load.given_up
    for name, addr in plan.compared.items():
        try:
            lines, warnings = settled_count(addr, load.run, wanted, SETTLE_S_MAX)
            is_exact = is_exact and lines == wanted and not warnings
            found[name] = f"{lines}{' (partial)' if warnings else ''}"
        except (Refused, Unreachable):
            is_exact, found[name] = False, "no answer"
    is_good = is_exact and during > 0 and load.slowest_s <= PAUSE_S_MAX and not questions.too_few and not questions.failed
    text = (
        f"{'PASS' if is_good else 'FAIL'} {plan.name}: {wanted} lines acknowledged, {during} of them while the node was away, "
        f"{load.given_up} given up; answers after it: {', '.join(f'{name} {lines}' for name, lines in found.items())}; "
        f"slowest push {load.slowest_s:.2f} s ({load.retries} retries); answers meanwhile: {questions.complete} complete, "
        f"{questions.partial} partial, {questions.failed} failed, {questions.too_few} with lines missing, slowest {questions.slowest_s:.2f} s"
    )
    return Verdict(is_good, text, load, questions, during)
