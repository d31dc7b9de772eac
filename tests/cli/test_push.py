import json
from pathlib import Path
from typing import Any

from cli.command import lgtm
from cli.web import Asked, Reply, Web, serving


def pushed(web: Web) -> list[tuple[dict[str, str], list[str]]]:
    documents: list[dict[str, Any]] = [json.loads(asked.body) for asked in web.asked]
    return [(one["stream"], [line for _, line in one["values"]]) for document in documents for one in document["streams"]]


def test_lines_of_standard_input_reach_the_node() -> None:
    with serving(lambda _: Reply(204)) as web:
        ran = lgtm("push", "-l", "app=a", "-l", "env=b=c", "--addr", web.addr, "--tenant", "t", stdin=b"one\r\n\ntwo \nlast")
    assert ran.code == 0
    assert pushed(web) == [({"app": "a", "env": "b=c"}, ["one", "", "two ", "last"])]
    assert (web.asked[0].path, web.asked[0].headers["x-scope-orgid"]) == ("/loki/api/v1/push", "t")
    assert "4 lines" in ran.err


def test_files_become_streams_with_their_names(tmp_path: Path) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    first.write_text("one\n")
    second.write_text("two\nthree\n")
    with serving(lambda _: Reply(204)) as web:
        ran = lgtm("push", str(first), str(second), "--label", "app=a", "--quiet", "--addr", web.addr)
    assert (ran.code, ran.err) == (0, "")
    assert pushed(web) == [({"filename": str(first), "app": "a"}, ["one"]), ({"filename": str(second), "app": "a"}, ["two", "three"])]


def test_a_node_that_is_busy_is_asked_again_with_the_same_lines() -> None:
    def busy_first(_: Asked) -> Reply:
        return Reply(204 if len(web.asked) > 1 else 503, b"busy")

    with serving(busy_first) as web:
        ran = lgtm("push", "--addr", web.addr, stdin=b"one\n")
    assert ran.code == 0
    assert web.asked[0].body == web.asked[1].body
    assert "1 retries" in ran.err


def test_a_refused_batch_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.log", tmp_path / "bad.log"
    good.write_text("good\n")
    bad.write_text("bad\n")
    with serving(lambda asked: Reply(400, b"stream is too old") if b'"bad"' in asked.body else Reply(204)) as web:
        ran = lgtm("push", str(bad), str(good), "--addr", web.addr)
    assert ran.code == 1
    assert "a batch of 1 lines was refused, wholly or in part: stream is too old (status 400)" in ran.err
    assert [lines for _, lines in pushed(web)] == [["bad"], ["good"]]


def test_a_node_that_stays_away_ends_the_push() -> None:
    ran = lgtm("push", "--retry", "0", "--addr", "127.0.0.1:1", stdin=b"one\n")
    assert ran.code == 1
    assert "gave up" in ran.err
