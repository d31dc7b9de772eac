import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.app.config_values import Kind, as_yaml, format_size, kind_of, parse, parse_size
from lgtm.model.secret import Secret

MS = 1_000_000

WRITTEN = {
    Kind.SWITCH: st.booleans(),
    Kind.INTEGER: st.integers(0, 2**62),
    Kind.WHOLE_SECONDS: st.integers(0, 2**62),
    Kind.NUMBER: st.floats(0, 1e18),
    Kind.SECONDS: st.floats(0, 1e18),
    Kind.MILLISECONDS: st.floats(0, 1e18),
    Kind.DURATION: st.integers(0, 2**63 // MS - 1).map(lambda ms: ms * MS),
    Kind.SIZE: st.integers(0, 2**62),
    Kind.TEXT: st.text(),
    Kind.LIST: st.lists(st.from_regex(r"[a-z.]{1,9}", fullmatch=True)).map(tuple),
}


@pytest.mark.parametrize("kind", WRITTEN)
@given(data=st.data())
def test_what_is_written_reads_back_as_the_same_value(kind: Kind, data: st.DataObject) -> None:
    value = data.draw(WRITTEN[kind])
    written = as_yaml(kind, value)
    assert parse(kind, written if isinstance(written, list) else str(written)) == value


@pytest.mark.parametrize(
    ("name", "annotation", "kind"),
    [
        ("enabled", bool, Kind.SWITCH),
        ("threads", int, Kind.INTEGER),
        ("quiet_s", float, Kind.SECONDS),
        ("segment_age_s_max", int, Kind.WHOLE_SECONDS),
        ("batch_wait_ms_max", float, Kind.MILLISECONDS),
        ("disk_refuse_ratio", float, Kind.NUMBER),
        ("query_timeout_ns", int, Kind.DURATION),
        ("segment_bytes_max", int, Kind.SIZE),
        ("max_line_size", int, Kind.SIZE),
        ("host", str, Kind.TEXT),
        ("log_level_fields", tuple[str, ...], Kind.LIST),
        ("secret_access_key", Secret, Kind.SECRET),
    ],
)
def test_name_and_type_of_a_field_tell_its_kind(name: str, annotation: object, kind: Kind) -> None:
    assert kind_of(name, annotation) is kind


def test_a_type_that_no_file_can_hold_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="callback"):
        kind_of("callback", object)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("512", 512), ("512B", 512), ("256KB", 256 * 1024), ("256KiB", 256 * 1024), ("1k", 1024), ("1.5 GiB", 3 * 2**29), ("32mb", 2**25)],
)
def test_sizes_are_read_in_every_usual_spelling(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("size", [0, 1, 1000, 1024, 1536, 2**20, 2**30 + 1, 2**40])
def test_a_size_is_written_with_the_largest_unit_that_is_exact(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("kind", "text", "complaint"),
    [
        (Kind.SWITCH, "ja", "'ja' is neither true nor false"),
        (Kind.INTEGER, "-1", "'-1' is not a whole number from 0 up"),
        (Kind.INTEGER, "1.5", "'1.5' is not a whole number from 0 up"),
        (Kind.INTEGER, "9" * 5000, "is not a whole number from 0 up"),
        (Kind.NUMBER, "nan", "'nan' is not a number from 0 up"),
        (Kind.SECONDS, "inf", "'inf' is not a number from 0 up"),
        (Kind.SECONDS, "30s", "'30s' is not a number from 0 up"),
        (Kind.DURATION, "5", "'5' is not a duration such as 30s, 5m, 2h or 7d"),
        (Kind.SIZE, "5 apples", "'5 apples' is not a size such as 512, 256KB or 1GiB"),
        (Kind.SIZE, "-1", "'-1' is not a size such as 512, 256KB or 1GiB"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_was_expected(kind: Kind, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(kind, text)


def test_one_value_is_not_a_list() -> None:
    with pytest.raises(ValueError, match="takes one value"):
        parse(Kind.TEXT, ("a", "b"))


def test_a_list_may_be_one_text_with_commas() -> None:
    assert parse(Kind.LIST, " a, b,,c ") == ("a", "b", "c")
