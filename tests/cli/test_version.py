import re

from cli.command import lgtm


def test_version_names_program_and_python() -> None:
    assert re.fullmatch(r"lgtm \d+\.\d+\.\d+ \(Python 3\.\d+\.\d+.*\)\n", lgtm("version").out)
