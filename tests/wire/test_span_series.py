"""Labels of a series say all that resource and scope say."""

from __future__ import annotations

from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from lgtm.wire.span_series import CACHED_BYTES_MAX, _remembered, series_labels
from wire.messages import any_value


def test_values_keep_their_types() -> None:
    resource = Resource(dropped_attributes_count=3)
    for key, value in (("s", "x"), ("i", -1), ("f", 1.0), ("b", False), ("e", ""), ("s", "second")):
        resource.attributes.add(key=key, value=any_value(value))
    assert dict(series_labels(resource.SerializeToString(), b"", b"url", b"")) == {
        "resource.s": "x",
        "resource:int.i": "-1",
        "resource:float.f": "1.0",
        "resource:bool.b": "false",
        "resource:any.e": "EgIKAA==",
        "resource_dropped_attributes": "3",
        "resource_schema_url": "url",
    }


def test_a_long_resource_is_not_remembered() -> None:
    before = _remembered.cache_info().currsize
    resource = Resource()
    resource.attributes.add(key="long", value=any_value("x" * CACHED_BYTES_MAX))
    assert dict(series_labels(resource.SerializeToString(), b"", b"", b""))["resource.long"] == "x" * CACHED_BYTES_MAX
    assert _remembered.cache_info().currsize == before
