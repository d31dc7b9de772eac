"""`lgtm ring` shows and forgets."""

from __future__ import annotations

import json

from cli.command import lgtm
from cli.web import Asked, Reply, serving

SHARDS = {"shards": [{"id": "a", "state": "ACTIVE", "address": "10.0.0.1:3100", "zone": "z", "share": 1.0, "single_copy_rows": 0, "spilled_rows": 3}]}


def answer(asked: Asked) -> Reply:
    if asked.method == "POST":
        return Reply(302, headers={"Location": "/ring"}) if asked.body == b"forget=a" else Reply(404, b"there is no instance x in the ring")
    return Reply(503, b"no: instance b is JOINING\n") if asked.path == "/ring/settled" else Reply(200, json.dumps(SHARDS).encode())


def test_status_shows_instances_and_whether_a_restart_is_safe() -> None:
    with serving(answer) as web:
        ran = lgtm("ring", "status", environ={"LGTM_ADDR": web.addr})
    assert ran.code == 1
    assert ran.out.splitlines()[1].split() == ["a", "ACTIVE", "10.0.0.1:3100", "z", "1.0", "0", "3"]
    assert "no: instance b is JOINING" in ran.out


def test_an_instance_is_forgotten_by_its_id() -> None:
    with serving(answer) as web:
        environ = {"LGTM_ADDR": web.addr}
        assert lgtm("ring", "forget", "a", environ=environ).out == "instance a is forgotten\n"
        assert "there is no instance x" in lgtm("ring", "forget", "x", environ=environ).err
