"""Each part of the language that Prometheus has behind a flag is named by it."""

from __future__ import annotations

from dataclasses import fields

from lgtm.promql.features import Features


def test_flags_name_what_is_on() -> None:
    assert Features.of(experimental=False).flags == []
    assert Features.of(experimental=True).flags == [
        "promql-experimental-functions",
        "promql-extended-range-selectors",
        "promql-binop-fill-modifiers",
        "promql-delayed-name-removal",
        "use-start-timestamps",
    ]


def test_every_part_has_a_flag() -> None:
    everything = Features(**{field.name: True for field in fields(Features)})
    assert len(everything.flags) == len(fields(Features))
