from pathlib import Path

import pytest
import yaml

from lgtm.app.config import Config
from lgtm.app.config_given import InvalidConfig
from lgtm.app.config_load import as_tree, keys, load, shown, unknown_in, variables
from lgtm.model.limits import DAY_NS, MIB

EXAMPLE = """\
data_dir: ${DIR:-/var/lib/lgtm}
auth_enabled: yes
server: {http_port: 3101}
wal:
  segment_bytes_max: 128MB
storage:
  store: s3
  s3: {bucket: logs, access_key_id: me, secret_access_key: hunter2}
limits:
  query_timeout: 2m
  required_labels: [cluster, env]
overrides:
  a.b:
    retention_period: 7d
    max_line_size: 1MiB
"""


def write(directory: Path, text: str) -> Path:
    file = directory / "lgtm.yaml"
    file.write_text(text)
    return file


def test_without_anything_set_the_defaults_hold() -> None:
    assert load() == Config()


def test_a_file_fills_every_section(tmp_path: Path) -> None:
    config = load(write(tmp_path, EXAMPLE))
    assert (config.data_dir, config.auth_enabled, config.server.http_port, config.server.otlp_http_port) == ("/var/lib/lgtm", True, 3101, 4318)
    assert config.wal.segment_bytes_max == 128 * MIB
    assert config.storage.s3.secret_access_key.reveal() == "hunter2"
    assert (config.limits.query_timeout_ns, config.limits.required_labels) == (120 * 10**9, ("cluster", "env"))
    assert config.overrides == {"a.b": {"retention_period_ns": 7 * DAY_NS, "max_line_size": MIB}}


def test_flags_beat_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, "server: {http_port: 1, otlp_http_port: 2, otlp_grpc_port: 3}\n")
    environ = {"LGTM_SERVER_OTLP_HTTP_PORT": "20", "LGTM_SERVER_OTLP_GRPC_PORT": "30"}
    server = load(file, environ=environ, flags={"server.otlp_grpc_port": "300"}).server
    assert (server.http_port, server.otlp_http_port, server.otlp_grpc_port) == (1, 20, 300)


@pytest.mark.parametrize(
    ("flags", "blocks", "cache"),
    [
        ({}, "data/blocks", "data/cache"),
        ({"data_dir": "/d"}, "/d/blocks", "/d/cache"),
        ({"data_dir": "/d", "storage.directory": "blocks"}, "blocks", "/d/cache"),
    ],
)
def test_directories_lie_inside_data_dir_unless_they_are_set(flags: dict[str, str], blocks: str, cache: str) -> None:
    config = load(flags=flags)
    assert (config.storage.directory, config.storage.cache_directory) == (blocks, cache)
    assert config.wal_dir == Path(flags.get("data_dir", "data")) / "wal"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("wal: {segment_byte_max: 5}", "lgtm.yaml:1: wal.segment_byte_max is not a key; did you mean wal.segment_bytes_max?"),
        ("http_port: 3100", "lgtm.yaml:1: http_port is not a key; did you mean server.http_port?"),
        ("storge:\n  store: s3", "lgtm.yaml:2: storge is not a key; did you mean storage?"),
        ("zzz: 1", "lgtm.yaml:1: zzz is not a key"),
        ("log: debug", "lgtm.yaml:1: log is a section; it has the keys level, format"),
        ("target: {all: 1}", "lgtm.yaml:1: target takes a value, it has no keys of its own"),
        ("overrides: {a: 1}", "lgtm.yaml:1: overrides.a must hold limits: overrides.<tenant>.<limit>"),
        ("overrides: {a: {max_line: 1}}", "lgtm.yaml:1: overrides.a.max_line is not a limit; did you mean max_line_size?"),
        ("wal: {quiet_s: soon}", "lgtm.yaml:1: wal.quiet_s: 'soon' is not a number from 0 up"),
        ("wal: {pending_bytes_max: 1KB}", "wal.pending_bytes_max must not be below wal.payload_bytes_max"),
        ("storage: {store: s3}", "storage.s3.bucket is missing"),
        ("storage: {s3: {access_key_id: me}}", "storage.s3.access_key_id and storage.s3.secret_access_key must be set together"),
        ("overrides: {a/b: {max_line_size: 1}}", "tenant ID 'a/b' contains unsupported character '/'"),
    ],
)
def test_what_cannot_be_is_refused_with_place_path_and_the_nearest_key(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load(write(tmp_path, text))
    assert caught.value.problems == (problem,)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as caught:
        load(write(tmp_path, "a: 1\nwal: {b: 2}\n"), environ={"LGTM_SERVER_HTTP_PORT": "http"}, flags={"nonsense": "1"})
    assert str(caught.value).splitlines() == [
        "lgtm.yaml:1: a is not a key",
        "lgtm.yaml:2: wal.b is not a key",
        "LGTM_SERVER_HTTP_PORT: server.http_port: 'http' is not a whole number from 0 up",
        "flag for nonsense: nonsense is not a key",
    ]


def test_every_key_has_one_variable_and_strangers_are_told() -> None:
    assert len(variables()) == len(keys())
    assert unknown_in({"LGTM_SERVICE_HOST": "10.0.0.1", "LGTM_DATA_DIR": "/d", "LGTM_ADDR": "x"}) == ["LGTM_SERVICE_HOST"]


def test_what_is_shown_reads_back_as_the_same_configuration(tmp_path: Path) -> None:
    flags = {"auth_enabled": "on", "limits.max_query_length": "90d", "limits.required_labels": "a,b", "wal.quiet_s": "0.5"}
    config = load(write(tmp_path, "overrides:\n  a.b:\n    max_line_size: 1MiB\n    query_timeout: 10s\n"), flags=flags)
    assert load(write(tmp_path, yaml.safe_dump(as_tree(config)))) == config


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    config = load(write(tmp_path, EXAMPLE))
    assert "hunter2" not in yaml.safe_dump(as_tree(config)) + repr(config)
    assert as_tree(config)["storage"]["s3"]["secret_access_key"] == "***"


def test_what_is_shown_can_be_all_the_difference_or_the_defaults() -> None:
    config = load(flags={"wal.quiet_s": "2", "overrides.a.max_line_size": "1KB"})
    assert yaml.safe_load(shown(config)) == as_tree(config)
    assert yaml.safe_load(shown(config, "diff")) == {"wal": {"quiet_s": 2}, "overrides": {"a": {"max_line_size": "1KiB"}}}
    assert yaml.safe_load(shown(config, "defaults")) == as_tree(Config())
    assert shown(Config(), "diff") == ""
