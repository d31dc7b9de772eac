from __future__ import annotations

import dataclasses

import pytest

from lgtm.distributor.refusals import Reason
from lgtm.distributor.resolve import resolve, unparsable
from lgtm.model.limits import Limits
from lgtm.model.series import Series

LIMITS = Limits()
NAMES = tuple((f"l{number:02}", "x") for number in range(16))
TEXT = "{" + ", ".join(f'{name}="x"' for name, _ in NAMES) + ', service_name="unknown_service"}'


def test_labels_are_sorted_named_and_fingerprinted() -> None:
    stream = resolve((("b", "2"), ("app", "x")), LIMITS)
    assert stream.series == Series.of((("app", "x"), ("b", "2"), ("service_name", "x")))
    assert str(stream) == '{app="x", b="2", service_name="x"}'


@pytest.mark.parametrize(
    ("labels", "level"),
    [
        ((("level", "ERROR"),), "error"),
        ((("severity", "warning"), ("lvl", "info")), "warn"),  # the order of names decides
        ((("Level", "notice"),), "notice"),
        ((("detected_level", "fatal"),), ""),
        ((("a", "b"),), ""),
    ],
)
def test_labels_may_tell_the_level_of_all_entries(labels: tuple[tuple[str, str], ...], level: str) -> None:
    assert resolve(labels, LIMITS).level == level


@pytest.mark.parametrize(
    ("labels", "reason", "message"),
    [
        (NAMES, Reason.MAX_LABEL_NAMES_PER_SERIES, f"entry for stream '{TEXT}' has 16 label names; limit 15"),
        (
            (("a", "b"), ("x" * 1025, "y")),
            Reason.LABEL_NAME_TOO_LONG,
            f"stream '{{a=\"b\", service_name=\"unknown_service\", {'x' * 1025}=\"y\"}}' has label name too long: '{'x' * 1025}'",
        ),
        (
            (("v", "é" * 1025),),
            Reason.LABEL_VALUE_TOO_LONG,
            f"stream '{{service_name=\"unknown_service\", v=\"{'é' * 1025}\"}}' has label value too long: '{'é' * 1025}'",
        ),
        (
            (("a", "1"), ("b", "x"), ("a", "2")),
            Reason.DUPLICATE_LABEL_NAMES,
            'stream \'{a="1", a="2", b="x", service_name="unknown_service"}\' has duplicate label name: \'a\'',
        ),
    ],
)  # fmt: skip
def test_labels_beyond_a_limit_are_refused_in_lokis_words(labels: tuple[tuple[str, str], ...], reason: Reason, message: str) -> None:
    stream = resolve(labels, LIMITS)
    assert stream.series is None
    assert stream.refusal == (reason, message)


def test_labels_at_the_limits_pass() -> None:
    at_limit = ((("x" * 1024), "y" * 2048), *NAMES[:14])
    assert resolve(at_limit, LIMITS).refusal is None
    assert resolve((*NAMES[:15], ("service_name", "s")), LIMITS).refusal is None


def test_a_limit_of_0_is_off() -> None:
    off = dataclasses.replace(LIMITS, max_label_names_per_series=0, max_label_name_length=0, max_label_value_length=0)
    assert resolve((*NAMES, ("x" * 5000, "y" * 5000)), off).refusal is None


def test_a_stream_without_any_label_is_refused_where_none_is_added() -> None:
    stream = resolve((), dataclasses.replace(LIMITS, discover_service_name=()))
    assert stream.refusal == (Reason.MISSING_LABELS, "error at least one label pair is required per stream")


def test_label_text_that_does_not_parse_is_a_refusal() -> None:
    assert unparsable("{a=", "oops").refusal == (Reason.INVALID_LABELS, "error parsing labels '{a=' with error: oops")
