"""label_replace: labels of a vector rewritten by a regex."""

from __future__ import annotations

from typing import Any

import re2

from lgtm.model.labels import Labels, labels_of
from lgtm.model.matchers import InvalidRegex
from lgtm.model.regex_template import Template
from lgtm.vectors.matrix import Matrix, merge_equal_labels


def label_replace(matrix: Matrix, *, dst: str, replacement: str, src: str, regex: str) -> Matrix:
    """Sets `dst` to the expanded replacement where the whole value of `src` ("" when absent) matches; an empty result removes `dst`.

    Raises InvalidRegex, and DuplicateSeries when series become equal.
    """
    pattern = _compile(regex)
    labels = [_replace(labels, dst, replacement, src, pattern) for labels in matrix.labels]
    return merge_equal_labels(labels, matrix.steps_ns, matrix.values, matrix.present)


def _compile(regex: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(regex, options)
    except re2.error as error:
        raise InvalidRegex(f"invalid regex in label_replace: {regex}") from error


def _replace(labels: Labels, dst: str, replacement: str, src: str, pattern: Any) -> Labels:
    values = dict(labels)
    match = pattern.fullmatch(values.get(src, ""))
    if match is None:
        return labels
    values[dst] = Template.parse(replacement).expand(match, pattern)
    return labels_of(values)
