"""Calls to AWS as discoveries need them: blocking ones, so they run in threads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from lgtm.errors import Unavailable

_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")


class AwsUnavailable(Unavailable):
    """AWS did not answer, or not with what was asked for."""


class Aws(Protocol):
    @property
    def region(self) -> str: ...

    def pages(self, service: str, operation: str, **arguments: Any) -> Iterator[dict[str, Any]]:
        """All pages of an operation such as `ec2`, `describe_instances`. Blocks. Raises AwsUnavailable."""
        ...

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """For operations without pages."""
        ...


def tag_labels(prefix: str, tags: Iterable[dict[str, str]], key: str = "Key", value: str = "Value") -> dict[str, str]:
    """Labels of tags; characters that labels of the old kind do not have become `_`."""
    return {prefix + _NOT_IN_LABELS.sub("_", tag.get(key, "")): tag.get(value, "") for tag in tags if tag.get(key)}
