"""Whether an answer is the recorded one, by the rules that data/README.md tells."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import httpx

_TOLERANCE = 1e-6


def disagreement(case: Mapping[str, Any], response: httpx.Response) -> str:
    """Empty when they agree, else the first difference."""
    rule = case["compare"]
    if response.status_code != case["status"]:
        return f"status {response.status_code}, recorded {case['status']}: {response.text[:300]}"
    for name, value in case.get("response_headers", {}).items():
        if response.headers.get(name) != value:
            return f"{name}: {response.headers.get(name)!r}, recorded {value!r}"
    if rule == "status" or case.get("response") is None:
        return ""
    want, got = case["response"], response.json()
    if rule == "shape":
        return _shape(want, got, "$")
    if rule == "size":
        want, got = _sizes(want), _sizes(got)
    elif rule == "unordered":
        want, got = _sorted(want), _sorted(got)
    return _difference(want, got, "$", tolerant=rule in ("exact", "unordered"))


def _sizes(body: dict[str, Any]) -> dict[str, Any]:
    data = body["data"]
    return body | {"data": len(data["result"] if isinstance(data, dict) else data)}


def _sorted(value: Any) -> Any:
    """Lists of objects in the order of what identifies these."""
    if isinstance(value, dict):
        return {name: _sorted(member) for name, member in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return sorted(map(_sorted, value), key=lambda member: json.dumps(member.get("metric", member.get("seriesLabels", member)), sort_keys=True))
    return value


def _difference(want: Any, got: Any, where: str, *, tolerant: bool) -> str:
    if isinstance(want, dict) and isinstance(got, dict) and want.keys() == got.keys():
        return next(filter(None, (_difference(want[name], got[name], f"{where}.{name}", tolerant=tolerant) for name in want)), "")
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        pairs = enumerate(zip(want, got, strict=True))
        return next(filter(None, (_difference(one, other, f"{where}[{place}]", tolerant=tolerant) for place, (one, other) in pairs)), "")
    same = want == got or (tolerant and _close(want, got))
    return "" if same else f"{where}: got {json.dumps(got)[:300]}, recorded {json.dumps(want)[:300]}"


def _close(want: Any, got: Any) -> bool:
    try:
        one, other = float(want), float(got)
    except (TypeError, ValueError):
        return False
    return type(want) is type(got) and (math.isclose(one, other, rel_tol=_TOLERANCE) or (math.isnan(one) and math.isnan(other)))


def _shape(want: Any, got: Any, where: str) -> str:
    """More members than recorded are fine; the first entry of a list stands for all."""
    if isinstance(want, dict):
        missing = want.keys() - got.keys() if isinstance(got, dict) else want.keys()
        if missing:
            return f"{where}: without {sorted(missing)}"
        return next(filter(None, (_shape(want[name], got[name], f"{where}.{name}") for name in want)), "")
    if isinstance(want, list) and isinstance(got, list):
        return _shape(want[0], got[0], f"{where}[0]") if want and got else ""
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (want, got))
    return "" if numbers or type(want) is type(got) else f"{where}: got {got!r}, recorded {want!r}"
