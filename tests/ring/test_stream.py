"""Messages on streams, in whatever pieces they come."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.ring.codec import Kind, read_node_state
from lgtm.ring.keyring import KeyRing
from lgtm.ring.lzw import compress
from lgtm.ring.messages import Message, NodeState, PushPull, State
from lgtm.ring.msgpack import MalformedMessage, Reader, Signed, Value, encode_map
from lgtm.ring.packet import WrongLabel
from lgtm.ring.stream import NODES_MAX, STATE_BYTES_MAX, STREAM_BYTES_MAX, TRIES_MAX, StreamCodec
from ring.wire_messages import MESSAGES, NODES, h

PLAIN, LABELLED, SEALED = StreamCodec(""), StreamCodec("mine"), StreamCodec("mine", KeyRing([b"k" * 16]))
STATES = st.builds(PushPull, st.booleans(), st.lists(NODES, max_size=5).map(tuple), st.binary(max_size=400))


def compressed(data: bytes) -> bytes:
    return bytes([Kind.COMPRESS]) + encode_map({"Algo": 0, "Buf": compress(data)})


def test_the_header_is_that_of_memberlist() -> None:
    node = NodeState("a", b"1234", 1, 1, State.ALIVE)
    data = PLAIN.encode(PushPull(True, (node, node), b"x" * 300))
    assert data.startswith(h("06 83 a4 4a6f696e c3 a5 4e6f646573 02 ac 557365725374617465 4c656e d1012c"))


@settings(deadline=None)
@given(st.one_of(MESSAGES, STATES), st.sampled_from([PLAIN, LABELLED, SEALED]), st.data())
def test_a_message_is_there_once_its_last_byte_is(message: Message, codec: StreamCodec, data: st.DataObject) -> None:
    encoded = codec.encode(message)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    reader = codec.reader()
    reader.feed(encoded[:cut])
    assert reader.take() is None
    reader.feed(encoded[cut:])
    assert reader.take() == message


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"Join": True, "Nodes": Signed(NODES_MAX + 1), "UserStateLen": Signed(0)}, "Nodes"),
        ({"Join": True, "Nodes": Signed(0), "UserStateLen": Signed(STATE_BYTES_MAX + 1)}, "UserStateLen"),
        ({"Join": True, "Nodes": b"x" * 10_000}, "Nodes is no number"),
    ],
)
def test_more_than_may_be_is_refused_before_it_is_read(fields: dict[str, Value], complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        PLAIN.decode(memoryview(bytes([Kind.PUSH_PULL]) + encode_map(fields)))


def test_a_large_user_message_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedMessage, match="UserMsgLen"):
        PLAIN.decode(memoryview(bytes([Kind.USER]) + encode_map({"UserMsgLen": Signed(STATE_BYTES_MAX + 1)})))


def test_a_stream_without_an_end_is_ended() -> None:
    reader = PLAIN.reader()
    with pytest.raises(MalformedMessage, match="without an end"):
        reader.feed(b"x" * 30 * 1024 * 1024)


def test_a_compressed_stream_is_read() -> None:
    message = PushPull(False, (), b"state" * 100)
    assert PLAIN.decode(memoryview(compressed(PLAIN.encode(message)))) == message


def test_of_a_compressed_message_nothing_more_can_come() -> None:
    whole = PLAIN.encode(PushPull(False, (), b"state"))
    for size in range(len(whole)):
        with pytest.raises(MalformedMessage, match="too early"):
            PLAIN.decode(memoryview(compressed(whole[:size])))


def test_a_bomb_is_refused() -> None:
    with pytest.raises(MalformedMessage, match="expands"):
        PLAIN.decode(memoryview(compressed(b"a" * (STREAM_BYTES_MAX + 1))))


def test_each_node_is_read_once_in_however_many_pieces_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = 0

    def counted(source: Reader) -> NodeState:
        nonlocal tries
        tries += 1
        return read_node_state(source)

    monkeypatch.setattr("lgtm.ring.stream.read_node_state", counted)
    message = PushPull(True, tuple(NodeState(f"n{number}", b"1234", 1, 1, State.ALIVE) for number in range(300)), b"state")
    encoded, reader = PLAIN.encode(message), PLAIN.reader()
    pieces = [encoded[at : at + 50] for at in range(0, len(encoded), 50)]
    for piece in pieces:
        assert reader.take() is None
        reader.feed(piece)
    assert reader.take() == message
    assert tries <= len(message.nodes) + len(pieces)


@settings(max_examples=30, deadline=None)
@given(st.one_of(MESSAGES, STATES), st.sampled_from([PLAIN, LABELLED, SEALED]))
def test_a_message_comes_byte_by_byte(message: Message, codec: StreamCodec) -> None:
    reader = codec.reader()
    for byte in codec.encode(message):
        assert reader.take() is None
        reader.feed(bytes([byte]))
    assert reader.take() == message == reader.take()


def test_a_map_that_never_ends_is_ended() -> None:
    reader = PLAIN.reader()
    reader.feed(bytes([Kind.PUSH_PULL]) + h("de 0400") + h("a0 c0") * 512)
    with pytest.raises(MalformedMessage, match="too many pieces"):  # noqa: PT012 which byte is the last straw does not matter
        for _ in range(TRIES_MAX + 1):
            reader.feed(h("a0 c0"))
            reader.take()


@settings(deadline=None)
@given(st.one_of(MESSAGES, STATES), st.sampled_from([PLAIN, LABELLED, SEALED]), st.data())
def test_a_stream_that_was_changed_is_another_one_or_refused(message: Message, codec: StreamCodec, data: st.DataObject) -> None:
    damaged = bytearray(codec.encode(message))
    for _ in range(3):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(MalformedMessage):
        codec.decode(memoryview(damaged))


def test_strangers_are_refused() -> None:
    message = PushPull(True, ())
    with pytest.raises(WrongLabel):
        LABELLED.decode(memoryview(StreamCodec("other").encode(message)))
    with pytest.raises(MalformedMessage, match="not encrypted"):
        SEALED.decode(memoryview(LABELLED.encode(message)))
    with pytest.raises(MalformedMessage, match="no key"):
        LABELLED.decode(memoryview(SEALED.encode(message)))
    with pytest.raises(MalformedMessage, match="announces"):
        SEALED.decode(memoryview(b"\xf4\x04mine\x0a\xff\xff\xff\xff"))


@given(st.binary(max_size=100))
def test_any_bytes_are_a_stream_or_refused(data: bytes) -> None:
    for codec in (PLAIN, LABELLED, SEALED):
        with contextlib.suppress(MalformedMessage):
            codec.decode(memoryview(data))
