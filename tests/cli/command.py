"""Runs `lgtm …` inside this process, through the same entry point as the shell."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import pytest

from lgtm.cli.main import main


@dataclass(slots=True, frozen=True)
class Ran:
    code: int
    out: str
    err: str


class _Stream(io.TextIOWrapper):
    def __init__(self, data: bytes = b"") -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8", newline="\n", write_through=True)

    def text(self) -> str:
        self.seek(0)
        return self.read()


def lgtm(*arguments: str, stdin: bytes = b"", environ: dict[str, str] | None = None) -> Ran:
    """environ: variables set beside those there are; no LGTM_ variable leaks in."""
    out, err = _Stream(), _Stream()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LGTM_ADDR", "LGTM_TENANT", "NO_COLOR"):
            patch.delenv(name, raising=False)
        for name, value in (environ or {}).items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["lgtm", *arguments])
        patch.setattr(sys, "stdin", _Stream(stdin))
        patch.setattr(sys, "stdout", out)
        patch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return Ran(code if isinstance(code, int) else 0, out.text(), err.text())
