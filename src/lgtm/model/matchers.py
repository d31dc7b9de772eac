"""Label matchers: `name = "value"` and its three relatives. Regexes are RE2, fully anchored, and `.` matches a newline (as in Prometheus 3)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

import re2

from lgtm.errors import BadRequest
from lgtm.model.labels import Labels, quote

REGEX_BYTES_MAX = 64 * 1024


class InvalidRegex(BadRequest):
    """RE2 does not take the pattern; the text names why."""


class MatchOp(enum.StrEnum):
    EQ = "="
    NE = "!="
    RE = "=~"
    NRE = "!~"


@dataclass(slots=True, frozen=True)
class Matcher:
    """Tells whether a label value fits; a label that is absent has the value ""."""

    name: str
    op: MatchOp
    value: str
    _regex: Any = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.op in (MatchOp.RE, MatchOp.NRE):
            object.__setattr__(self, "_regex", compile_anchored(self.value))

    def __str__(self) -> str:
        return f"{self.name}{self.op}{quote(self.value)}"

    def matches(self, value: str) -> bool:
        if self.op is MatchOp.EQ:
            return value == self.value
        if self.op is MatchOp.NE:
            return value != self.value
        return (self._regex.fullmatch(value) is not None) == (self.op is MatchOp.RE)

    @property
    def matches_empty(self) -> bool:
        return self.matches("")


Matchers = tuple[Matcher, ...]


def matches_all(matchers: Matchers, labels: Labels) -> bool:
    values = dict(labels)
    return all(m.matches(values.get(m.name, "")) for m in matchers)


def compile_anchored(pattern: str) -> Any:
    """Raises InvalidRegex with RE2's reason."""
    if len(pattern) > REGEX_BYTES_MAX:
        raise InvalidRegex(f"regular expression of {len(pattern)} characters is longer than {REGEX_BYTES_MAX}")
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise InvalidRegex(f"error parsing regexp: {reason}") from error
