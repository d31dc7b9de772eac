"""label_replace: labels of a vector rewritten by a regex."""

from __future__ import annotations

import re
from typing import Any

import re2

from lgtm.model.labels import Labels, labels_of
from lgtm.model.matchers import InvalidRegex
from lgtm.vectors.matrix import Matrix, merge_equal_labels

_REFERENCE = re.compile(r"\$(?:\$|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})", re.ASCII)
"""What Go's Regexp.Expand replaces; a `$` that starts none of these stays as it is."""


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
    values[dst] = expand(replacement, match, pattern)
    return labels_of(values)


def expand(replacement: str, match: Any, pattern: Any) -> str:
    def referenced(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        group = int(name) if name.isdigit() and len(name) < 10 else pattern.groupindex.get(name, -1)
        return (match.group(group) or "") if 0 <= group <= pattern.groups else ""

    return _REFERENCE.sub(referenced, replacement)
