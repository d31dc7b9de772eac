"""Messages on streams, in whatever pieces they come."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.ring.codec import Kind
from lgtm.ring.keyring import KeyRing
from lgtm.ring.lzw import compress
from lgtm.ring.messages import Message, NodeState, PushPull, State
from lgtm.ring.msgpack import MalformedMessage, Signed, encode_map
from lgtm.ring.packet import WrongLabel
from lgtm.ring.stream import NODES_MAX, STATE_BYTES_MAX, StreamCodec
from ring.wire_messages import MESSAGES, NODES, h

PLAIN, LABELLED, SEALED = StreamCodec(""), StreamCodec("mine"), StreamCodec("mine", KeyRing([b"k" * 16]))
STATES = st.builds(PushPull, st.booleans(), st.lists(NODES, max_size=5).map(tuple), st.binary(max_size=400))


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
    ],
)
def test_more_than_may_be_is_refused_before_it_is_read(fields: dict[str, bool | Signed], complaint: str) -> None:
    with pytest.raises(MalformedMessage, match=complaint):
        PLAIN.decode(memoryview(bytes([Kind.PUSH_PULL]) + encode_map(fields)))


def test_a_stream_without_an_end_is_ended() -> None:
    reader = PLAIN.reader()
    with pytest.raises(MalformedMessage, match="without an end"):
        reader.feed(b"x" * 30 * 1024 * 1024)


def test_a_compressed_stream_is_read() -> None:
    message = PushPull(False, (), b"state" * 100)
    data = bytes([Kind.COMPRESS]) + encode_map({"Algo": 0, "Buf": compress(PLAIN.encode(message))})
    assert PLAIN.decode(memoryview(data)) == message


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
