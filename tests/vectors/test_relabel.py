from __future__ import annotations

import pytest

from lgtm.model.matchers import InvalidRegex
from lgtm.vectors.matrix import DuplicateSeries
from lgtm.vectors.relabel import label_replace
from vectors.matrices import matrix, text


@pytest.mark.parametrize(
    ("dst", "replacement", "src", "regex", "labels"),
    [
        ("x", "$1", "app", "(.*)", '{app="nginx", x="nginx"}'),
        ("x", "$1-y", "app", "(n)g.*", '{app="nginx", x="n-y"}'),
        ("x", "$1y", "app", "(n).*", '{app="nginx"}'),  # the name is `1y`, which no group has, and an empty result removes x
        ("x", "${1}y", "app", "(n).*", '{app="nginx", x="ny"}'),
        ("x", "${name}!", "app", "(?P<name>n.*)", '{app="nginx", x="nginx!"}'),
        ("x", "$2$1", "app", "(.)(.).*", '{app="nginx", x="gn"}'),
        ("x", "$0", "app", "ngin", '{app="nginx"}'),  # the whole value must match
        ("x", "a$$b$", "app", ".*", '{app="nginx", x="a$b$"}'),
        ("x", "new", "nosuch", "", '{app="nginx", x="new"}'),
        ("app", "", "app", ".*", "{}"),
        ("x", "$1", "app", "(z)?.*", '{app="nginx"}'),
    ],
)
def test_a_label_is_set_from_what_the_regex_caught(dst: str, replacement: str, src: str, regex: str, labels: str) -> None:
    assert text(label_replace(matrix('{app="nginx"} 1'), dst=dst, replacement=replacement, src=src, regex=regex)) == [f"{labels} 1"]


def test_series_that_become_equal_are_refused() -> None:
    with pytest.raises(DuplicateSeries):
        label_replace(matrix('{app="a"} 1\n{app="b"} 2'), dst="app", replacement="c", src="app", regex=".*")


def test_a_broken_regex_is_refused() -> None:
    with pytest.raises(InvalidRegex):
        label_replace(matrix('{app="a"} 1'), dst="x", replacement="", src="app", regex="(")
