"""Sending until it is known to be stored. Waits are written down instead of waited for."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from lgtm.cli.client import Answer, Refused, Unreachable
from lgtm.cli.send import WAIT_S_MAX, GaveUp, Sender

DOWN = Unreachable("http://node", ConnectionRefusedError("refused"))


class Script:
    """Gives the answers it was handed, the last one for ever."""

    def __init__(self, *answers: Answer | Unreachable) -> None:
        self.answers, self.bodies = list(answers), list[bytes]()

    def request(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        self.bodies.append(body or b"")
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Unreachable):
            raise answer
        return answer


def answered(status: int, **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"why")


def sender(script: Script, waits: list[float], retry_s_max: float = 1_000.0) -> Sender:
    return Sender(script, "/push", waits.append, retry_s_max, rng=random.Random(1))


@pytest.mark.parametrize("failure", [answered(429), answered(500), answered(503), DOWN], ids=str)
def test_what_may_pass_is_tried_again_with_the_same_body(failure: Answer | Unreachable) -> None:
    script, waits = Script(failure, failure, answered(204)), list[float]()
    sender(script, waits).send(b"body")
    assert script.bodies == [b"body"] * 3
    assert len(waits) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_what_would_be_refused_again_is_not_sent_again(status: int) -> None:
    script = Script(answered(status))
    with pytest.raises(Refused):
        sender(script, []).send(b"body")
    assert len(script.bodies) == 1


def test_waits_grow_to_a_bound_and_end() -> None:
    script, waits = Script(DOWN), list[float]()
    with pytest.raises(GaveUp, match=r"gave up after .* s of trying: no answer from http://node"):
        sender(script, waits, retry_s_max=300).send(b"body")
    assert sum(waits) <= 300
    assert max(waits) <= WAIT_S_MAX
    assert max(waits[:3]) < max(waits)


def test_the_time_that_a_node_names_is_kept_to() -> None:
    script, waits = Script(answered(503, retry_after="7"), answered(204)), list[float]()
    sender(script, waits).send(b"body")
    assert waits == [7.0]


def test_a_time_that_is_longer_than_we_may_wait_ends_the_try_at_once() -> None:
    waits = list[float]()
    with pytest.raises(GaveUp, match="why \\(status 429\\)"):
        sender(Script(answered(429, retry_after="3600")), waits, retry_s_max=60).send(b"body")
    assert waits == []
