from __future__ import annotations

import pytest

from lgtm.distributor.service_name import with_service_name
from lgtm.model.labels import Labels
from lgtm.model.limits import DISCOVER_SERVICE_NAME


@pytest.mark.parametrize(
    ("labels", "service_name"),
    [
        ((("service_name", "given"), ("app", "x")), "given"),
        ((("app", "x"), ("service", "s")), "s"),  # the order of the list decides
        ((("name", "nm"), ("workload", "wl")), "nm"),
        ((("k8s_job_name", "j"),), "j"),
        ((("app", " padded "),), " padded "),
        ((("env", "prod"),), "unknown_service"),
        ((), "unknown_service"),
    ],
)
def test_a_stream_has_the_service_name_that_loki_gives_it(labels: Labels, service_name: str) -> None:
    named = with_service_name(labels, DISCOVER_SERVICE_NAME)
    assert dict(named) == {**dict(labels), "service_name": service_name}


def test_labels_stay_sorted() -> None:
    assert with_service_name((("app", "x"), ("z", "y")), DISCOVER_SERVICE_NAME) == (("app", "x"), ("service_name", "x"), ("z", "y"))


def test_nothing_is_added_where_the_tenant_discovers_no_names() -> None:
    assert with_service_name((("app", "x"),), ()) == (("app", "x"),)
