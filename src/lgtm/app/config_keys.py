"""Every key that a tree of configuration dataclasses has, with its kind, default and documentation, read off the classes themselves.

A field is documented by the string below it, as in `lgtm.wal.config`. Sections nest: a field whose type is a dataclass is a section.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import textwrap
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lgtm.app.config_values import NS_SUFFIX, Kind, as_yaml, kind_of
from lgtm.model.secret import Secret

Path = tuple[str, ...]
ENVIRONMENT_PREFIX = "LGTM_"
PER_TENANT = "per_tenant"
"""Metadata of a field that is not a value but a mapping from tenants to keys of this class."""


@dataclass(slots=True, frozen=True)
class Key:
    path: Path
    """As written in the file: `("wal", "quiet_s")`."""
    field: str
    """Name of the field, which ends in _ns where the file has a duration."""
    kind: Kind
    default: Any
    doc: str

    def __str__(self) -> str:
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return ENVIRONMENT_PREFIX + "_".join(self.path).upper()

    @property
    def default_text(self) -> str:
        value = as_yaml(self.kind, self.default)
        if isinstance(value, list):
            return ", ".join(value)
        return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(slots=True, frozen=True)
class Section:
    path: Path
    doc: str
    keys: tuple[Key, ...]


def sections(cls: type[Any], default: Any = None, path: Path = (), doc: str = "") -> Iterator[Section]:
    """The section of `cls` first, then those within it. Fields that hold values per tenant are left out.

    Raises TypeError for a field that has no documentation: what cannot be explained should not be configurable.
    """
    default = cls() if default is None else default
    docs, types = field_docs(cls), typing.get_type_hints(cls)
    keys, nested = [], []
    for field in dataclasses.fields(cls):
        value = getattr(default, field.name)
        if dataclasses.is_dataclass(types[field.name]) and types[field.name] is not Secret:
            nested.append((types[field.name], value, (*path, field.name), docs.get(field.name, "")))
        elif PER_TENANT not in field.metadata:
            if field.name not in docs:
                raise TypeError(f"{cls.__name__}.{field.name} is not documented")
            kind = kind_of(field.name, types[field.name])
            name = field.name.removesuffix(NS_SUFFIX) if kind is Kind.DURATION else field.name
            keys.append(Key((*path, name), field.name, kind, value, docs[field.name]))
    yield Section(path, doc, tuple(keys))
    for inner in nested:
        yield from sections(*inner)


def field_docs(cls: type[Any]) -> dict[str, str]:
    """The string below each field of the class, its lines joined."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(tree, ast.ClassDef)
    docs: dict[str, str] = {}
    for node, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                docs[node.target.id] = " ".join(text.split())
    return docs
