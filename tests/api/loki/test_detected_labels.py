"""Labels that help people who look around are listed, ids are not."""

from __future__ import annotations

from api.loki.query_server import QueryServer
from lgtm.api.loki.detected_labels import cardinalities

PATH = "/loki/api/v1/detected_labels"


def test_ids_are_left_out_unless_they_say_where_something_runs() -> None:
    series = [(("app", "a"), ("build", "12345"), ("flag", "1"), ("pod", "77")), (("app", "b"), ("build", "12346"), ("flag", "0"))]
    assert cardinalities(series) == {"app": 2, "flag": 2, "pod": 1}


async def test_labels_come_with_the_number_of_their_values(server: QueryServer) -> None:
    server.engine.series_of_all = [(("app", "a"),), (("app", "b"),)]
    assert (await server.get(PATH)).json() == {"detectedLabels": [{"label": "app", "cardinality": 2}]}
    assert (await server.get(PATH, {"query": '{app="z"}'})).json() == {}
