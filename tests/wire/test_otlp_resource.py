"""Resources and scopes: which of their attributes are labels, and what each says."""

from __future__ import annotations

import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as ResourceMessage

from lgtm.wire import otlp_resource
from lgtm.wire.bounds import MetadataTooLarge, TruncatedBody
from lgtm.wire.metadata_names import InvalidMetadataName
from lgtm.wire.otlp_resource import read_resource, read_scope, sanitized
from wire.messages import any_value

INDEX = frozenset(["service.name", "k8s"])


def resource(*attributes: tuple[str, object]) -> bytes:
    message = ResourceMessage()
    for key, value in attributes:
        message.attributes.add(key=key, value=any_value(value))
    return message.SerializeToString()


def test_attributes_are_told_apart_by_their_key_as_sent() -> None:
    data = resource(("service.name", "api"), ("service_name", "other"), ("k8s", {"pod": {"name": "p"}}), ("host", {"id": 5}), ("none", ""))
    read = read_resource(data, INDEX)
    assert read.labels == (("service_name", "api"), ("k8s_pod_name", "p"))
    assert read.metadata == (("service_name", "other"), ("host_id", "5"))


def test_of_two_labels_of_one_name_the_last_wins() -> None:
    assert read_resource(resource(("service.name", "a"), ("service.name", "b")), INDEX).labels == (("service_name", "b"),)


def test_the_same_bytes_mean_something_else_to_another_tenant() -> None:
    data = resource(("service.name", "api"))
    assert read_resource(data, INDEX).metadata == ()
    assert read_resource(data, frozenset()).metadata == (("service_name", "api"),)


def test_a_scope_is_its_attributes_and_then_itself() -> None:
    scope = InstrumentationScope(name="lib", version="1", dropped_attributes_count=2)
    scope.attributes.add(key="a.b", value=any_value(True))
    assert read_scope(scope.SerializeToString()) == (
        ("a_b", "true"),
        ("scope_name", "lib"),
        ("scope_version", "1"),
        ("scope_dropped_attributes_count", "2"),
    )
    assert read_scope(b"") == ()


@pytest.mark.parametrize("size", [1, 5, 10])
def test_a_cut_resource_or_scope_is_refused(size: int) -> None:
    data = resource(("service.name", "api"))[:size]
    with pytest.raises(TruncatedBody):
        read_resource(data, INDEX)
    with pytest.raises(TruncatedBody):
        read_scope(b"\x1a" + data[1:])


def test_a_nameless_attribute_is_refused_even_without_a_value() -> None:
    with pytest.raises(InvalidMetadataName):
        sanitized([("", "")])


def test_what_flattens_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_resource, "PAIRS_BYTES_MAX", 100)
    with pytest.raises(MetadataTooLarge):
        sanitized([("k" * 20, {str(i): "x" for i in range(10)})])


def test_large_resources_are_read_too() -> None:
    data = resource(*((f"key{i}", "x" * 100) for i in range(100)))
    assert len(read_resource(data, INDEX).metadata) == 100
