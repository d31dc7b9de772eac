"""ARCHITECTURE.md says which package stands on which floor. Whoever imports upwards or sideways has to change the map first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "lgtm"
IO_FLOOR = 3
"""Below it nothing opens a socket, starts a task or reads a file that it was not handed."""
NO_IO = {"asyncio", "socket", "http", "urllib.request", "threading", "multiprocessing", "subprocess", "boto3", "grpc", "fastapi", "uvicorn"}


def floors() -> dict[str, int]:
    rows = re.findall(r"^\| (\d) [^|]*\| ([^|]+) \|", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.MULTILINE)
    return {name.removesuffix(".py").rstrip("/"): int(floor) for floor, names in rows for name in re.findall(r"`([^`]+)`", names)}


def packages() -> set[str]:
    return {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py"}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            assert node.module
            names = [f"lgtm.{name.name}" for name in node.names] if node.module == "lgtm" else [node.module]
            yield from ((node.lineno, name) for name in names)


def test_every_package_has_a_floor_and_every_floor_its_packages() -> None:
    assert set(floors()) == packages()


@pytest.mark.parametrize("package", sorted(packages()))
def test_a_package_imports_only_from_floors_below(package: str) -> None:
    floor = floors()
    files = SOURCE.rglob("*.py") if (SOURCE / package).is_dir() else [SOURCE / f"{package}.py"]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in files
        if path.relative_to(SOURCE).parts[0].removesuffix(".py") == package
        for line, name in imports(path)
        if name.startswith("lgtm.") and (other := name.split(".")[1]) != package
        if floor[other] >= floor[package] and not (floor[other] == floor[package] == 0)
    ]
    assert not wrong


@pytest.mark.parametrize("package", sorted(package for package, floor in floors().items() if 0 < floor < IO_FLOOR))
def test_languages_and_formats_do_no_io(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in (SOURCE / package).rglob("*.py")
        for line, name in imports(path)
        if name in NO_IO or name.split(".")[0] in NO_IO
    ]
    assert not wrong
