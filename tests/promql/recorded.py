"""Answers of Prometheus that are kept as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lgtm.promql.syntax import Expr
from lgtm.promql.tree_json import to_json
from promql.script import Eval, parse_script

_HERE = Path(__file__).parent


def recorded(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_HERE / "data" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def queries() -> list[str]:
    """Every query of the evaluation scripts, each once."""
    scripts = sorted((_HERE / "testdata").glob("*.test"))
    commands = [command for path in scripts for command in parse_script(path.read_text(encoding="utf-8"))]
    return list(dict.fromkeys(command.query for command in commands if isinstance(command, Eval)))


def rewritten() -> list[str]:
    """Queries with `@` on every selector, as Prometheus prints them."""
    rewrites: dict[str, str] = json.loads((_HERE / "testdata" / "at_rewrites.json").read_text(encoding="utf-8"))
    return sorted(set(rewrites.values()))


def meaning(expr: Expr) -> str:
    """The tree without the order of matchers, which printing does not keep."""

    def ordered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: sorted(map(str, held)) if key == "matchers" else ordered(held) for key, held in value.items()}
        return [ordered(held) for held in value] if isinstance(value, list) else value

    return json.dumps(ordered(to_json(expr)), sort_keys=True)
