"""Where others are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lgtm.ring.messages import Address
from lgtm.ring.seeds import Seeds, lookup, split_host_port


class Names:
    """A resolver whose answers a test sets."""

    def __init__(self, **answers: Sequence[str]) -> None:
        self.answers = answers

    async def __call__(self, name: str) -> Sequence[str]:
        if name not in self.answers:
            raise OSError(f"{name}: unknown")
        return self.answers[name]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.1", ("10.0.0.1", 7946)),
        ("10.0.0.1:80", ("10.0.0.1", 80)),
        ("node-b", ("node-b", 7946)),
        ("[fe80::1]:80", ("fe80::1", 80)),
        ("[fe80::1]", ("fe80::1", 7946)),
        ("fe80::1", ("fe80::1", 7946)),
    ],
)
def test_addresses_are_read_as_people_write_them(text: str, found: tuple[str, int]) -> None:
    assert split_host_port(text, 7946) == found


@pytest.mark.parametrize("text", ["", ":80", "a:b", "a:0", "a:70000", "[fe80::1", "[fe80::1]80"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        split_host_port(text, 7946)


async def test_a_name_is_looked_up_each_time_and_all_its_addresses_count(tmp_path: Path) -> None:
    names = Names(nodes=["10.0.0.1", "fe80::2"])
    seeds = Seeds(["nodes", "10.0.0.9:5"], tmp_path / "peers.json", default_port=7946, lookup=names)
    assert {str(each) for each in await seeds()} == {"10.0.0.1:7946", "[fe80::2]:7946", "10.0.0.9:5"}
    names.answers = {"nodes": ["10.0.0.3"]}
    assert {str(each) for each in await seeds()} == {"10.0.0.3:7946", "10.0.0.9:5"}


async def test_a_resolver_that_fails_leaves_the_last_answer(tmp_path: Path) -> None:
    names = Names(nodes=["10.0.0.1"])
    seeds = Seeds(["nodes"], tmp_path / "peers.json", default_port=7946, lookup=names)
    assert await seeds()
    names.answers = {}
    assert [str(each) for each in await seeds()] == ["10.0.0.1:7946"]


async def test_members_known_once_are_found_again_after_a_restart(tmp_path: Path) -> None:
    known = [Address.of("10.0.0.7", 7946), Address.of("fe80::1", 7946)]
    Seeds([], tmp_path / "peers.json", default_port=7946).remember(known)
    assert set(await Seeds([], tmp_path / "peers.json", default_port=7946)()) == set(known)


@pytest.mark.parametrize("text", ["", "{}", "7", '["x:y"]', "[5]", "\x00"])
async def test_a_file_of_members_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "peers.json").write_text(text, encoding="utf-8")
    assert await Seeds([], tmp_path / "peers.json", default_port=7946)() == []


async def test_a_disk_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    Seeds([], tmp_path / "nosuch" / "peers.json", default_port=7946).remember([Address.of("10.0.0.7", 7946)])


async def test_the_system_knows_this_machine() -> None:
    assert "127.0.0.1" in await lookup("localhost")
