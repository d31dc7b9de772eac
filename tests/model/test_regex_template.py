"""Templates expand as Go's Regexp.Expand does."""

from __future__ import annotations

import pytest

from lgtm.model.matchers import compile_anchored
from lgtm.model.regex_template import Template


@pytest.mark.parametrize(
    ("template", "expanded"),
    [
        ("", ""),
        ("x", "x"),
        ("$1", "a"),
        ("${1}x", "ax"),
        ("$1x", ""),
        ("$0", "a-b"),
        ("$name/$1", "b/a"),
        ("${name}", "b"),
        ("$$1", "$1"),
        ("$", "$"),
        ("$-${", "$-${"),
        ("$9$none", ""),
        ("$3", ""),
        ("$99999999999", ""),
    ],
)
def test_references_become_what_their_group_matched(template: str, expanded: str) -> None:
    pattern = compile_anchored("(a)-(?P<name>b)(c)?")
    assert Template.parse(template).expand(pattern.fullmatch("a-b"), pattern) == expanded


def test_a_template_knows_whether_it_refers() -> None:
    assert Template.parse("a$1").refers
    assert not Template.parse("a$$1").refers
