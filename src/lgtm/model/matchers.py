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
    """For `fullmatch`; `.` matches a newline. Raises InvalidRegex with the reason as Go words it."""
    return compile_regex(pattern, dot_nl=True)


def compile_regex(pattern: str, *, dot_nl: bool = False) -> Any:
    """Raises InvalidRegex with the reason as Go words it: clients know those texts."""
    if len(pattern) > REGEX_BYTES_MAX:
        raise InvalidRegex(f"regular expression of {len(pattern)} characters is longer than {REGEX_BYTES_MAX}")
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = dot_nl
    try:
        return re2.compile(pattern, options)
    except UnicodeEncodeError as error:
        shown = pattern.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        raise InvalidRegex(f"error parsing regexp: invalid UTF-8: `{shown}`") from error
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise InvalidRegex(f"error parsing regexp: {_as_go_says(reason, pattern)}") from error


_GO_REASONS = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
}


def _as_go_says(reason: str, pattern: str) -> str:
    code, colon, where = reason.partition(": ")
    code = _GO_REASONS.get(code, code)
    if where.startswith("(?<"):
        # Go looks for the end of a name behind `(?<` and cites all of the rest when there is none: so a look-behind reads.
        code, where = "invalid named capture", pattern[pattern.index("(?<") :]
    return f"{code}: `{where}`" if colon else code
