"""Datagrams in all their layers."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.ring.codec import Kind, encode_message
from lgtm.ring.keyring import KeyRing, WrongKey
from lgtm.ring.lzw import compress
from lgtm.ring.messages import Message, Ping, UserMessage
from lgtm.ring.msgpack import MalformedMessage, encode_map
from lgtm.ring.packet import EXPANDED_BYTES_MAX, PacketCodec, WrongChecksum, WrongLabel, compound, pack
from ring.wire_messages import MESSAGES, h

KEYS = KeyRing([b"k" * 32])
PLAIN, LABELLED, SEALED = PacketCodec(""), PacketCodec("mine"), PacketCodec("mine", KEYS)


def compressed(data: bytes) -> bytes:
    return bytes([Kind.COMPRESS]) + encode_map({"Algo": 0, "Buf": compress(data)})


def test_a_checksum_is_written_as_memberlist_does() -> None:
    assert PLAIN.encode([encode_message(Ping(7, "b"))], True) == h("0c eda39c8e 00 82 a4 4e6f6465 a1 62 a5 5365714e6f 07")


@settings(deadline=None)
@given(st.lists(MESSAGES, min_size=1, max_size=8), st.booleans(), st.sampled_from([PLAIN, LABELLED, SEALED]))
def test_messages_read_back_through_every_layer(messages: list[Message], crc: bool, codec: PacketCodec) -> None:
    data = codec.encode([encode_message(message) for message in messages], crc)
    assert codec.decode(data) == messages
    assert len(data) <= codec.overhead_bytes + 2 + sum(2 + len(encode_message(message)) for message in messages)


def test_compressed_packets_are_read() -> None:
    inner = compound([encode_message(Ping(1, "a")), encode_message(Ping(2, "b"))])
    assert PLAIN.decode(compressed(inner)) == [Ping(1, "a"), Ping(2, "b")]
    assert PLAIN.decode(compound([compressed(encode_message(Ping(1, "a")))] * 2)) == [Ping(1, "a")] * 2
    with pytest.raises(MalformedMessage, match="unknown method"):
        PLAIN.decode(bytes([Kind.COMPRESS]) + encode_map({"Algo": 1, "Buf": b"x"}))


@pytest.mark.parametrize(
    ("sender", "receiver", "error"),
    [
        (PacketCodec("other"), LABELLED, WrongLabel),
        (PLAIN, LABELLED, WrongLabel),
        (LABELLED, PLAIN, WrongLabel),
        (PacketCodec("mine", KeyRing([b"x" * 32])), SEALED, WrongKey),
        (LABELLED, SEALED, MalformedMessage),
    ],
)
def test_a_stranger_is_told_apart_by_what_is_wrong(sender: PacketCodec, receiver: PacketCodec, error: type[Exception]) -> None:
    with pytest.raises(error) as refused:
        receiver.decode(sender.encode([encode_message(Ping(1, "a"))], True))
    assert type(refused.value) is error
    assert str(refused.value)


def test_keys_are_introduced_without_a_pause() -> None:
    message = [encode_message(Ping(1, "a"))]
    lenient = PacketCodec("mine", KEYS, encrypt=False, verify=False)
    for sender, receiver in ((LABELLED, lenient), (lenient, LABELLED), (SEALED, lenient)):
        assert receiver.decode(sender.encode(message, True)) == [Ping(1, "a")]


def test_a_changed_packet_is_dropped() -> None:
    data = bytearray(PLAIN.encode([encode_message(Ping(1, "abc"))], True))
    data[-1] ^= 1
    with pytest.raises(WrongChecksum):
        PLAIN.decode(bytes(data))


def test_of_a_compound_that_was_cut_the_whole_parts_are_read() -> None:
    data = PLAIN.encode([encode_message(Ping(number, "a")) for number in range(3)], False)
    codec = PacketCodec("")
    assert codec.decode(data[:-1]) == [Ping(0, "a"), Ping(1, "a")]
    assert codec.parts_dropped == 1


def test_a_damaged_part_does_not_harm_the_others() -> None:
    codec = PacketCodec("")
    parts = [encode_message(Ping(1, "a")), b"\x63?", compressed(b"x")[:-1], encode_message(Ping(2, "b"))]
    assert codec.decode(compound(parts)) == [Ping(1, "a"), Ping(2, "b")]
    assert codec.parts_dropped == 2


@given(st.lists(st.integers(1, 3_000), max_size=300))
def test_groups_fit_into_packets_and_nothing_is_left_out(sizes: list[int]) -> None:
    messages = [bytes([8]) * size for size in sizes]
    groups = list(pack(messages, 1_400))
    assert [message for group in groups for message in group] == messages
    assert all(len(group) == 1 or len(compound(group)) <= 1_400 for group in groups)


def test_a_message_too_large_for_a_compound_goes_alone() -> None:
    large = encode_message(UserMessage(b"x" * 70_000))
    assert [len(group) for group in pack([b"\x08x", large, b"\x08x", b"\x08y"], 10**7)] == [1, 1, 2]
    assert PLAIN.decode(PLAIN.encode([large], True)) == [UserMessage(b"x" * 70_000)]


@given(st.binary(max_size=100))
def test_any_bytes_are_a_packet_or_refused(data: bytes) -> None:
    for codec in (PLAIN, LABELLED, SEALED):
        with contextlib.suppress(MalformedMessage):
            codec.decode(data)


@pytest.mark.parametrize("codec", [PLAIN, LABELLED, SEALED])
@pytest.mark.parametrize("crc", [True, False])
def test_a_packet_cut_anywhere_is_refused(codec: PacketCodec, crc: bool) -> None:
    data = codec.encode([encode_message(Ping(1, "abc"))], crc)
    for size in range(len(data)):
        with pytest.raises(MalformedMessage):
            codec.decode(data[:size])


@settings(deadline=None)
@given(st.lists(MESSAGES, min_size=1, max_size=4), st.sampled_from([PLAIN, LABELLED, SEALED]), st.booleans(), st.data())
def test_a_packet_that_was_changed_is_another_one_or_refused(messages: list[Message], codec: PacketCodec, squeeze: bool, data: st.DataObject) -> None:
    encoded = [encode_message(message) for message in messages]
    damaged = bytearray(codec.encode([compressed(compound(encoded))] if squeeze else encoded, False))
    for _ in range(3):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(MalformedMessage):
        codec.decode(bytes(damaged))


def test_the_parts_of_a_packet_together_expand_no_more_than_one() -> None:
    part = compressed(encode_message(UserMessage(b"a" * (EXPANDED_BYTES_MAX // 3))))
    codec = PacketCodec("")
    assert len(codec.decode(compound([part] * 5))) == 2
    assert codec.parts_dropped == 3


def test_layers_have_an_end() -> None:
    ping = encode_message(Ping(1, "a"))
    for deep in (
        compressed(compressed(compressed(ping))),
        compound([compound([compound([ping])] * 2)] * 2),
        compressed(compound([compressed(ping)])),
    ):
        with contextlib.suppress(MalformedMessage):
            assert PLAIN.decode(deep) == []


def test_what_a_stranger_sent_is_not_repeated_in_the_error() -> None:
    with pytest.raises(MalformedMessage) as refused:
        PLAIN.decode(bytes([Kind.COMPRESS]) + encode_map({"Algo": b"x" * 10_000, "Buf": b""}))
    assert len(str(refused.value)) < 100
