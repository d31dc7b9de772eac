"""Messages have the bytes that memberlist gives them, and read back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.ring.codec import decode_message, encode_message, encode_node_state, read_node_state
from lgtm.ring.messages import Ack, Alive, IndirectPing, Message, NodeState, Ping, PushPull, State, UserMessage
from lgtm.ring.msgpack import MalformedMessage, Reader
from ring.wire_messages import MESSAGES, NODES, h

GOLDEN = [
    (Ping(7, "b"), "00 82 a4 4e6f6465 a1 62 a5 5365714e6f 07"),
    (Ack(7), "02 82 a7 5061796c6f6164 c0 a5 5365714e6f 07"),
    (
        Alive(1, "a", h("0a000001"), 7946),
        "04 86 a4 41646472 a4 0a000001 ab 496e6361726e6174696f6e 01 a4 4d657461 c0 a4 4e6f6465 a1 61 a4 506f7274 cd1f0a a3 56736e a6 010502000000",
    ),
]


@pytest.mark.parametrize(("message", "data"), GOLDEN)
def test_the_bytes_are_those_of_memberlist(message: Message, data: str) -> None:
    assert encode_message(message) == h(data)
    assert decode_message(h(data)) == message


@given(MESSAGES)
def test_a_message_reads_back(message: Message) -> None:
    assert decode_message(encode_message(message)) == message


@given(NODES)
def test_a_node_of_a_push_pull_reads_back(node: NodeState) -> None:
    assert read_node_state(Reader(encode_node_state(node))) == node


@given(MESSAGES, st.data())
def test_a_message_that_was_changed_or_cut_is_another_one_or_refused(message: Message, data: st.DataObject) -> None:
    damaged = bytearray(encode_message(message))
    damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    for each in (bytes(damaged), bytes(damaged[: data.draw(st.integers(0, len(damaged)))])):
        with contextlib.suppress(MalformedMessage):
            decode_message(each)


@settings(max_examples=30)
@given(MESSAGES.filter(lambda message: not isinstance(message, UserMessage)))
def test_a_message_cut_anywhere_is_refused(message: Message) -> None:
    data = encode_message(message)
    for size in range(len(data)):
        with pytest.raises(MalformedMessage):
            decode_message(data[:size])


@given(st.binary(max_size=80))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        decode_message(data)


def test_a_push_pull_does_not_go_into_a_packet() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode_message(PushPull(True, ()))


def test_the_long_form_of_an_ipv4_address_is_the_short_one_here() -> None:
    long, short = h("00000000000000000000ffff 0a000001"), h("0a000001")
    assert decode_message(encode_message(Alive(1, "a", long, 7946))) == Alive(1, "a", short, 7946)
    assert decode_message(encode_message(Ping(1, "a", long, 7946))) == Ping(1, "a", short, 7946)
    assert decode_message(encode_message(IndirectPing(1, long, 7946, "a", True))) == IndirectPing(1, short, 7946, "a", True)
    assert read_node_state(Reader(encode_node_state(NodeState("a", long, 7946, 1, State.DEAD)))).addr == short


@pytest.mark.parametrize("message", [Ping(1, "a", b"12345", 7946), IndirectPing(1, b"", 7946, "a", True), IndirectPing(1, b"12345", 7946, "a", True)])
def test_where_an_answer_goes_is_an_address(message: Message) -> None:
    with pytest.raises(MalformedMessage, match="no address"):
        decode_message(encode_message(message))
