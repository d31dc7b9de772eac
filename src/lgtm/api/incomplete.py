"""How answers say that they may lack something where their form has no place for it: in a header, and in the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from lgtm.telemetry import event

logger = logging.getLogger(__name__)

WARNING_HEADER = "X-Lgtm-Warning"
WARNING_BYTES_MAX = 1_024
"""Clients and proxies bound headers."""


def header_text(warnings: Sequence[str]) -> str:
    """Printable ASCII, bounded."""
    text = "; ".join(warnings)[:WARNING_BYTES_MAX].encode("ascii", "replace").decode()
    return "".join(character if character.isprintable() else " " for character in text)


def log_incomplete(warnings: Sequence[str]) -> None:
    event(logger, logging.WARNING, "an answer may be incomplete", reasons="; ".join(warnings))


def warning_headers(warnings: Sequence[str]) -> dict[str, str]:
    """What an answer needs beside its own headers; nothing when it is whole. Logs the warnings."""
    if not warnings:
        return {}
    log_incomplete(warnings)
    return {WARNING_HEADER: header_text(warnings)}
