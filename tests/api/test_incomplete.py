"""Answers that may lack something say so in a header, and in the log."""

from __future__ import annotations

import logging

import pytest

from lgtm.api.incomplete import WARNING_BYTES_MAX, WARNING_HEADER, header_text, warning_headers


def test_a_whole_answer_has_no_header() -> None:
    assert warning_headers([]) == {}


def test_warnings_are_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert warning_headers(["a", "b"]) == {WARNING_HEADER: "a; b"}
    assert "an answer may be incomplete" in caplog.messages


def test_a_header_is_printable_ascii_and_bounded() -> None:
    assert header_text(["ключ\n"]) == "???? "
    assert len(header_text(["x" * 10_000])) == WARNING_BYTES_MAX
