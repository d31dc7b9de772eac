"""Targets that a server lists as JSON, in the form they have in files."""

from __future__ import annotations

from lgtm.clock import NS_PER_S, Clock
from lgtm.model.labels import quote
from lgtm.scrape.config_discovery import HttpDiscovery
from lgtm.scrape.discoverer import Found, read_targets
from lgtm.scrape.document import parse_json
from lgtm.scrape.fetch import Fetch, FetchFailed, Request
from lgtm.scrape.loop import within
from lgtm.wire.go_text import float_text

TIMEOUT_S = 30.0
LIST_BYTES_MAX = 16 * 1024 * 1024


class HttpDiscoverer:
    def __init__(self, config: HttpDiscovery, fetch: Fetch, clock: Clock, user_agent: str = "lgtm") -> None:
        self.refresh_ns = config.refresh_ns
        self._fetch, self._clock = fetch, clock
        headers = (
            ("User-Agent", user_agent),
            ("Accept", "application/json"),
            ("Accept-Encoding", "gzip"),
            ("X-Prometheus-Refresh-Interval-Seconds", float_text(config.refresh_ns / NS_PER_S)),
        )
        self._request = Request(config.url, headers, config.http, LIST_BYTES_MAX)

    async def find(self) -> Found:
        url = self._request.url
        try:
            response = await within(self._clock, TIMEOUT_S, self._fetch(self._request))
        except TimeoutError:
            raise FetchFailed(url, "context deadline exceeded") from None
        response.expect_ok()
        content_type = response.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise FetchFailed(url, f"unsupported content type {quote(content_type)}")
        return read_targets(parse_json(response.body, url), __meta_url=url)
