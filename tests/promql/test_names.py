from __future__ import annotations

import pytest

from lgtm.model.labels import Labels
from lgtm.promql.errors import EvaluationError
from lgtm.promql.features import Features
from lgtm.promql.times import Times
from promql.memory import Memory

MEMORY = 'a{x="1",__type__="counter",__unit__="s"} 1 2\nb{x="2"} 3 4'


def labels_of_answer(query: str, features: Features | None = None) -> list[Labels]:
    return Memory.of(MEMORY).query(query, Times(60_000, 60_000), features).labels.rows()


@pytest.mark.parametrize("delayed", [True, False])
def test_what_changes_values_drops_the_name_with_type_and_unit(delayed: bool) -> None:
    features = Features(delayed_name_removal=delayed)
    for query in ("a + 1", "-a", "abs(a)", "rate(a[5m])", "a > bool 0"):
        assert labels_of_answer(query, features) == [(("x", "1"),)]
    for query in ("a > 0", "last_over_time(a[5m])", "a and a", "topk(1, a)"):
        assert len(labels_of_answer(query, features)[0]) == 4


def test_a_name_that_is_to_go_can_be_saved_only_while_removal_waits() -> None:
    query = 'label_replace(rate(b[5m]), "name", "$1", "__name__", "(.*)")'
    assert labels_of_answer(query) == [(("name", "b"), ("x", "2"))]
    assert labels_of_answer(query, Features(delayed_name_removal=False)) == [(("x", "2"),)]


def test_series_that_become_equal_must_not_meet() -> None:
    memory = Memory.of("a 1 _\nb _ 2\nc 3 4")
    times = Times(0, 60_000, 60_000)
    joined = memory.query('last_over_time({__name__=~"a|b"}[30s]) + 0', times).series()
    assert [(labels, floats.values.tolist()) for labels, floats, _ in joined] == [((), [1.0, 2.0])]
    with pytest.raises(EvaluationError) as caught:
        memory.query('abs({__name__=~"a|c"})', times)
    assert str(caught.value) == "vector cannot contain metrics with the same labelset"


def test_range_vectors_of_subqueries_lose_their_names_too() -> None:
    assert labels_of_answer("abs(b)[2m:1m]") == [(("x", "2"),)]
    assert labels_of_answer("b[2m:1m]") == [(("__name__", "b"), ("x", "2"))]
