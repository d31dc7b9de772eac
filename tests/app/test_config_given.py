from pathlib import Path

import pytest

from lgtm.app.config_given import Given, InvalidConfig, expand, from_environment, from_file, unknown_variables


def write(directory: Path, text: str | bytes) -> Path:
    file = directory / "lgtm.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_a_file_becomes_texts_by_path_with_their_lines(tmp_path: Path) -> None:
    given = from_file(write(tmp_path, "data_dir: 007\nserver:\n  http_port: 3100\nlimits:\n  required_labels: [a, b]\n"), {})
    assert given == {
        ("data_dir",): Given("007", "lgtm.yaml:1"),
        ("server", "http_port"): Given("3100", "lgtm.yaml:3"),
        ("limits", "required_labels"): Given(("a", "b"), "lgtm.yaml:5"),
    }


@pytest.mark.parametrize("text", ["", "# nothing\n", "server:\n", "data_dir: ~\n", "data_dir: ${UNSET}\n"])
def test_what_is_empty_sets_nothing(tmp_path: Path, text: str) -> None:
    assert from_file(write(tmp_path, text), {}) == {}


def test_a_quoted_empty_text_is_a_value(tmp_path: Path) -> None:
    assert from_file(write(tmp_path, 'data_dir: ""\n'), {}) == {("data_dir",): Given("", "lgtm.yaml:1")}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("${A}", "1"),
        ("x${A}y${A}", "x1y1"),
        ("${B}", ""),
        ("${B:-two}", "two"),
        ("${A:-two}", "1"),
        ("${EMPTY:-two}", "two"),
        ("${B:-}", ""),
        ("$$ and $${A}", "$ and ${A}"),
        ("${not a name}", "${not a name}"),
        ("$A", "$A"),
    ],
)
def test_variables_are_put_into_values(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "EMPTY": ""}) == expanded


def test_a_variable_cannot_change_the_structure_of_the_file(tmp_path: Path) -> None:
    given = from_file(write(tmp_path, "data_dir: ${A}\n"), {"A": "x\nauth_enabled: true # "})
    assert list(given) == [("data_dir",)]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- a\n", r"lgtm\.yaml:1: a configuration is a mapping of sections"),
        ("a: [1\n", r"lgtm\.yaml:2: not YAML"),
        ("server:\n  host: a\n  host: b\n", r"lgtm\.yaml:3: server\.host is set twice, first at lgtm\.yaml:2"),
        ("limits:\n  required_labels: [[a]]\n", r"lgtm\.yaml:2: limits\.required_labels must be a list of texts"),
        ("a: &loop\n  b: *loop\n", r"nests too deeply"),
        ("a: " + "[" * 100_000, r"not YAML"),
        (b"a: \xff\n", r"not UTF-8 at byte 3"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused_with_the_place(tmp_path: Path, text: str | bytes, complaint: str) -> None:
    with pytest.raises(InvalidConfig, match=complaint):
        from_file(write(tmp_path, text), {})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"nowhere\.yaml: No such file"):
        from_file(tmp_path / "nowhere.yaml", {})


def test_variables_of_the_environment_are_matched_by_name_and_strangers_told() -> None:
    variables = {"LGTM_SERVER_HOST": ("server", "host"), "LGTM_DATA_DIR": ("data_dir",)}
    environ = {"LGTM_SERVER_HOST": "::1", "LGTM_DATA_DIR": "", "LGTM_SERVER_HSOT": "x", "HOME": "/"}
    assert from_environment(environ, variables) == {("server", "host"): Given("::1", "LGTM_SERVER_HOST")}
    assert unknown_variables(environ, variables) == ["LGTM_SERVER_HSOT"]
