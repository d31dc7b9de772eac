"""What one run of steps needs of a selection that many runs read."""

from __future__ import annotations

from lgtm.promql.columns import Selected
from lgtm.promql.prepare import Selection

_RUNS = 16
"""Of so many runs that follow each other the samples are cut out together, so that not each run looks at all that there are."""


class Narrowed:
    """Runs ask one after the other, forwards in time."""

    def __init__(self, whole: Selected, selection: Selection) -> None:
        self._whole, self._span_ms = whole, selection.end_ms - selection.start_ms
        self._piece, self._start_ms, self._end_ms = whole, 0, 0

    def between(self, start_ms: int, end_ms: int) -> Selected:
        """At least the samples later than the start and not later than the end; not only these where they are nearly all."""
        span_ms = end_ms - start_ms
        if 2 * span_ms > self._span_ms:
            return self._whole
        if 2 * _RUNS * span_ms > self._span_ms:
            return self._whole.between(start_ms, end_ms)
        if start_ms < self._start_ms or end_ms > self._end_ms:
            self._start_ms, self._end_ms = start_ms, start_ms + _RUNS * span_ms
            self._piece = self._whole.between(self._start_ms, self._end_ms)
        return self._piece.between(start_ms, end_ms)
