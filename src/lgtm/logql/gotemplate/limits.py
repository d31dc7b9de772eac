"""Bounds on what a template may cost. Templates come from users, and one runs for each row of a query."""

from __future__ import annotations

TEMPLATE_LENGTH_MAX = 64 * 1024
"""Characters of the text."""

NESTING_MAX = 50
"""Levels of control structures and parentheses. Each costs a few frames of Python's stack."""

INVOCATION_DEPTH_MAX = 100
"""Levels of nesting that are open at once, over all templates that invoke each other."""

VALUE_LENGTH_MAX = 1024 * 1024
"""Characters of the output, and of any text a function makes on the way."""

LAYOUT_LENGTH_MAX = 1024
"""Characters of the layout of a time."""

VALUE_DEPTH_MAX = 100
"""Levels of maps and lists that are printed."""

WORK_MAX = 100_000
"""Units of work in one execution: one for each node that a loop or an invoked template executes, and one for each 256 characters a function
reads or makes beyond the first 256. A unit takes a few microseconds at most."""

assert INVOCATION_DEPTH_MAX >= 2 * NESTING_MAX
"""A template that nests as deep as it may can still invoke another such."""
