from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.server import NodeProcess

Start = Callable[..., NodeProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts nodes; what still runs at the end of the test is killed. Without a data_dir each gets a new one."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def begin(data_dir: Path | None = None, settings: Mapping[str, str] | None = None) -> NodeProcess:
            return stack.enter_context(NodeProcess(data_dir or tmp_path / f"node-{next(numbers)}", settings))

        yield begin
