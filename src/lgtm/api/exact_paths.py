"""Requests that are known by their whole path, without a walk through the routes of everything else."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


class ExactPaths:
    """The layers of a web framework take as long as a small push. Routes that catch all their errors need none of them."""

    def __init__(self, routes: Sequence[Route], others: ASGIApp) -> None:
        """routes: with no parameters in their paths. others: answers whatever fits none of them, a wrong method among it."""
        self._routes = {(method, route.path): route for route in routes for method in route.methods or ()}
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        await (self._others if route is None else route.handle)(scope, receive, send)
