"""What was set, by whom and where: the file, the environment and the flags, each as texts by path. Nothing is judged here.

`${NAME}` and `${NAME:-default}` in a value of the file stand for a variable of the environment, `$$` for one dollar. They are put in after the
file was taken apart, so that no value can change the file's structure. A value that is then empty and not quoted counts as not set.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from lgtm.app.config_keys import ENVIRONMENT_PREFIX, Path
from lgtm.errors import BadRequest

DEPTH_MAX = 8
"""Sections within sections. More than any key needs; a file whose anchors form a loop ends here."""

_VARIABLE = re.compile(r"\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})", re.ASCII)
_NULL = "tag:yaml.org,2002:null"


class InvalidConfig(BadRequest):
    """The node cannot start with this configuration. problems: one line each, beginning with where it was set and the full path of the key."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(self.problems)


@dataclass(slots=True, frozen=True)
class Given:
    value: str | tuple[str, ...]
    origin: str
    """For messages: `lgtm.yaml:12`, `LGTM_WAL_QUIET_S` or `--http-port`."""


def from_file(file: pathlib.Path, environ: Mapping[str, str]) -> dict[Path, Given]:
    """Raises InvalidConfig when the file cannot be read, is not YAML, or names a key twice."""
    try:
        text = file.read_text(encoding="utf-8")
        document = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise InvalidConfig(f"{file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"{file}: not UTF-8 at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        raise InvalidConfig(f"{file}:{at.line + 1 if at else 1}: not YAML: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidConfig(f"{file}: not YAML: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, yaml.MappingNode):
        raise InvalidConfig(f"{file}:1: a configuration is a mapping of sections, such as `server:`")
    given: dict[Path, Given] = {}
    for path, one in _leaves(document, (), file.name, environ):
        if path in given:
            raise InvalidConfig(f"{one.origin}: {'.'.join(path)} is set twice, first at {given[path].origin}")
        given[path] = one
    return given


def from_environment(environ: Mapping[str, str], variables: Mapping[str, Path]) -> dict[Path, Given]:
    """variables: names of the variables that belong to a key. An empty variable counts as not set."""
    return {path: Given(environ[name], name) for name, path in variables.items() if environ.get(name)}


def unknown_variables(environ: Mapping[str, str], variables: Mapping[str, Path]) -> list[str]:
    """Variables that look like ours and are not. They are worth a warning only: orchestrators invent names such as LGTM_SERVICE_HOST."""
    return sorted(name for name in environ if name.startswith(ENVIRONMENT_PREFIX) and name not in variables)


def expand(text: str, environ: Mapping[str, str]) -> str:
    def put_in(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        return environ.get(match[2]) or match[3] or ""

    return _VARIABLE.sub(put_in, text)


def _leaves(node: yaml.Node, path: Path, file: str, environ: Mapping[str, str]) -> Iterator[tuple[Path, Given]]:
    origin = f"{file}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.MappingNode):
        if len(path) >= DEPTH_MAX:
            raise InvalidConfig(f"{origin}: {'.'.join(path)} nests too deeply")
        for key, value in node.value:
            yield from _leaves(value, (*path, str(key.value)), file, environ)
    elif isinstance(node, yaml.SequenceNode):
        if any(not isinstance(item, yaml.ScalarNode) for item in node.value):
            raise InvalidConfig(f"{origin}: {'.'.join(path)} must be a list of texts")
        yield path, Given(tuple(expand(item.value, environ) for item in node.value), origin)
    else:
        assert isinstance(node, yaml.ScalarNode)
        value = expand(node.value, environ)
        if node.tag != _NULL and (value or node.style):
            yield path, Given(value, origin)
