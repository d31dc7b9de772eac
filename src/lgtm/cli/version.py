"""`lgtm version`."""

from __future__ import annotations

import platform
from importlib.metadata import version as installed


def version() -> None:
    """Print the version of the program and of Python."""
    print(f"lgtm {installed('lgtm')} (Python {platform.python_version()}, {platform.machine()})")
