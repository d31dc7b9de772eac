"""What Tempo tells operators of itself under `/status`, as text. `/ready` and `/metrics` are those of `api.loki.status.status_router`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.responses import Response

from lgtm.api.operations import Operations
from lgtm.api.tempo.routes import ROUTES, TEMPO_VERSION

Page = Callable[[Operations], str]


def tempo_status_router(operations: Operations) -> APIRouter:
    """It may be included under several prefixes."""
    router = APIRouter(tags=["operations"])
    for name, page in PAGES.items():
        router.add_api_route(f"/status/{name}", _shown(operations, page), methods=["GET"], summary=f"Status: {name}")

    @router.get("/status", summary="Status: all of it")
    async def status() -> Response:
        return _text("\n".join(page(operations) for page in PAGES.values()))

    @router.get("/status/config", summary="Settings as YAML; ?mode=diff or ?mode=defaults")
    async def config(mode: str | None = None) -> Response:
        return _text(operations.config(mode), "text/yaml")

    return router


def _version(operations: Operations) -> str:
    return f"tempo, version {TEMPO_VERSION} (branch: , revision: {operations.revision})\n"


def _services(operations: Operations) -> str:
    return "".join(f"{name} => {state}\n" for name, state in operations.services().items())


def _endpoints(_: Operations) -> str:
    return "".join(f"GET {entry.path.replace(':path', '')}\n" for entry in ROUTES)


def _overrides(operations: Operations) -> str:
    """Limits are settings here: which of them differ from the defaults."""
    return operations.config("diff")


PAGES: dict[str, Page] = {
    "version": _version,
    "services": _services,
    "endpoints": _endpoints,
    "runtime_config": _overrides,
    "overrides": _overrides,
}


def _shown(operations: Operations, page: Page) -> Callable[[], Awaitable[Response]]:
    async def show() -> Response:
        return _text(page(operations))

    return show


def _text(text: str, media_type: str = "text/plain") -> Response:
    return Response(text, media_type=media_type)
