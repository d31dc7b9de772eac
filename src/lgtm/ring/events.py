"""What the membership tells its shell: members as they are known, what is to be sent, and what has changed."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.ring.messages import PROTOCOL_VERSIONS, Address, Message, State


@dataclass(slots=True, frozen=True)
class Member:
    name: str
    address: Address
    incarnation: int = 0
    state: State = State.ALIVE
    meta: bytes = b""
    versions: tuple[int, ...] = PROTOCOL_VERSIONS
    changed_ns: int = 0

    def __str__(self) -> str:
        return f"{self.name} at {self.address}"


@dataclass(slots=True, frozen=True)
class Datagram:
    to: Address
    messages: tuple[Message, ...]
    crc: bool = False


@dataclass(slots=True, frozen=True)
class StreamPing:
    to: Address
    node: str
    seq_no: int


@dataclass(slots=True, frozen=True)
class StartPushPull:
    to: Address
    join: bool


Outgoing = Datagram | StreamPing | StartPushPull


@dataclass(slots=True, frozen=True)
class _About:
    member: Member

    def __str__(self) -> str:
        return str(self.member)


class Joined(_About):
    """Seen for the first time, or again after it was dead."""


class Updated(_About):
    """Its description changed."""


class Suspected(_About):
    """It does not answer."""


class Recovered(_About):
    """It was suspected, and has refuted that."""


class Died(_About):
    """It was suspected for long enough."""


class Left(_About):
    """It said goodbye."""


@dataclass(slots=True, frozen=True)
class Conflict:
    """Another address claims a name whose bearer lives."""

    known: Member
    claimed: Address

    def __str__(self) -> str:
        return f"{self.known} is also claimed by {self.claimed}; two nodes with one identity, or one that came back too soon"


@dataclass(slots=True, frozen=True)
class UserData:
    data: bytes


Change = Joined | Updated | Suspected | Recovered | Died | Left | Conflict | UserData
