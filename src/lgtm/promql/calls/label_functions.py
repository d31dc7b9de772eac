"""label_replace and label_join: once per distinct value, not per series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lgtm.model.matchers import InvalidRegex, compile_anchored
from lgtm.model.regex_template import Template
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame, Value
from lgtm.promql.syntax import Call
from lgtm.promql.value import NAME, Vector, merged
from lgtm.vectors.label_table import Column
from lgtm.vectors.matrix import Bool


def is_label_name(name: str) -> bool:
    """Any text that is UTF-8."""
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False


def _label_replace(call: Call, frame: Frame) -> Value:
    vector = frame.vector(call.args[0])
    dst, replacement, src, regex = (frame.string(arg) for arg in call.args[1:])
    try:
        pattern = compile_anchored(regex)
    except InvalidRegex as error:
        raise EvaluationError(f"invalid regular expression in label_replace(): {regex}") from error
    if not is_label_name(dst):
        raise EvaluationError(f"invalid destination label name in label_replace(): {as_utf8(dst)}")
    source, old = vector.labels.column(src).compact(), vector.labels.column(dst).compact()
    matches = [pattern.fullmatch(value) for value in source.values]
    replacement = as_utf8(replacement)
    template = Template.parse(replacement)
    expanded = [template.expand(match, pattern) if match else "" for match in matches]
    matched: Bool = np.array([match is not None for match in matches])[source.codes]
    return _with_label(vector, dst, _choose(matched, Column.of(expanded), source, old), matched)


def _choose(matched: Bool, expanded: Column, source: Column, old: Column) -> Column:
    """Of each series the expanded value of its source where that matched, else the old one."""
    values = list(dict.fromkeys([*old.values, *expanded.values]))
    places = {value: place for place, value in enumerate(values)}
    of_expanded = np.array([places[value] for value in expanded.values], dtype=np.int32)[expanded.codes][source.codes]
    return Column(values, np.where(matched, of_expanded, old.codes).astype(np.int32))


def _label_join(call: Call, frame: Frame) -> Value:
    vector = frame.vector(call.args[0])
    dst, separator, *sources = (frame.string(arg) for arg in call.args[1:])
    for name, what in [(dst, "destination"), *((source, "source") for source in sources)]:
        if not is_label_name(name):
            raise EvaluationError(f"invalid {what} label name in label_join(): {as_utf8(name)}")
    codes, first = vector.labels.keep(sources).number()
    columns = [vector.labels.strings(source)[first].tolist() for source in sources]
    separator = as_utf8(separator)
    texts = [separator.join(values) for values in zip(*columns, strict=True)] if sources else [""] * len(first)
    joined = Column.of(texts)
    return _with_label(vector, dst, Column(joined.values, joined.codes[codes]), np.ones(len(vector), dtype=bool))


def _with_label(vector: Vector, name: str, column: Column, changed: Bool) -> Vector:
    unnamed = vector.unnamed & ~changed if name == NAME else vector.unnamed
    return merged(replace(vector, labels=vector.labels.with_column(name, column), unnamed=unnamed))


def as_utf8(text: str) -> str:
    """With U+FFFD for bytes that are no UTF-8: values of labels are always valid."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {"label_replace": _label_replace, "label_join": _label_join}
