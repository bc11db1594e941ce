"""Run the program as a shell would, inside this process."""

import io
import sys
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from homeward.cli import main


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


class Program:
    """Call it with the words of a command line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *words: object, stdin: str = "") -> Run:
        self.monkeypatch.setattr(sys, "argv", ["homeward", *map(str, words)])
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code: Any = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
        out, err = self.capsys.readouterr()
        return Run(int(code), out, err)
