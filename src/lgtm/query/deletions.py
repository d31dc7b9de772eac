"""Deletions of samples: what was asked to be hidden, as a series of the signal DELETIONS, which is stored, replicated and read like any other."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from lgtm.model.labels import Labels, labels_of
from lgtm.model.matchers import Matcher, Matchers, MatchOp


@dataclass(slots=True, frozen=True)
class Deletion:
    """Samples of the series that match, from start to end, both included."""

    matchers: Matchers
    start_ms: int
    end_ms: int


def deletion_labels(deletion: Deletion) -> Labels:
    matchers = orjson.dumps([[one.name, one.op.value, one.value] for one in deletion.matchers]).decode()
    return labels_of({"matchers": matchers, "start_ms": str(deletion.start_ms), "end_ms": str(deletion.end_ms)})


def deletion_of(labels: Labels) -> Deletion:
    said = dict(labels)
    matchers = tuple(Matcher(name, MatchOp(op), value) for name, op, value in orjson.loads(said["matchers"]))
    return Deletion(matchers, int(said["start_ms"]), int(said["end_ms"]))
