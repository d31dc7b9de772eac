"""Labels of many series at once, as they were sent: in any order, with duplicates and empty values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lgtm.wire.fields import Ints


@dataclass(slots=True, frozen=True, eq=False)
class SentLabels:
    """Most labels belong to many series, so that each different pair of name and value stands here once, and of the pairs each name.

    bounds, picks: series i has the pairs picks[bounds[i]:bounds[i + 1]]. name_of, values: of each different pair, the place of its name among
    `names`, and its value. A sender may write one name, or one pair, in several ways; then it stands here several times.
    """

    bounds: Ints
    picks: Ints
    names: Sequence[str]
    name_of: Ints
    values: pa.StringArray

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The different ones."""
        return list(zip(map(self.names.__getitem__, self.name_of.tolist()), self.values.to_pylist(), strict=True))

    @property
    def value_sizes(self) -> Ints:
        """Bytes of the value of each different pair."""
        sizes: Ints = pc.binary_length(self.values).to_numpy(zero_copy_only=False)
        return sizes

    def ended(self, end: bytes) -> list[bytes]:
        """The different pairs, the name and the value of each followed by these bytes."""
        names = pa.array(self.names, pa.binary()).take(pa.array(self.name_of))
        return pc.binary_join_element_wise(names, self.values.view(pa.binary()), b"", end).to_pylist()  # type: ignore[no-any-return]


SentLabelsOf = Callable[[Ints], SentLabels | None]
"""Labels of the series with these indices, which rise. None where it takes a look at each to say what is wrong with it, or is no quicker."""
