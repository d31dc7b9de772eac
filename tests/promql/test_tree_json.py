from __future__ import annotations

from typing import Any

import pytest

from lgtm.promql.parser import parse
from lgtm.promql.tree_json import to_json
from promql.recorded import recorded


@pytest.mark.parametrize("case", recorded("trees"), ids=lambda case: str(case["query"]))
def test_trees_are_those_of_prometheus(case: dict[str, Any]) -> None:
    assert to_json(parse(case["query"])) == case["tree"]


def test_durations_that_are_worked_out_later_are_shown_as_text() -> None:
    tree = to_json(parse("x[step() * 2] offset (range() / 2)"))
    assert (tree["range"], tree["rangeExpr"], tree["offsetExpr"]) == (0, "step() * 2", "(range() / 2)")
