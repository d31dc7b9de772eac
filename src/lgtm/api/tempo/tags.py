"""Names and values of attributes, for whoever writes a query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

from starlette.responses import Response

from lgtm.api.tempo.encode import bare_tag_values_fields, scoped_tag_names_fields, tag_names_fields, tag_values_fields
from lgtm.api.tempo.engine import BareTagValuesAnswer, TagValuesAnswer
from lgtm.api.tempo.reads import Reads
from lgtm.api.tempo.requests import BareTagValuesRequest, TagValuesRequest, read_bare_tag_values, read_tag_names, read_tag_values
from lgtm.api.tempo.side import Call, TraceSide

V = TypeVar("V", str, tuple[str, str])


async def tag_names(side: TraceSide, call: Call) -> Response:
    """Of one scope or of all, in one list."""
    asked = await side.read(call.form.length, lambda: read_tag_names(call.form, call.ranges))
    answer = await call.reads.tag_names(asked)
    return await side.answer(call, len(answer.names), lambda: tag_names_fields(answer, asked), message="SearchTagsResponse", warnings=answer.warnings)


async def scoped_tag_names(side: TraceSide, call: Call) -> Response:
    asked = await side.read(call.form.length, lambda: read_tag_names(call.form, call.ranges))
    answer = await call.reads.tag_names(asked)
    return await side.answer(
        call, len(answer.names), lambda: scoped_tag_names_fields(answer, asked), message="SearchTagsV2Response", warnings=answer.warnings
    )


async def tag_values(side: TraceSide, call: Call) -> Response:
    """Values with their types of a field as a query writes it."""
    length = len(call.name) + call.form.length
    asked = await side.read(length, lambda: read_tag_values(call.name, call.form, call.ranges))
    answer = await bounded_values(side, call.reads, asked)
    return await side.answer(
        call, len(answer.values), lambda: tag_values_fields(answer), message="SearchTagValuesV2Response", warnings=answer.warnings
    )


async def bare_tag_values(side: TraceSide, call: Call) -> Response:
    """Values as text of a key without its scope."""
    answer = await bounded_bare_values(side, call.reads, read_bare_tag_values(call.name, call.form, call.ranges))
    return await side.answer(
        call, len(answer.values), lambda: bare_tag_values_fields(answer), message="SearchTagValuesResponse", warnings=answer.warnings
    )


async def bounded_values(side: TraceSide, reads: Reads, asked: TagValuesRequest) -> TagValuesAnswer:
    answer = await reads.tag_values(asked)
    values = within(side.config.tag_values_bytes_max, answer.values, [len(text) for _, text in answer.values])
    return replace(answer, values=values, warnings=(*answer.warnings, *_cut(answer.values, values)))


async def bounded_bare_values(side: TraceSide, reads: Reads, asked: BareTagValuesRequest) -> BareTagValuesAnswer:
    answer = await reads.bare_tag_values(asked)
    values = within(side.config.tag_values_bytes_max, answer.values, list(map(len, answer.values)))
    return replace(answer, values=values, warnings=(*answer.warnings, *_cut(answer.values, values)))


def within(most: int, values: list[V], sizes: Sequence[int]) -> list[V]:
    """The first of them that are together no larger than `most`; 0 for all."""
    if not most or sum(sizes) <= most:
        return values
    return values[: sum(total <= most for total in accumulate(sizes))]


def _cut(values: Sequence[V], kept: Sequence[V]) -> Iterator[str]:
    if len(kept) < len(values):
        yield f"{len(values) - len(kept)} of {len(values)} values are left out: together they are larger than an answer may be"
