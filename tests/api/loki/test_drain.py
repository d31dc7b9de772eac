"""Patterns: every line fits the pattern it is counted under, and lines of one program share few."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.api.loki.drain import LINE_CHARACTERS_MAX, clusters, templates
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.stages import LineFilter, LineOperand
from lgtm.model.labels import labels_of
from support.rows import Entry, batch_of

LINES = st.lists(st.text(st.sampled_from(list('ab1 ="<>_:,é\n')), max_size=30), min_size=1, max_size=12)


def template(line: str) -> str:
    return str(templates(pa.array([line], pa.string()))[0].as_py())


def patterns_of(lines: list[str]) -> list[tuple[str, list[str]]]:
    """Each pattern with the lines that are counted under it."""
    masked = templates(pa.array(lines, pa.string())).to_pylist()
    return [(str(c), [line for line, of in zip(lines, masked, strict=True) if of in c.members]) for c in clusters(dict.fromkeys(masked))]


def fits(pattern: str, lines: list[str]) -> bool:
    """Whether `|>` keeps all the lines."""
    batch = batch_of(Entry(labels_of({"app": "a"}), 1, line) for line in lines)
    return len(compile_pipeline((LineFilter("|>", (LineOperand(pattern),)),), None).run(batch)) == len(lines)


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("user 42 logged in", "user <_> logged in"),
        ("status=500 took=1.5ms path=/api/v1/users/7", "status=<_> took=<_> path=/api/<_>/users/<_>"),
        ('{"id":"6f1e-2d3c","ok":true}', '{"id":"<_>","ok":true}'),
        ("<html> a<b", "<_> <_>"),
        ("no numbers", "no numbers"),
        ("", ""),
        ("x" * (LINE_CHARACTERS_MAX + 1), "<_>"),
    ],
)
def test_words_with_digits_are_masked(line: str, masked: str) -> None:
    assert template(line) == masked


def test_words_that_vary_become_wildcards() -> None:
    found = patterns_of([f"GET /{page} took {n}ms" for n, page in enumerate(["home", "login", "cart"])])
    assert [pattern for pattern, _ in found] == ["GET /<_> took <_>"]


def test_lines_with_little_in_common_stay_apart() -> None:
    found = patterns_of(["user alice logged in", "disk sda is full"])
    assert sorted(pattern for pattern, _ in found) == ["disk sda is full", "user alice logged in"]


def test_names_of_pairs_do_not_make_lines_alike() -> None:
    found = patterns_of(['level=info msg="cache filled"', 'level=error msg="disk full"'])
    assert len(found) == 2


@given(LINES)
def test_every_line_fits_its_pattern_and_is_counted_once(lines: list[str]) -> None:
    found = patterns_of(lines)
    assert sorted(line for _, members in found for line in members) == sorted(lines)
    for pattern, members in found:
        assert not pattern or fits(pattern, members), (pattern, members)
