"""`service_name`: an index label that each stream has, taken from other labels where the sender gave none. Rule and names are Loki's."""

from __future__ import annotations

from collections.abc import Sequence

from lgtm.model.labels import Labels

SERVICE_NAME = "service_name"
UNKNOWN_SERVICE = "unknown_service"


def with_service_name(labels: Labels, discover: Sequence[str]) -> Labels:
    """The labels, sorted, with a service_name from the first of `discover` that is there. Nothing is added when `discover` is empty."""
    if not discover or any(name == SERVICE_NAME for name, _ in labels):
        return labels
    values = dict(labels)
    found = next((values[name] for name in discover if name in values), UNKNOWN_SERVICE)
    return tuple(sorted((*labels, (SERVICE_NAME, found))))
