"""The card of the models says what the tables say."""

import sys
from importlib import import_module

import pytest

from tests.models.conftest import MODELS

report = import_module("report")


def test_the_card_has_every_line_of_the_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["report.py"])
    report.main()
    printed = capsys.readouterr().out.splitlines()
    card = (MODELS / "README.md").read_text().splitlines()
    assert len(printed) > 80
    assert [line for line in printed if line not in card] == []
