import pytest

from cli.command import lgtm
from cli.web import Reply, serving


@pytest.mark.parametrize(("status", "body", "code"), [(200, b"ready\n", 0), (503, b"replaying the log\n", 1)])
def test_health_is_what_ready_says(status: int, body: bytes, code: int) -> None:
    with serving(lambda _: Reply(status, body)) as web:
        ran = lgtm("health", environ={"LGTM_ADDR": web.addr})
    assert (ran.code, ran.out, web.asked[0].path) == (code, body.decode(), "/ready")
