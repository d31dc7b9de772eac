"""Text of a file → mappings, lists and texts. Pure.

Of YAML every scalar is its text: `version: 1.10` is "1.10", not a number that prints as 1.1. Prometheus decodes into fields that have a type, so how
a value looks decides nothing there, and here whoever asks for it says what it is (`section.py`). JSON has types of its own, which stand.
"""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from lgtm.model.labels import quote
from lgtm.scrape.section import InvalidScrapeConfig

_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"
_TYPED = tuple(f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "timestamp"))


def _implicit() -> dict[str, list[tuple[str, Any]]]:
    """Only an empty value is none, and only `<<` a merge."""
    found = yaml.SafeLoader.yaml_implicit_resolvers
    return {first: [one for one in resolvers if one[0] in (_NULL, _MERGE)] for first, resolvers in found.items()}


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return loader.construct_yaml_str(node)


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = _implicit()

    def compose_mapping_node(self, anchor: Any) -> Any:
        """Before merges are put in, which may bring what stands there, too."""
        node = super().compose_mapping_node(anchor)
        _check_unique(node)
        return node


class _Dumper(yaml.SafeDumper):
    """Quotes only what would be no text without."""

    yaml_implicit_resolvers = _implicit()


for _tag in _TYPED:
    _Loader.add_constructor(_tag, _text)


def parse_yaml(text: str) -> Any:
    """Raises InvalidScrapeConfig, also for a key that stands twice in a mapping."""
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise InvalidScrapeConfig("", f"is no YAML: {error}") from error


def parse_json(text: str | bytes, name: str = "") -> Any:
    """name: of the text, for messages. Raises InvalidScrapeConfig."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidScrapeConfig(name, f"is no JSON: {error}") from error


def print_yaml(document: object) -> str:
    """What `parse_yaml` reads again."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def _check_unique(node: yaml.MappingNode) -> None:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            continue
        line = key.start_mark.line + 1
        if key.value in lines:
            raise InvalidScrapeConfig("", f"line {line}: key {quote(key.value)} is already set in line {lines[key.value]}")
        lines[key.value] = line
