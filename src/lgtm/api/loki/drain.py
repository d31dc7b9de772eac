"""What lines have in common: words that vary become `<_>`, and lines that then agree share a pattern, which `|>` takes.

In two steps, so that the work per line is done by kernels over columns: words with digits in them are masked, which leaves few distinct templates;
then templates of one shape that agree in enough words are merged, after Drain (He et al., ICWS 2017). A wildcard never spans a delimiter, so a
literal behind it begins with one, and the filter's search from the left always finds the end of the word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

WILDCARD = "<_>"
LINE_CHARACTERS_MAX = 2_000
"""The rest of a longer line is one wildcard."""
TEMPLATES_MAX = 20_000
"""Distinct templates that are merged, the most frequent first."""
CLUSTERS_MAX = 300
"""Patterns in an answer, the most frequent first."""
CANDIDATES_MAX = 50
"""Patterns of one shape that a template is compared with."""
SIMILARITY_MIN = 0.4
"""Share of words that must agree. Names in front of `=` and `:` do not count: they agree in all lines of one program."""

_DELIMITERS = r""" \t\n\r\f\v=:,;"'`()\[\]{}|/\\&?<>"""
_VARIABLE = rf"(?:[^{_DELIMITERS}]*[0-9<>])+[^{_DELIMITERS}]*"
"""A word with a digit, or with an angle bracket, which a pattern could not hold as it is."""
_SPLIT = re.compile(rf"(<_>|[^{_DELIMITERS}]+)")


def templates(lines: Any) -> Any:
    """lines: pa.Array[string] → the same with variable words masked."""
    return pc.replace_substring_regex(_bounded(lines), pattern=_VARIABLE, replacement=WILDCARD)


def _bounded(lines: Any) -> Any:
    longest = pc.max(pc.binary_length(lines)).as_py() or 0
    if longest <= LINE_CHARACTERS_MAX:
        return lines
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(lines, 0, LINE_CHARACTERS_MAX), WILDCARD, "")
    return pc.if_else(pc.greater(pc.utf8_length(lines), LINE_CHARACTERS_MAX), cut, lines)


@dataclass(slots=True)
class Cluster:
    """between: delimiters around the words, one more than words. members: the templates that were merged."""

    between: tuple[str, ...]
    words: list[str]
    members: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = [self.between[0]]
        for word, delimiter in zip(self.words, self.between[1:], strict=True):
            parts += (word, delimiter)
        return "".join(parts)

    def similarity(self, words: list[str]) -> float:
        counted = [i for i in range(len(words)) if self.between[i + 1][:1] not in ("=", ":")]
        return sum(self.words[i] == words[i] for i in counted) / len(counted) if counted else 1.0

    def merge(self, template: str, words: list[str]) -> None:
        self.words = [own if own == other else WILDCARD for own, other in zip(self.words, words, strict=True)]
        self.members.append(template)


def clusters(found: Iterable[str]) -> list[Cluster]:
    """found: templates, the most frequent first."""
    shapes: defaultdict[tuple[str, ...], list[Cluster]] = defaultdict(list)
    for template in found:
        pieces = _SPLIT.split(template)
        between, words = tuple(pieces[::2]), pieces[1::2]
        shape = shapes[between]
        best = max(shape, key=lambda cluster: cluster.similarity(words), default=None)
        if best is not None and (best.similarity(words) >= SIMILARITY_MIN or len(shape) >= CANDIDATES_MAX):
            best.merge(template, words)
        else:
            shape.append(Cluster(between, words, [template]))
    return [cluster for shape in shapes.values() for cluster in shape]
