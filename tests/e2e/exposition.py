"""A server of pages to be scraped: what they say changes, it goes away and comes back on the same port, and it remembers when it was asked."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise


class Exposition:
    """pages: text by path. A context manager."""

    def __init__(self, pages: dict[str, str]) -> None:
        self.pages, self.port = pages, 0
        self.asked: defaultdict[str, list[float]] = defaultdict(list)
        """Monotonic seconds of each request, by path."""
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Exposition:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked[self.path].append(time.monotonic())
                body = outer.pages[self.path].encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def closest_s(self, path: str) -> float:
        """Between two requests for the page."""
        return min(later - before for before, later in pairwise(self.asked[path]))
