"""Texts of refusals."""

from __future__ import annotations

import pytest

from lgtm.errors import BadRequest
from lgtm.logql.errors import ParseError, WrongKind


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ParseError("oops"), "parse error : oops"),
        (ParseError("oops", 1, 2), "parse error at line 1, col 2: oops"),
        (ParseError("oops", 0, 2), "parse error at line 0, col 2: oops"),
        (WrongKind("only log selector is supported"), "only log selector is supported"),
    ],
)
def test_texts(error: BadRequest, text: str) -> None:
    assert str(error) == text
