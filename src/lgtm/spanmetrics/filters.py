"""Filter policies: which spans count."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow.compute as pc

from lgtm.model.attributes import RESOURCE, SPAN, AttributeName
from lgtm.model.matchers import compile_regex
from lgtm.spanmetrics.config import AttributeMatch, FilterPolicy, PolicyMatch
from lgtm.spanmetrics.span_table import SpanTable
from lgtm.spanmetrics.texts import Texts
from lgtm.vectors.matrix import Bool

Test = Callable[[SpanTable], Bool]
"""One truth a span."""
_TYPE_NAMES: dict[type, str] = {bool: "bool", int: "int", float: "float", str: ""}


def compile_policies(policies: Sequence[FilterPolicy]) -> Test | None:
    """Which spans pass all policies; None where there is none. Raises InvalidRegex."""
    if not policies:
        return None
    tests = [_policy(policy) for policy in policies]
    return lambda spans: np.logical_and.reduce([test(spans) for test in tests])


def _policy(policy: FilterPolicy) -> Test:
    tests = []
    if policy.include is not None:
        tests.append(_together(policy.include, np.logical_and))
    if policy.include_any is not None:
        tests.append(_together(policy.include_any, np.logical_or))
    if policy.exclude is not None:
        excluded = _together(policy.exclude, np.logical_and)
        tests.append(lambda spans: ~excluded(spans))
    return lambda spans: np.logical_and.reduce([test(spans) for test in tests])


def _together(match: PolicyMatch, combine: np.ufunc) -> Test:
    """Without attributes everything matches."""
    tests = [_attribute(each, regex=match.match_type == "regex") for each in match.attributes]
    if not tests:
        return lambda spans: np.ones(len(spans), bool)
    return lambda spans: combine.reduce([test(spans) for test in tests])


def _attribute(match: AttributeMatch, *, regex: bool) -> Test:
    read = _reader(match)
    if regex:
        pattern = compile_regex(str(match.value))
        return lambda spans: _where(read(spans), lambda text: pattern.search(text) is not None)
    if isinstance(match.value, str):
        wanted = match.value
        return lambda spans: _where(read(spans), lambda text: text == wanted)
    return lambda spans: _equal(spans, match)


def _reader(match: AttributeMatch) -> Callable[[SpanTable], Texts]:
    """The texts that a policy looks at: of attributes, those that are strings."""
    if match.key == "kind":
        return lambda spans: spans.kind_name
    if match.key == "status":
        return lambda spans: spans.status_name
    if match.key == "name":
        return lambda spans: spans.name
    scope, _, key = match.key.partition(".")
    if scope == RESOURCE:
        return lambda spans: spans.per_series([dict(labels).get(match.key) for labels in spans.series])
    return lambda spans: Texts.encode(spans.typed(str(AttributeName(SPAN, "", key))))


def _where(texts: Texts, matches: Callable[[str], bool]) -> Bool:
    truths = np.array([*map(matches, texts.values), False], bool)
    return truths[texts.codes]


def _equal(spans: SpanTable, match: AttributeMatch) -> Bool:
    """For values that are no texts. An attribute of another type differs."""
    scope, _, key = match.key.partition(".")
    name = str(AttributeName(scope, _TYPE_NAMES[type(match.value)], key))
    if scope == RESOURCE:
        return _where(spans.per_series([dict(labels).get(name) for labels in spans.series]), lambda text: _number(text) == match.value)
    if scope != SPAN:
        return np.zeros(len(spans), bool)
    return np.asarray(pc.fill_null(pc.equal(spans.typed(name), match.value), False), bool)


def _number(text: str) -> float:
    return text == "true" if text in ("true", "false") else float(text)
