"""Logs, traces and metrics for small teams, in one program."""

import os

# Before Arrow is loaded, which looks once. Its own pool keeps freed memory from the rest of the process: a quarter more RSS at the same speed.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
