"""News waiting to be gossiped: each a few times, the least told first; newer news about the same thing replaces the older."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from lgtm.ring.messages import Message

QUEUED_MAX = 4_096
PART_OVERHEAD_BYTES = 2


def transmissions(multiplier: int, members: int) -> int:
    """How often a message is sent, so that everybody hears it with high probability."""
    return multiplier * math.ceil(math.log10(members + 1))


@dataclass(slots=True)
class _Queued:
    message: Message
    nbytes: int
    sent: int = 0


class Broadcasts:
    def __init__(self, size_of: Callable[[Message], int]) -> None:
        self._size_of = size_of
        self._queued: dict[str, _Queued] = {}

    def __len__(self) -> int:
        return len(self._queued)

    def put(self, key: str, message: Message) -> None:
        """key: what the message is about. When the queue is full the news told most often is dropped: a push/pull repairs what was missed."""
        self._queued[key] = _Queued(message, self._size_of(message))
        if len(self._queued) > QUEUED_MAX:
            del self._queued[max(self._queued, key=lambda each: self._queued[each].sent)]

    def take(self, bytes_max: int, sent_max: int) -> list[Message]:
        """As many as fit into one packet, each of them counted as sent once more."""
        found: list[Message] = []
        left = bytes_max
        for key, queued in sorted(self._queued.items(), key=lambda item: (item[1].sent, -item[1].nbytes)):
            if queued.nbytes + PART_OVERHEAD_BYTES > left and (found or queued.nbytes + PART_OVERHEAD_BYTES <= bytes_max):
                continue
            found.append(queued.message)
            left -= queued.nbytes + PART_OVERHEAD_BYTES
            queued.sent += 1
            if queued.sent >= sent_max:
                del self._queued[key]
            if left <= 0:
                break
        return found
