import subprocess
import sys

import pytest

from cli.command import lgtm

HEAVY = {"pyarrow", "numpy", "fastapi", "uvicorn", "grpc", "boto3", "rich", "yaml", "websockets", "re2", "orjson", "google"}


def test_help_imports_nothing_heavy() -> None:
    program = f"import sys, lgtm.cli.main; print(sorted({HEAVY!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["query", "--help"], 0),
        (["version"], 0),
        (["no-such-command"], 2),
        (["query", "logs"], 2),
        (["query", "logs", "{}", "--limit", "none"], 2),
        (["query", "logs", "{}", "--since", "soon"], 2),
        (["query", "logs", "{}", "--addr", "ftp://x"], 2),
        (["push", "--label", "novalue"], 2),
        (["serve", "--set", "novalue"], 2),
        (["serve", "--config", "/nowhere.yaml"], 1),
        (["check-config", "/nowhere.yaml"], 1),
        (["health", "--addr", "127.0.0.1:1"], 1),
        (["inspect", "wal", "/nowhere"], 1),
        (["inspect", "block", "/nowhere"], 1),
        (["push", "/nowhere.log", "--addr", "127.0.0.1:1"], 1),
    ],
)
def test_exit_codes_tell_success_failure_and_misuse_apart(arguments: list[str], code: int) -> None:
    assert lgtm(*arguments).code == code


def test_what_went_wrong_is_on_standard_error_without_a_traceback() -> None:
    ran = lgtm("check-config", "/nowhere.yaml")
    assert (ran.out, ran.err) == ("", "lgtm: /nowhere.yaml: No such file or directory\n")


def test_a_reader_that_has_seen_enough_ends_the_program_without_noise() -> None:
    program = "import sys; sys.argv = ['lgtm', 'check-config', '--print']; from lgtm.cli.main import main; main()"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (1, b"")
