"""The ring and the members behind it, for people (HTML) and programs (JSON), and the one question an orchestrator asks before a restart.

GET  /ring            instances, states, tokens            POST /ring  forget=<id>    buries an entry
GET  /memberlist      what the gossip knows
GET  /ring/settled    200 when another instance may be restarted, 503 with the reasons when not
"""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lgtm.api.errors import text_error
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.encode import dump
from lgtm.api.loki.form import read_form
from lgtm.api.loki.side import json_answer
from lgtm.errors import BadRequest, LgtmError

NS_PER_S = 1_000_000_000


class ForeignForm(BadRequest):
    def __str__(self) -> str:
        return "a form of another site may not change the ring"


@dataclass(slots=True, frozen=True)
class Shard:
    """One instance. heartbeat_ns, registered_ns: wall time, 0 for never; share: part of all keys that it is first for."""

    id: str
    state: str
    address: str
    rpc: str = ""
    zone: str = ""
    heartbeat_ns: int = 0
    registered_ns: int = 0
    tokens: tuple[int, ...] = ()
    share: float = 0.0
    single_copy_rows: int = 0
    spilled_rows: int = 0


@dataclass(slots=True, frozen=True)
class MemberRow:
    name: str
    address: str
    state: str
    incarnation: int


@dataclass(slots=True, frozen=True)
class RingOperations:
    """forget: raises NotFound. settled: reasons why no other instance may be restarted now."""

    shards: Callable[[], Sequence[Shard]]
    now_ns: Callable[[], int]
    members: Callable[[], Sequence[MemberRow]] = field(default=lambda: ())
    forget: Callable[[str], None] | None = None
    settled: Callable[[], tuple[str, ...]] = field(default=lambda: ())


def ring_router(operations: RingOperations) -> APIRouter:
    router = APIRouter(tags=["operations"])

    @router.get("/ring", summary="Instances and their states, as JSON or a page")
    async def ring(request: Request, tokens: bool = False) -> Response:
        shards = operations.shards()
        if wants_page(request.headers):
            return _page("Ring", _ring_table(shards, operations, with_tokens=tokens))
        return json_answer(dump({"shards": [_shard(each) for each in shards], "now": _time(operations.now_ns())}))

    @router.post("/ring", summary="forget=<id>: bury the entry of an instance that will not come back")
    async def forget(request: Request) -> Response:
        try:
            if not is_own_form(request.headers):
                raise ForeignForm
            instance_id = (await read_form(request, QueryApiConfig())).get("forget")
            if not instance_id or operations.forget is None:
                raise BadRequest("forget=<id> names the instance to forget; a node by itself has none")
            operations.forget(instance_id)
        except LgtmError as error:
            return text_error(error)
        return RedirectResponse("/ring", 302)

    @router.get("/ring/settled", summary="Whether another instance may be restarted now")
    async def settled() -> Response:
        reasons = operations.settled()
        text = "yes\n" if not reasons else "".join(f"no: {reason}\n" for reason in reasons)
        return Response(text, 503 if reasons else 200, media_type="text/plain")

    @router.get("/memberlist", summary="Members as the gossip knows them, as JSON or a page")
    async def memberlist(request: Request) -> Response:
        members = operations.members()
        if wants_page(request.headers):
            rows = [(each.name, each.address, each.state, str(each.incarnation)) for each in members]
            return _page("Members", _table(("name", "address", "state", "incarnation"), rows))
        told = [{"name": m.name, "address": m.address, "state": m.state, "incarnation": m.incarnation} for m in members]
        return json_answer(dump({"members": told}))

    return router


def wants_page(headers: Mapping[str, str]) -> bool:
    """Browsers ask for HTML; everything else gets JSON."""
    return "text/html" in headers.get("accept", "")


def is_own_form(headers: Mapping[str, str]) -> bool:
    """Whether the request comes from a page of this very server, or from no page at all (curl, our own command)."""
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host", "")


def _shard(shard: Shard) -> dict[str, Any]:
    """Names as in the rings of Loki and Mimir, then ours."""
    return {
        "id": shard.id, "state": shard.state, "address": shard.address, "timestamp": _time(shard.heartbeat_ns),
        "registered_timestamp": _time(shard.registered_ns), "read_only": False, "zone": shard.zone, "tokens": shard.tokens, "versions": {},
        "rpc_address": shard.rpc, "share": round(shard.share, 4), "single_copy_rows": shard.single_copy_rows, "spilled_rows": shard.spilled_rows,
    }  # fmt: skip


def _time(ns: int) -> str:
    return dt.datetime.fromtimestamp(ns / NS_PER_S, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if ns else ""


def _ring_table(shards: Sequence[Shard], operations: RingOperations, *, with_tokens: bool) -> str:
    names = ("id", "state", "address", "calls", "zone", "last heartbeat", "share of keys", "rows held alone")
    rows = []
    for each in shards:
        age_s = max(0.0, (operations.now_ns() - each.heartbeat_ns) / NS_PER_S)
        alone = f"{each.single_copy_rows} nowhere else, {each.spilled_rows} spilled"
        rows.append((each.id, each.state, each.address, each.rpc, each.zone, f"{age_s:.1f} s ago", f"{each.share:.1%}", alone))
    reasons = operations.settled()
    told = "Another instance may be restarted now." if not reasons else "No other instance may be restarted now: " + "; ".join(reasons) + "."
    forms = "".join(
        f'<form method="post" action="/ring"><button name="forget" value="{html.escape(each.id)}">Forget {html.escape(each.id)}</button></form>'
        for each in shards
        if each.state not in ("ACTIVE", "JOINING") and operations.forget is not None
    )
    listed = "".join(f"<h2>{html.escape(each.id)}</h2><p>{' '.join(map(str, each.tokens))}</p>" for each in shards) if with_tokens else ""
    link = "" if with_tokens else '<p><a href="/ring?tokens=true">Tokens</a> · <a href="/memberlist">Members</a></p>'
    return f"<p>{html.escape(told)}</p>{_table(names, rows)}{forms}{listed}{link}"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1b1f24}table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.4rem .8rem;border-bottom:1px solid #d8dee4;text-align:left}th{font-weight:600;color:#57606a}button{padding:.3rem .8rem}"""


def _page(title: str, body: str) -> Response:
    head = f"<head><meta charset=utf-8><title>lgtm: {title}</title><style>{_STYLE}</style></head>"
    text = f"<!doctype html><html lang=en>{head}<body><h1>{title}</h1>{body}</body></html>"
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'", "X-Content-Type-Options": "nosniff"}
    return Response(text, headers=headers, media_type="text/html")
