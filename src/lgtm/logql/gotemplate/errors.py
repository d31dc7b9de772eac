"""What goes wrong with a template, in Go's words: when it is read, and when it is executed."""

from __future__ import annotations

from lgtm.errors import BadRequest


class InvalidTemplate(BadRequest):
    """The text is no template: `template: line:1: unclosed action`."""


class TemplateError(Exception):
    """One execution failed: `template: line:1:3: executing "line" at <div 1 0>: error calling div: ...`.

    The row that it happened to is marked with this text; the query goes on.
    """


class CallError(Exception):
    """Raised by a function; the execution adds where, and whom it called."""
