"""Fills the configuration from a file, the environment and flags, in rising precedence. Nothing else in the program reads those.

Everything that is wrong is reported at once, each problem with where it was set and the full path of its key.
"""

from __future__ import annotations

import dataclasses
import difflib
import pathlib
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import yaml

from lgtm.app.config import Config
from lgtm.app.config_given import Given, InvalidConfig, from_environment, from_file, unknown_variables
from lgtm.app.config_keys import PER_TENANT, Key, Path, Section, sections
from lgtm.app.config_values import as_yaml, parse
from lgtm.model.tenant import InvalidTenant

OVERRIDES = "overrides"
PLACED = {("storage", "directory"): "blocks", ("storage", "cache_directory"): "cache"}
"""Directories that lie inside data_dir unless they are set."""
CLIENT_VARIABLES = ("LGTM_ADDR", "LGTM_TENANT")
"""Where `lgtm query` and `lgtm push` look; they set no key."""

_T = TypeVar("_T")


def load(
    file: pathlib.Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> Config:
    """flags: texts by dotted key, with the name of the flag for messages as in `{"server.http_port": "0"}`. Raises InvalidConfig."""
    environ = environ or {}
    given = from_file(file, environ) if file else {}
    given |= from_environment(environ, variables())
    given |= {tuple(name.split(".")): Given(value, f"flag for {name}") for name, value in (flags or {}).items()}
    values, problems = _values(given)
    if problems:
        raise InvalidConfig(*problems)
    data_dir = pathlib.Path(values.get(("data_dir",), Config().data_dir))
    for path, name in PLACED.items():
        values.setdefault(path, str(data_dir / name))
    try:
        return _filled(Config(), (), values)
    except (ValueError, InvalidTenant) as error:
        raise InvalidConfig(str(error)) from error


@cache
def describe() -> tuple[Section, ...]:
    """Every section with its keys, in the order of the tree. `overrides` takes the keys of `limits` for each tenant."""
    return tuple(sections(Config))


@cache
def keys() -> dict[Path, Key]:
    return {key.path: key for section in describe() for key in section.keys}


def variables() -> dict[str, Path]:
    """Environment variables that set a key."""
    return {key.variable: path for path, key in keys().items()}


def unknown_in(environ: Mapping[str, str]) -> list[str]:
    """Names of variables that begin like ours and set nothing."""
    return [name for name in unknown_variables(environ, variables()) if name not in CLIENT_VARIABLES]


def as_tree(config: Config) -> dict[str, Any]:
    """The configuration as nested values, as the file would say it; secrets are not shown. For `/config`."""
    tree: dict[str, Any] = {}
    for path, key in keys().items():
        owner: Any = config
        for name in path[:-1]:
            owner = getattr(owner, name)
        _put(tree, path, as_yaml(key.kind, getattr(owner, key.field)))
    for tenant, override in config.overrides.items():
        for path, key in keys().items():
            if path[0] == "limits" and key.field in override:
                _put(tree, (OVERRIDES, tenant, *path[1:]), as_yaml(key.kind, override[key.field]))
    return tree


def shown(config: Config, mode: str | None = None) -> str:
    """The configuration as YAML, for `/config`. mode: None for all of it, `diff` for what differs from the defaults, `defaults` for those."""
    tree, defaults = as_tree(config), as_tree(Config())
    chosen = {"diff": _difference(tree, defaults), "defaults": defaults}.get(mode or "", tree)
    return yaml.safe_dump(chosen, sort_keys=False, allow_unicode=True) if chosen else ""


def _difference(tree: dict[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What of the tree is not as in defaults; sections without a difference are left out."""
    changed: dict[str, Any] = {}
    for name, value in tree.items():
        default = defaults.get(name)
        inner = _difference(value, default if isinstance(default, dict) else {}) if isinstance(value, dict) else value
        if inner != default and inner != {}:
            changed[name] = inner
    return changed


def _put(tree: dict[str, Any], path: Path, value: object) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value


def _values(given: Mapping[Path, Given]) -> tuple[dict[Path, Any], list[str]]:
    """Parsed values by path, and what is wrong with the others."""
    values: dict[Path, Any] = {}
    problems: dict[str, None] = {}
    for path, one in given.items():
        key = _key_at(path)
        if key is None:
            problems[f"{one.origin}: {_no_such_key(path)}"] = None
            continue
        try:
            values[path] = parse(key.kind, one.value)
        except ValueError as error:
            problems[f"{one.origin}: {'.'.join(path)}: {error}"] = None
    return values, list(problems)


def _key_at(path: Path) -> Key | None:
    if path[0] == OVERRIDES and len(path) > 2:
        return keys().get(("limits", *path[2:]))
    return keys().get(path)


def _no_such_key(path: Path) -> str:
    """What is wrong with a path that is no key, beginning with the part of it that is wrong."""
    dotted = ".".join(path)
    if path[0] == OVERRIDES:
        return _no_such_override(path)
    inside = [key for key in keys() if key[: len(path)] == path]
    if inside:
        return f"{dotted} is a section; it has the keys {', '.join(key[-1] for key in inside)}"
    for length in range(1, len(path)):
        if path[:length] in keys():
            return f"{'.'.join(path[:length])} takes a value, it has no keys of its own"
        if not any(key[:length] == path[:length] for key in keys()):
            path = path[:length]
            break
    return f"{'.'.join(path)} is not a key{_nearest(path, _known_paths())}"


def _no_such_override(path: Path) -> str:
    if len(path) < 3:
        return f"{'.'.join(path)} must hold limits: {OVERRIDES}.<tenant>.<limit>"
    names = [key[1:] for key in keys() if key[0] == "limits"]
    return f"{'.'.join(path)} is not a limit{_nearest(path[2:], names)}"


@cache
def _known_paths() -> list[Path]:
    """Of keys and sections."""
    return [(OVERRIDES,), *keys(), *(section.path for section in describe() if section.path)]


def _nearest(path: Path, known: list[Path]) -> str:
    """The known path most like this one, looked for among those with the same last part first: a key in the wrong section is the commonest slip."""
    known = [other for other in known if path[: len(other)] != other]
    same = [other for other in known if other[-1] == path[-1]]
    candidates = [".".join(other) for other in same or known]
    found = difflib.get_close_matches(".".join(path), candidates, n=1, cutoff=0.3 if same else 0.6)
    return f"; did you mean {found[0]}?" if found else ""


def _filled(section: _T, path: Path, values: Mapping[Path, Any]) -> _T:
    """The section with its values put in. Raises ValueError as its class does for values that do not go together."""
    changes: dict[str, Any] = {}
    for one in dataclasses.fields(section):  # type: ignore[arg-type]
        inner = (*path, one.name)
        if PER_TENANT in one.metadata:
            changes[one.name] = _overrides(values)
        elif inner not in keys() and any(key[: len(inner)] == inner for key in keys()):
            changes[one.name] = _filled(getattr(section, one.name), inner, values)
    for key_path, value in values.items():
        if key_path[:-1] == path and key_path in keys():
            changes[keys()[key_path].field] = value
    return dataclasses.replace(section, **changes)  # type: ignore[type-var]


def _overrides(values: Mapping[Path, Any]) -> dict[str, dict[str, Any]]:
    overrides: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        if path[0] == OVERRIDES:
            overrides.setdefault(path[1], {})[keys()["limits", *path[2:]].field] = value
    return overrides
