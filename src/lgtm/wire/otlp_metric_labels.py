"""Labels of the series that OTLP metrics become, and the bytes that series are told apart by.

A key is made of names and values, each followed by 0xFF (a byte that UTF-8 never holds): names in order, except that those which differ between
the series of one histogram or summary come last. So equal labels have equal keys, and a histogram's keys share their beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from operator import itemgetter

from lgtm.wire.any_value import read_key_value, text_of
from lgtm.wire.otlp_metric_names import TranslationStrategy, label_name
from lgtm.wire.otlp_metrics_options import OtlpMetricsOptions
from lgtm.wire.protobuf import LENGTH_DELIMITED, next_field, tag
from lgtm.wire.text import decode

NAME, BUCKET, QUANTILE, JOB, INSTANCE = "__name__", "le", "quantile", "job", "instance"
TARGET_INFO = "target_info"
_LAST = (NAME, BUCKET, QUANTILE)
_SERVICE_NAME, _SERVICE_NAMESPACE, _SERVICE_INSTANCE = "service.name", "service.namespace", "service.instance.id"
_IDENTIFYING = frozenset((_SERVICE_NAME, _SERVICE_NAMESPACE, _SERVICE_INSTANCE))
_RESOURCE_ATTRIBUTES = tag(1, LENGTH_DELIMITED)
_SCOPE_NAME, _SCOPE_VERSION, _SCOPE_ATTRIBUTES = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED)
_CACHED_BYTES_MAX = 4096
_CACHED_NAME_MAX = 128

Pairs = tuple[tuple[str, str], ...]
_serials = count(1)


class SeriesKey:
    """The key of a series of which name, `le` and `quantile` are still open."""

    __slots__ = ("_head", "_labels")

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels
        self._head = _encoded([(name, labels[name]) for name in sorted(labels) if name not in _LAST])

    @property
    def size(self) -> int:
        """About how many bytes each key has."""
        return len(self._head)

    def of(self, name: str, *, le: str | None = None, quantile: str | None = None) -> bytes:
        """le, quantile: these beat labels of the same name."""
        bucket, of_quantile = le or self._labels.get(BUCKET, ""), quantile or self._labels.get(QUANTILE, "")
        return self._head + _encoded(((NAME, name), (BUCKET, bucket), (QUANTILE, of_quantile)))


def labels_of_key(key: bytes) -> Pairs:
    """The pairs, without empty values."""
    texts = key.decode("utf-8", "surrogateescape").split("\udcff")
    return tuple(zip(texts[0:-1:2], texts[1::2], strict=True))


@dataclass(slots=True, frozen=True)
class Around:
    """What a resource and a scope add to the labels of their series. serial: one number for the same bytes and options, never given again.

    defaults: labels of series that have no such label of their own; own: those that beat theirs. Invalid names are an error for all series.
    """

    serial: int
    strategy: TranslationStrategy
    defaults: Pairs
    own: Pairs

    def series(self, attributes: bytes) -> SeriesKey:
        """attributes: fields of KeyValue one behind the other. Raises InvalidName, MalformedBody."""
        labels = _joined(_attributes(attributes), self.strategy)
        for name, value in self.defaults:
            if not labels.get(name):
                labels[name] = value
        labels.update(self.own)
        return SeriesKey(labels)


def around(resource: bytes, scope: bytes, schema_url: bytes, options: OtlpMetricsOptions) -> Around:
    """Of the messages Resource and InstrumentationScope; schema_url: of the scope. Raises InvalidName, MalformedBody."""
    if len(resource) + len(scope) + len(schema_url) > _CACHED_BYTES_MAX:
        return _around(resource, scope, schema_url, options)
    return _around_cached(resource, scope, schema_url, options)


def target_info(resource: bytes, options: OtlpMetricsOptions) -> bytes | None:
    """The key of the series that tells of a resource, None when there is nothing to tell, or nobody to tell of. Raises InvalidName."""
    return (_target_info_cached if len(resource) <= _CACHED_BYTES_MAX else _target_info)(resource, options)


def _around(resource: bytes, scope: bytes, schema_url: bytes, options: OtlpMetricsOptions) -> Around:
    strategy = options.translation_strategy
    attributes = dict(reversed(_resource_attributes(resource)))
    promoted = _promoted(attributes, options)
    own = dict(_scope_labels(scope, schema_url, strategy)) if options.promote_scope_metadata else {}
    own.update(_identity(attributes))
    return Around(next(_serials), strategy, tuple(promoted.items()), tuple(own.items()))


def _promoted(attributes: Mapping[str, str], options: OtlpMetricsOptions) -> dict[str, str]:
    """Of keys that become one label the first in order counts."""
    wanted = attributes.keys() & options.promote_resource_attributes
    if options.promote_all_resource_attributes:
        wanted = attributes.keys() - options.ignore_resource_attributes
    promoted: dict[str, str] = {}
    for key in sorted(wanted):
        promoted.setdefault(label_name(key, options.translation_strategy), attributes[key])
    return promoted


def _identity(attributes: Mapping[str, str]) -> dict[str, str]:
    found = {}
    if _SERVICE_NAME in attributes:
        namespace = attributes.get(_SERVICE_NAMESPACE)
        found[JOB] = (f"{namespace}/" if namespace is not None else "") + attributes[_SERVICE_NAME]
    if _SERVICE_INSTANCE in attributes:
        found[INSTANCE] = attributes[_SERVICE_INSTANCE]
    return found


def _target_info(resource: bytes, options: OtlpMetricsOptions) -> bytes | None:
    pairs = _resource_attributes(resource)
    identity = _identity(dict(reversed(pairs)))
    if not any(identity.values()) or all(key in _IDENTIFYING for key, _ in pairs):
        return None
    told = pairs if options.keep_identifying_resource_attributes else [pair for pair in pairs if pair[0] not in _IDENTIFYING]
    labels = _joined(told, options.translation_strategy)
    labels.update(identity)
    return SeriesKey(labels).of(TARGET_INFO)


def _scope_labels(scope: bytes, schema_url: bytes, strategy: TranslationStrategy) -> Pairs:
    """Nothing for a scope without a name."""
    name = version = ""
    attributes: list[tuple[str, str]] = []
    position = 0
    while position < len(scope):
        found, content, position = next_field(scope, position, len(scope))
        if found == _SCOPE_NAME:
            name = decode(scope[content:position], lambda: "name of a scope")
        elif found == _SCOPE_VERSION:
            version = decode(scope[content:position], lambda: "version of a scope")
        elif found == _SCOPE_ATTRIBUTES:
            attributes.append(_attribute(scope, content, position))
    if not name:
        return ()
    labels = [(label_name(f"otel_scope_{key}", strategy), value) for key, value in attributes]
    url = decode(schema_url, lambda: "schema URL of a scope")
    return (*labels, ("otel_scope_name", name), ("otel_scope_version", version), ("otel_scope_schema_url", url))


def _resource_attributes(resource: bytes) -> list[tuple[str, str]]:
    attributes = []
    position = 0
    while position < len(resource):
        found, content, position = next_field(resource, position, len(resource))
        if found == _RESOURCE_ATTRIBUTES:
            attributes.append(_attribute(resource, content, position))
    return attributes


def _attributes(data: bytes) -> list[tuple[str, str]]:
    attributes = []
    position = 0
    while position < len(data):
        start, size = position + 2, data[position + 1]
        if size < 0x80:  # tags are of one byte, and nearly all attributes are short
            position = start + size
            attributes.append(_attribute_cached(data[start:position]))
        else:
            _, start, position = next_field(data, position, len(data))
            attributes.append(_attribute(data, start, position))
    return attributes


def _attribute(data: bytes, start: int, end: int) -> tuple[str, str]:
    key, value = read_key_value(data, start, end)
    return key, text_of(value)


def _whole_attribute(message: bytes) -> tuple[str, str]:
    return _attribute(message, 0, len(message))


def _joined(attributes: Iterable[tuple[str, str]], strategy: TranslationStrategy) -> dict[str, str]:
    """Labels; values of attributes that become the same label are joined in the order of their keys."""
    labels: dict[str, str] = {}
    for key, value in sorted(attributes, key=itemgetter(0)):
        name = _label_name(key, strategy)
        before = labels.get(name)
        labels[name] = f"{before};{value}" if before else value
    return labels


def _label_name(key: str, strategy: TranslationStrategy) -> str:
    return (_label_name_cached if len(key) <= _CACHED_NAME_MAX else label_name)(key, strategy)


def _encoded(pairs: Iterable[tuple[str, str]]) -> bytes:
    return b"".join([b"%b\xff%b\xff" % (name.encode(), value.encode()) for name, value in pairs if value])


_attribute_cached = lru_cache(maxsize=32_768)(_whole_attribute)
_label_name_cached = lru_cache(maxsize=16_384)(label_name)
_around_cached = lru_cache(maxsize=4096)(_around)
_target_info_cached = lru_cache(maxsize=4096)(_target_info)
