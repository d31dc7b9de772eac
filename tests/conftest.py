"""What holds for all tests: a property has no deadline, for how long an example takes depends on what else the machine does."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("lgtm", deadline=None)
settings.load_profile("lgtm")
