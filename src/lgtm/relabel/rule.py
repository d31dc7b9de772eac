"""One rule of relabel_configs: what it does to a label set, and which rules make no sense.

Semantics and texts are those of Prometheus (model/relabel, Apache-2.0). A label that is absent has the value "", one that is set to "" is removed.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lgtm.model.labels import quote
from lgtm.model.letter_case import lower, upper
from lgtm.model.matchers import compile_anchored
from lgtm.model.regex_template import Template

SEPARATOR, REGEX, REPLACEMENT = ";", "(.*)", "$1"
MODULUS_MAX = 2**64 - 1


class Action(enum.StrEnum):
    REPLACE = "replace"
    KEEP = "keep"
    DROP = "drop"
    KEEP_EQUAL = "keepequal"
    DROP_EQUAL = "dropequal"
    HASHMOD = "hashmod"
    LABEL_MAP = "labelmap"
    LABEL_DROP = "labeldrop"
    LABEL_KEEP = "labelkeep"
    LOWERCASE = "lowercase"
    UPPERCASE = "uppercase"


_EQUALITIES = (Action.KEEP_EQUAL, Action.DROP_EQUAL)
_CASES = (Action.LOWERCASE, Action.UPPERCASE)
_WITH_TARGET = (Action.REPLACE, Action.HASHMOD, *_CASES, *_EQUALITIES)
_OF_NAMES = (Action.LABEL_DROP, Action.LABEL_KEEP)


@dataclass(slots=True, frozen=True, kw_only=True)
class RelabelRule:
    """regex: RE2, anchored at both ends. Raises ValueError, with Prometheus' text where it has one, for fields that do not go together."""

    action: Action = Action.REPLACE
    source_labels: tuple[str, ...] = ()
    separator: str = SEPARATOR
    regex: str = REGEX
    modulus: int = 0
    target_label: str = ""
    replacement: str = REPLACEMENT
    _pattern: Any = field(init=False, repr=False, compare=False, default=None)
    _target: Template = field(init=False, repr=False, compare=False, default=Template(()))
    _replacement: Template = field(init=False, repr=False, compare=False, default=Template(()))

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "_pattern", compile_anchored(self.regex))
        object.__setattr__(self, "_target", Template.parse(self.target_label))
        object.__setattr__(self, "_replacement", Template.parse(self.replacement))

    def apply(self, labels: dict[str, str]) -> bool:
        """Changes `labels`, which have no empty values. False: their bearer is dropped."""
        value = self.separator.join([labels.get(name, "") for name in self.source_labels])
        match self.action:
            case Action.KEEP:
                return self._matches(value)
            case Action.DROP:
                return not self._matches(value)
            case Action.KEEP_EQUAL:
                return labels.get(self.target_label, "") == value
            case Action.DROP_EQUAL:
                return labels.get(self.target_label, "") != value
            case Action.REPLACE:
                self._replace(labels, value)
            case Action.HASHMOD:
                labels[self.target_label] = str(_hash(value) % self.modulus)
            case Action.LOWERCASE:
                _set(labels, self.target_label, lower(value))
            case Action.UPPERCASE:
                _set(labels, self.target_label, upper(value))
            case _:
                self._apply_to_names(labels)
        return True

    def _apply_to_names(self, labels: dict[str, str]) -> None:
        if self.action is Action.LABEL_MAP:
            for name, value in list(labels.items()):
                if match := self._pattern.fullmatch(name):
                    _set(labels, self._replacement.expand(match, self._pattern), value)
            return
        dropped = [name for name in labels if self._matches(name) == (self.action is Action.LABEL_DROP)]
        for name in dropped:
            del labels[name]

    def _replace(self, labels: dict[str, str], value: str) -> None:
        match = self._pattern.fullmatch(value)
        if match is None:
            return
        if target := self._target.expand(match, self._pattern):
            _set(labels, target, self._replacement.expand(match, self._pattern))

    def _matches(self, value: str) -> bool:
        return self._pattern.fullmatch(value) is not None


RelabelRules = tuple[RelabelRule, ...]


def relabel(labels: Mapping[str, str] | Iterable[tuple[str, str]], rules: RelabelRules) -> dict[str, str] | None:
    """What the rules make of the labels, one after the other; None when one of them drops."""
    changed = dict(labels)
    for rule in rules:
        if not rule.apply(changed):
            return None
    return changed


def parse_action(text: str) -> Action:
    """In any case. Raises ValueError."""
    try:
        return Action(text.lower())
    except ValueError:
        raise ValueError(f"unknown relabel action {quote(text)}") from None


def _check(rule: RelabelRule) -> None:
    action = rule.action
    if not 0 <= rule.modulus <= MODULUS_MAX:
        raise ValueError(f"modulus must lie between 0 and {MODULUS_MAX}")
    if action is Action.HASHMOD and not rule.modulus:
        raise ValueError("relabel configuration for hashmod requires non-zero modulus")
    if action in _WITH_TARGET and not rule.target_label:
        raise ValueError(f"relabel configuration for {action} action requires 'target_label' value")
    if action in _CASES and rule.replacement != REPLACEMENT:
        raise ValueError(f"'replacement' can not be set for {action} action")
    if action is Action.LABEL_MAP and not rule.replacement:
        raise ValueError(f"{quote(rule.replacement)} is invalid 'replacement' for {action} action")
    given = (rule.modulus, rule.separator, rule.replacement) != (0, SEPARATOR, REPLACEMENT)
    if action in _EQUALITIES and (given or rule.regex != REGEX):
        raise ValueError(f"{action} action requires only 'source_labels' and `target_label`, and no other fields")
    if action in _OF_NAMES and (given or rule.source_labels or rule.target_label):
        raise ValueError(f"{action} action requires only 'regex', and no other fields")
    if "" in rule.source_labels:
        raise ValueError('"" is not a valid label name')


def _set(labels: dict[str, str], name: str, value: str) -> None:
    if value:
        labels[name] = value
    else:
        labels.pop(name, None)


def _hash(value: str) -> int:
    """The last eight bytes of the MD5, as shards of scrapers that run already depend on it."""
    return int.from_bytes(hashlib.md5(value.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[8:], "big")
