"""`lgtm query logs --tail`: entries as they arrive, over a WebSocket."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from lgtm.cli.client import Client, Refused, Unreachable
from lgtm.cli.entries import Entry, entries_of

TAIL_PATH = "/loki/api/v1/tail"


def follow(client: Client, query: str, *, start_ns: int, limit: int) -> Iterator[list[Entry]]:
    """Entries from `start_ns` on, oldest first, until the server ends the tail or the user interrupts it. Raises Refused, Unreachable."""
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
    from websockets.sync.client import connect

    url = client.url(TAIL_PATH, {"query": query, "start": start_ns, "limit": limit})
    try:
        with connect(url, additional_headers=client.headers, max_size=None) as connection:
            for message in connection:
                document = json.loads(message)
                if dropped := document.get("dropped_entries"):
                    print(f"lgtm: warning: {len(dropped)} entries were left out, because this tail is too slow for them", file=sys.stderr)
                if entries := entries_of(document.get("streams") or [], forward=True):
                    yield entries
    except InvalidStatus as error:
        raise Refused(error.response.status_code, bytes(error.response.body or b"").decode("utf-8", "replace").strip()) from error
    except ConnectionClosed as error:
        if error.rcvd is not None and error.rcvd.reason:
            raise Refused(error.rcvd.code, error.rcvd.reason) from error
        raise Unreachable(client.addr, error) from error
    except (OSError, InvalidHandshake) as error:
        raise Unreachable(client.addr, error) from error
    except KeyboardInterrupt:
        return
