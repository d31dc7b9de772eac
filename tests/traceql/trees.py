"""Trees of spans, and what is true of them by walking from span to span."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from lgtm.traceql.nested_set import CLIENT, SERVER, SHARED_MAX, NestedSet, nested_set


@dataclass(frozen=True)
class Span:
    trace: int
    id: int
    parent: int
    kind: int = 0


ROOT = 0
"""The parent of a root."""


def _in_order(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span.trace)


FORESTS = st.lists(
    st.builds(Span, st.integers(0, 2), st.integers(1, 9), st.integers(ROOT, 9), st.sampled_from([0, SERVER, CLIENT])),
    max_size=18,
).map(_in_order)
"""Spans of up to three traces, in order of trace: with orphans, cycles, several roots, and ids that several spans share."""


def numbered(spans: list[Span]) -> NestedSet:
    return nested_set(
        np.array([span.trace for span in spans], np.int64),
        np.array([span.id for span in spans], np.uint64),
        np.array([span.parent for span in spans], np.uint64),
        np.array([span.kind for span in spans], np.int64),
    )


class Walk:
    """The same by pointers. parents: the row of each row's parent, None for roots and orphans."""

    def __init__(self, spans: list[Span]) -> None:
        self.spans = spans
        self.parents = [self._parent(row) for row in range(len(spans))]
        self.reached = [self._is_reached(row) for row in range(len(spans))]

    def _parent(self, row: int) -> int | None:
        span = self.spans[row]
        wanted = CLIENT if span.kind == SERVER else SERVER
        found = [at for at, other in enumerate(self.spans) if span.parent != ROOT and (other.trace, other.id) == (span.trace, span.parent)]
        return next((at for at in found if self.spans[at].kind == wanted), found[0] if found else None)

    def is_crowded(self, trace: int) -> bool:
        ids = [span.id for span in self.spans if span.trace == trace]
        return any(ids.count(each) > SHARED_MAX for each in ids)

    def ancestors(self, row: int) -> list[int]:
        """Nearest first; ends where a cycle closes."""
        found: list[int] = []
        at = self.parents[row]
        while at is not None and at not in found:
            found.append(at)
            at = self.parents[at]
        return found

    def _is_reached(self, row: int) -> bool:
        top = [row, *self.ancestors(row)][-1]
        return self.spans[top].parent == ROOT and not self.is_crowded(self.spans[row].trace)

    def children(self, row: int) -> list[int]:
        return [at for at, parent in enumerate(self.parents) if parent == row]

    def numbers(self) -> dict[int, tuple[int, int]]:
        """Left and right of each reached row, depth first."""
        found: dict[int, tuple[int, int]] = {}
        for trace in {span.trace for span in self.spans}:
            roots = [row for row, span in enumerate(self.spans) if span.trace == trace and span.parent == ROOT and self.reached[row]]
            at = 1
            for root in roots:
                at = self._visit(root, at, found)
        return found

    def _visit(self, row: int, left: int, found: dict[int, tuple[int, int]]) -> int:
        at = left + 1
        for child in self.children(row):
            at = self._visit(child, at, found)
        found[row] = (left, at)
        return at + 1

    def related(self, symbol: str, left: int, right: int) -> bool:
        """Whether the span on the right is child of (`>`), below (`>>`), parent of (`<`), above (`<<`) or sibling of (`~`) the one on the left."""
        if not (self.reached[left] and self.reached[right]) or self.spans[left].trace != self.spans[right].trace:
            return False
        match symbol:
            case ">":
                return self.parents[right] == left
            case "<":
                return self.parents[left] == right
            case ">>":
                return left in self.ancestors(right)
            case "<<":
                return right in self.ancestors(left)
            case _:
                return left != right and self.parents[left] == self.parents[right]

    def rows(self) -> Iterator[int]:
        return iter(range(len(self.spans)))
