"""Messages of the domain name system: what is asked, what is answered, and damage."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.scrape.dns_message import Answer, DnsFailed, Record, decode_answer, encode_question
from scrape.dns_server import a_record, dns_answer, srv_record

QUESTION = encode_question(7, "_m._tcp.example.com.", "SRV")


def test_a_question_asks_for_one_name() -> None:
    head = b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
    opt = b"\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00"
    assert head + b"\x02_m\x04_tcp\x07example\x03com\x00\x00\x21\x00\x01" + opt == QUESTION


def test_answers_are_records_of_the_type_that_was_asked_for() -> None:
    data = dns_answer(QUESTION, srv_record("a.example.com", 9100), a_record("10.0.0.1"), srv_record("b", 1))
    assert decode_answer(data, 7, "SRV") == Answer((Record("SRV", "a.example.com", 9100), Record("SRV", "b", 1)), exists=True, truncated=False)
    assert decode_answer(data, 7, "A").records == (Record("A", "10.0.0.1"),)


def test_names_that_do_not_exist_have_no_records() -> None:
    assert decode_answer(dns_answer(QUESTION, code=3), 7, "SRV") == Answer((), exists=False, truncated=False)
    assert decode_answer(dns_answer(QUESTION, truncated=True), 7, "SRV").truncated


@pytest.mark.parametrize(
    "data", [b"", QUESTION, dns_answer(QUESTION, code=2), dns_answer(QUESTION, srv_record("a", 1))[:-1], dns_answer(QUESTION)[:12] + b"\xc0\x0c"]
)
def test_what_is_no_answer_is_an_error(data: bytes) -> None:
    with pytest.raises(DnsFailed):
        decode_answer(data, 7, "SRV")


def test_an_answer_to_another_question_is_an_error() -> None:
    with pytest.raises(DnsFailed, match="another question"):
        decode_answer(dns_answer(QUESTION), 8, "SRV")


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64, ".".join(["x" * 60] * 5)])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(DnsFailed, match="is no name"):
        encode_question(1, name, "A")


GOOD = dns_answer(QUESTION, srv_record("a.example.com", 9100), a_record("10.0.0.1"))


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3))
def test_damaged_bytes_are_an_answer_or_refused(at: int, patch: bytes) -> None:
    for data in (GOOD[:at] + patch + GOOD[at + len(patch) :], GOOD[:at]):
        with contextlib.suppress(DnsFailed):
            decode_answer(data, 7, "SRV")
