from pathlib import Path

import pytest
import typer

from lgtm.app.addresses import Addresses
from lgtm.app.config import Config
from lgtm.cli.serve import assignments, greeting


def test_settings_are_taken_apart_at_the_first_equals_sign() -> None:
    assert assignments(["wal.quiet_s=2", " storage.s3.prefix =a=b"]) == {"wal.quiet_s": "2", "storage.s3.prefix": "a=b"}
    with pytest.raises(typer.BadParameter, match="'wal' is not KEY=VALUE"):
        assignments(["wal"])


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "127.0.0.1"), ("::", "127.0.0.1"), ("10.0.0.7", "10.0.0.7"), ("::1", "[::1]")],
)
def test_the_greeting_names_the_ports_that_were_opened(host: str, shown: str) -> None:
    text = "\n".join(greeting(Config(data_dir=str(Path("/data"))), Addresses(host, 31, 43, 42), ".venv/bin/lgtm"))
    assert f"""  .venv/bin/lgtm query logs '{{service_name=~".+"}}' --addr http://{shown}:31""".strip() in text
    for part in (
        f"http://{shown}:31/loki/api/v1/push",
        f"http://{shown}:43 ",
        f"http://{shown}:42",
        "Data is in /data",
        f"LOKI_ADDR=http://{shown}:31",
    ):
        assert part in text
    assert "X-Scope-OrgID" not in text


def test_who_has_to_name_a_tenant_is_told() -> None:
    assert "X-Scope-OrgID" in "\n".join(greeting(Config(auth_enabled=True), Addresses("127.0.0.1", 1, 2, 3)))
