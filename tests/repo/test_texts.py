"""What the repository says about itself is true: files it names exist, commands and metrics it names are there, nothing is left to be done later."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lgtm.cli.main import app

ROOT = Path(__file__).parents[2]
TEXTS = {".md", ".py", ".toml", ".yaml", ".yml", ".sh", ".lock", ".cfg", ""}
FOREIGN = {"README.md"}
"""Named in texts that speak of the tree of somebody else, or of whatever directory the reader is in."""

LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b|NotImplemented" r"Error")
HOST_PATHS = re.compile(r"(?<![\w.:/$}])/(home|Users|root|work|workspace|mnt)/[a-z]")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
MARKDOWN = re.compile(r"[\w./-]+\.md\b")
METRIC = re.compile(r"\blgtm_[a-z0-9_]+")


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    found = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in found if path.suffix in TEXTS and path.exists() and path.stat().st_size < 500_000]


def documents() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def lines_that_match(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later() -> None:
    assert not lines_that_match(LATER)


def test_no_path_of_somebody_s_machine_is_written_down() -> None:
    assert not lines_that_match(HOST_PATHS)


def test_every_document_that_is_named_exists() -> None:
    names = {path.name for path in documents()}
    wrong = [
        f"{path.relative_to(ROOT)} names {name}"
        for path in tracked()
        for name in MARKDOWN.findall(path.read_text(encoding="utf-8"))
        if Path(name).name not in names | FOREIGN
    ]
    assert not wrong


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    wrong = [link for link in LINK.findall(document.read_text(encoding="utf-8")) if not (document.parent / link).exists()]
    assert not wrong


def test_every_source_file_that_architecture_names_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b([a-z_]+(?:/[a-z_]+)*/[a-z_0-9]+\.(?:py|md))\b", text))
    named = {name for name in named if not name.startswith(("docs/", "tests/"))}
    assert named
    assert not {name for name in named if not (ROOT / "src" / "lgtm" / name).exists()}


def test_every_command_that_a_document_shows_exists() -> None:
    shown = {(path, command) for path in documents() for command in re.findall(r"`?\blgtm ([a-z][a-z-]+)\b", _code(path))}
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    commands |= {group.name for group in app.registered_groups if group.name}
    assert not {f"{path.relative_to(ROOT)}: lgtm {command}" for path, command in shown if command not in commands}


def test_every_target_of_make_that_a_document_shows_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {(path, target) for path in documents() for target in re.findall(r"\bmake ([a-z-]+)", _code(path))}
    assert not {f"{path.relative_to(ROOT)}: make {target}" for path, target in shown if target not in targets}


def test_every_metric_that_a_document_names_is_kept() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    named = {name for path in documents() for name in METRIC.findall(path.read_text(encoding="utf-8"))}
    kept = re.compile(r"(_total|_bucket|_sum|_count)$")
    assert not {name for name in named if f'"{kept.sub("", name)}' not in source}


def test_help_is_there_for_every_command() -> None:
    for command in app.registered_commands:
        assert command.callback
        assert command.callback.__doc__, command.callback
    assert CliRunner().invoke(app, ["--help"]).exit_code == 0


def _code(path: Path) -> str:
    """What stands in backticks or in fenced blocks."""
    text = path.read_text(encoding="utf-8")
    fenced = re.findall(r"^```.*?^```", text, re.MULTILINE | re.DOTALL)
    return "\n".join([*fenced, *re.findall(r"`[^`\n]+`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))])
