"""Errors have the words that a targets page shows."""

from __future__ import annotations

import pytest

from lgtm.scrape.fetch import BodySizeLimitReached, FetchFailed, Response, UnexpectedStatus


def test_errors_have_the_words_of_prometheus() -> None:
    assert str(FetchFailed("http://h/metrics", "context deadline exceeded")) == 'Get "http://h/metrics": context deadline exceeded'
    assert str(UnexpectedStatus(404, "Not Found")) == "server returned HTTP status 404 Not Found"
    assert str(BodySizeLimitReached()) == "body size limit exceeded"


def test_only_status_200_is_ok() -> None:
    response = Response(200, "OK", {}, b"")
    assert response.expect_ok() is response
    with pytest.raises(UnexpectedStatus):
        Response(204, "No Content", {}, b"").expect_ok()
