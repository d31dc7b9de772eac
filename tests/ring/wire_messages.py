"""Messages of every kind, for tests that write and read them."""

from __future__ import annotations

from hypothesis import strategies as st

from lgtm.ring.messages import Ack, Alive, Dead, IndirectPing, Message, Nack, NodeState, Ping, RemoteError, State, Suspect, UserMessage

U32 = st.integers(0, 2**32 - 1)
NAMES = st.text(max_size=40)
IPS = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16).filter(lambda ip: not ip.startswith(b"\0" * 10 + b"\xff\xff")))
PORTS = st.integers(0, 65_535)
META = st.one_of(st.none(), st.binary(max_size=512))
VERSIONS = st.tuples(*[st.integers(0, 255)] * 6)
SOURCES = {"source_addr": st.one_of(st.just(b""), IPS), "source_port": PORTS, "source_node": NAMES}

MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Ping, U32, NAMES, **SOURCES),
    st.builds(IndirectPing, U32, IPS, PORTS, NAMES, st.booleans(), **SOURCES),
    st.builds(Ack, U32, st.one_of(st.none(), st.binary(min_size=1, max_size=40))),
    st.builds(Nack, U32),
    st.builds(RemoteError, NAMES),
    st.builds(Suspect, U32, NAMES, NAMES),
    st.builds(Dead, U32, NAMES, NAMES),
    st.builds(Alive, U32, NAMES, IPS, PORTS, META, VERSIONS),
    st.builds(UserMessage, st.binary(max_size=300)),
)
NODES = st.builds(NodeState, NAMES, IPS, PORTS, U32, st.sampled_from(State), META, VERSIONS)


def h(text: str) -> bytes:
    return bytes.fromhex(text.replace(" ", ""))
