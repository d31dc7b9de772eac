"""What of two answers has to agree, and where they do not."""

from __future__ import annotations

import json
import math
from typing import Any

from lgtm.traceql.columns import Item


def tagged(value: Item) -> Any:
    if isinstance(value, list):
        return [tagged(member) for member in value]
    if isinstance(value, bool | str):
        return value
    return {"int": value} if isinstance(value, int) else {"double": number(value)}


def number(value: float) -> Any:
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def project(how: str, answer: Any) -> Any:
    """What the case compares of an answer."""
    if "order" in answer:
        traces = answer["traces"]
        if how == "count":
            return {"traces": len(traces)}
        if how == "matched":
            return {key.lstrip("0"): sorted([s["matched"], len(s["spans"])] for s in trace.get("spanSets", [])) for key, trace in traces.items()}
        if how == "unordered":
            return {"traces": traces}
    if how == "count":
        return {name: len(members) for name, members in answer.items()}
    return shape(answer) if how == "shape" else answer


def shape(value: Any) -> Any:
    """Types in the place of values; a list is the shapes of its members, each once."""
    if isinstance(value, dict):
        return {key: shape(member) for key, member in value.items()}
    if isinstance(value, list):
        return sorted({canonical(shape(member)): shape(member) for member in value}.values(), key=canonical)
    return {bool: "boolean", int: "number", float: "number", str: "string"}.get(type(value), "null")


def difference(want: Any, got: Any, where: str = "") -> str:
    """The first place where two values disagree. Floats agree within 1e-9."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key in [*want, *(key for key in got if key not in want)]:
            if key not in got or key not in want:
                return f"{where}.{key}: {'missing' if key in want else 'unexpected'} {canonical(want.get(key, got.get(key)))[:200]}"
            if found := difference(want[key], got[key], f"{where}.{key}"):
                return found
        return ""
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        return next((found for w, g in zip(want, got, strict=True) if (found := difference(w, g, f"{where}[]"))), "")
    if isinstance(want, float) and isinstance(got, float | int) and not isinstance(got, bool):
        return "" if math.isclose(want, got, rel_tol=1e-9, abs_tol=1e-12) else f"{where}: want {want}, got {got}"
    return "" if type(want) is type(got) and want == got else f"{where}: want {canonical(want)[:200]}, got {canonical(got)[:200]}"
