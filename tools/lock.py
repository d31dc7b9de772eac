"""Writes requirements.lock and requirements-dev.lock: the exact versions, from this environment, of all that pyproject.toml needs.

Run `make lock` after `.venv/bin/python -m pip install --upgrade …` and a passing `make test`. Both files are used as constraints, so what another
platform or Python does not need does no harm. They name no index: packages come from wherever pip is set up to look.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


def closure(needed: Iterable[str]) -> dict[str, str]:
    """Versions by name of what is needed, and of what that needs."""
    versions: dict[str, str] = {}
    waiting, seen = [Requirement(text) for text in needed], set[tuple[str, frozenset[str]]]()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        distribution = metadata.distribution(requirement.name)
        versions[key[0]] = distribution.version
        for text in distribution.requires or ():
            inner = Requirement(text)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)):
                waiting.append(inner)
    return versions


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    runtime, development = project["dependencies"], project["optional-dependencies"]["dev"]
    for file, needed in (("requirements.lock", runtime), ("requirements-dev.lock", runtime + development)):
        pins = "".join(f"{name}=={version}\n" for name, version in sorted(closure(needed).items()))
        (ROOT / file).write_text(f"# Written by `make lock`.\n{pins}", encoding="utf-8")


if __name__ == "__main__":
    main()
