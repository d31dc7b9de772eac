"""Who may call."""

from __future__ import annotations

import pytest

from lgtm.model.secret import Secret
from lgtm.peer.calls import Pass
from lgtm.peer.faults import PeerRejected
from peer.servers import calling, serving


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (Pass("other", Secret("hush")), "belongs to the cluster 'other'"),
        (Pass("test", Secret("wrong")), "shared secret"),
        (Pass("test"), "shared secret"),
        (Pass("täst", Secret("hush")), "belongs to the cluster 'täst'"),
    ],
)
async def test_a_stranger_is_refused_with_a_reason_on_both_sides(shown: Pass, why: str, caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as (_, address), calling(address, shown=shown) as client:
        for method in ("echo", "echo"):
            with pytest.raises(PeerRejected, match=why) as refused:
                await client.call(method, b"", 5)
            assert refused.value.definite
        with pytest.raises(PeerRejected):
            await anext(client.stream("count", b"1", 5))
        assert not client.breaker.is_open
    assert caplog.text.count("a call of a stranger was refused") == 1
    assert "hush" not in caplog.text
    assert "wrong" not in caplog.text


async def test_any_text_may_be_the_secret() -> None:
    shown = Pass("täst", Secret("hüsh\n"))
    async with serving(expected=shown) as (_, address), calling(address, shown=shown) as client:
        assert await client.call("echo", b"x", 5) == b"x"


async def test_a_method_of_a_newer_version_is_refused() -> None:
    async with serving() as (_, address), calling(address) as client:
        with pytest.raises(PeerRejected):
            await client.call("nosuch", b"", 5)
