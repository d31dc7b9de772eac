"""Executes templates on a small row."""

from __future__ import annotations

from lgtm.logql.gotemplate import TemplateError, compile_template

LABELS = {"level": "info", "status": "200", "path": "/api/v1/users", "user": "zoë", "han": "日本語", "empty": ""}
LINE = '{"list": [1, null, {"b": "c"}], "none": null, "number": 1000000, "text": "x", "map": {"k": "v"}}'
TS_NS = 1_795_172_389_529_029_670
"""2026-11-20T10:59:49.52902967Z"""

NOW_NS = 1_700_000_000_000_000_000


def render(template: str, *, line: str = LINE, **labels: str) -> str:
    return compile_template(template, now_ns=lambda: NOW_NS).execute({**LABELS, **labels}, line=line, ts_ns=TS_NS)


def failure(template: str, *, line: str = LINE) -> str:
    """What the execution fails with, without the words that all such texts start with: `1:3: <div 1 0>: ...`."""
    try:
        output = render(template, line=line)
    except TemplateError as error:
        location, _, reason = str(error).removeprefix("template: line:").partition(": executing ")
        name, _, reason = reason.partition(" at ")
        return f"{location}: {reason}" if name == '"line"' else f"{location}: {name} {reason}"
    raise AssertionError(f"{template} made {output!r}")
