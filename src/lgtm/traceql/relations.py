"""Structural relations between spans, by their nested-set numbers.

Each question is answered for all spans at once by looking numbers up in sorted arrays: an ancestor's interval is open where the span's own
begins, so the intervals that have begun there outnumber those that have ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lgtm.traceql.columns import I64, Bool

CONVERSE = {">": "<", "<": ">", ">>": "<<", "<<": ">>", "~": "~"}


@dataclass(slots=True, frozen=True, eq=False)
class Nodes:
    """Spans as their numbers. unit: what they must share to be related: their trace. left is 0 for spans that no root reaches."""

    unit: I64
    left: I64
    right: I64
    parent: I64

    def __len__(self) -> int:
        return len(self.unit)

    def take(self, mask: Bool) -> Nodes:
        return Nodes(self.unit[mask], self.left[mask], self.right[mask], self.parent[mask])


def related(symbol: str, lefts: Nodes, rights: Nodes) -> Bool:
    """Which spans on the right stand in the relation to some span on the left: `>` child of, `>>` below, `<` parent of, `<<` above, `~` sibling."""
    found = np.zeros(len(rights), dtype=bool)
    reached = rights.left > 0
    a, b = lefts.take(lefts.left > 0), rights.take(reached)
    if len(a) and len(b):
        width = int(max(a.right.max(), b.right.max())) + 2
        found[reached] = _RELATIONS[symbol](a, b, width)
    return found


def _keys(unit: I64, number: I64, width: int) -> I64:
    """One number for (unit, number). Of a root the parent's number is -1, of none other 0."""
    return unit * width + np.maximum(number, 0)


def _child(a: Nodes, b: Nodes, width: int) -> Bool:
    return np.isin(_keys(b.unit, b.parent, width), _keys(a.unit, a.left, width)) & (b.parent > 0)


def _parent(a: Nodes, b: Nodes, width: int) -> Bool:
    return np.isin(_keys(b.unit, b.left, width), _keys(a.unit, a.parent, width))


def _descendant(a: Nodes, b: Nodes, width: int) -> Bool:
    begun = np.sort(_keys(a.unit, a.left, width))
    ended = np.sort(_keys(a.unit, a.right, width))
    here = _keys(b.unit, b.left, width)
    return np.asarray(np.searchsorted(begun, here) > np.searchsorted(ended, here))


def _ancestor(a: Nodes, b: Nodes, width: int) -> Bool:
    begun = np.sort(_keys(a.unit, a.left, width))
    first = np.searchsorted(begun, _keys(b.unit, b.left, width), side="right")
    return np.asarray(np.searchsorted(begun, _keys(b.unit, b.right, width)) > first)


def _sibling(a: Nodes, b: Nodes, width: int) -> Bool:
    families = np.sort(_keys(a.unit, a.parent, width))
    wanted = _keys(b.unit, b.parent, width)
    count = np.searchsorted(families, wanted, side="right") - np.searchsorted(families, wanted)
    itself = np.isin(_keys(b.unit, b.left, width), _keys(a.unit, a.left, width))
    return np.asarray(count - itself > 0)


_RELATIONS: dict[str, Callable[[Nodes, Nodes, int], Bool]] = {
    ">": _child,
    "<": _parent,
    ">>": _descendant,
    "<<": _ancestor,
    "~": _sibling,
}
