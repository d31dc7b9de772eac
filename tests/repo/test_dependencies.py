"""Dependencies are declared where they are used, and locked to exact versions that name no index."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {
    "requirements.lock": PROJECT["dependencies"],
    "requirements-dev.lock": PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"],
}
UNIMPORTED = {"httptools"}
"""Needed without being imported by name: uvicorn is told to use it."""

SHARED_NAMESPACES = {"google": {"protobuf", "googleapis-common-protos"}, "opentelemetry": {"opentelemetry-proto"}}
"""Packages that many distributions put modules into, and the distributions whose modules are imported here."""


def pins(file: str) -> dict[str, str]:
    lines = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    wrong = [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[A-Za-z0-9.!+]+", line)]
    assert not wrong
    return dict(line.split("==") for line in lines)


def imported() -> Iterator[str]:
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            yield from (name.split(".")[0] for name in names)


@pytest.mark.parametrize("file", DECLARED)
def test_everything_declared_is_locked_to_a_version_that_fits(file: str) -> None:
    locked = pins(file)
    for requirement in map(Requirement, DECLARED[file]):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


def test_what_runs_in_tests_runs_in_production() -> None:
    development = pins("requirements-dev.lock")
    assert {name: development.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


def test_everything_imported_is_declared_and_everything_declared_is_imported() -> None:
    providers = {name: {canonicalize_name(one) for one in owners} for name, owners in metadata.packages_distributions().items()}
    declared = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    used = {name for name in imported() if name not in sys.stdlib_module_names and name != "lgtm"}
    used_distributions = {owner for name in used for owner in providers.get(name, {name}) if name not in SHARED_NAMESPACES}
    assert used_distributions - declared - {"starlette", "botocore"} == set(), "imported but not declared"
    shared = {owner for name in used & SHARED_NAMESPACES.keys() for owner in SHARED_NAMESPACES[name]}
    assert shared <= declared, "imported but not declared"
    assert declared - used_distributions - UNIMPORTED - shared == set(), "declared but not imported"
