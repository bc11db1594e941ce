"""A report as a run, in MLflow's own files."""

import importlib.util
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from homeward.errors import ConfigError
from homeward.learn.exports import mlflow_runs
from homeward.learn.exports.mlflow_runs import LONGEST_WORD, export, split

REPORT: dict[str, Any] = {
    "route": "auto",
    "rows": 3,
    "accuracy": 0.5,
    "wilson95": [0.1, 0.9],
    "baselines": {"oracle": None, "best single": {"qwen3:4b": 1}},
    "shadow": True,
}


def test_numbers_are_metrics_and_words_are_parameters() -> None:
    metrics, words = split(REPORT)
    assert metrics == {
        "rows": 3.0,
        "accuracy": 0.5,
        "wilson95.0": 0.1,
        "wilson95.1": 0.9,
        "baselines.best single.qwen3_4b": 1.0,
    }
    assert words == {"route": "auto", "shadow": "True"}


def test_a_long_word_is_cut() -> None:
    assert split({"a": "x" * 9999})[1] == {"a": "x" * LONGEST_WORD}


def test_without_mlflow_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in (*mlflow_runs.SILENT, *mlflow_runs.FILES):
        monkeypatch.setenv(name, "")
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ConfigError, match=r"pip install 'homeward\[mlflow\]'"):
        export(REPORT, str(tmp_path), name="x")


def test_a_password_in_an_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*mlflow_runs.SILENT, *mlflow_runs.FILES):
        monkeypatch.setenv(name, "")
    fake = MagicMock()
    fake.exceptions.MlflowException = ValueError
    monkeypatch.setitem(sys.modules, "mlflow", fake)
    written = export(REPORT, "https://jane:hunter2@runs.example.com/a", name="x")
    assert written.files == ("https://runs.example.com/a",)


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
class TestWithMlflow:
    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in (*mlflow_runs.SILENT, *mlflow_runs.FILES):
            monkeypatch.setenv(name, "")

    def test_a_run_has_the_numbers_the_words_and_the_report(self, tmp_path: Path) -> None:
        written = export(REPORT, str(tmp_path / "runs"), name="evaluate")
        assert written.files == ((tmp_path / "runs").as_uri(),)
        found = {path.name: path for path in (tmp_path / "runs").rglob("*") if path.is_file()}
        assert found["accuracy"].read_text().split()[1] == "0.5"
        assert found["route"].read_text() == "auto"
        assert '"oracle": null' in found["report.json"].read_text()
        assert found["mlflow.runName"].read_text() == "evaluate"

    def test_a_second_run_is_in_the_same_experiment(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            export(REPORT, str(tmp_path / "runs"), name=name)
        names = [path.read_text() for path in (tmp_path / "runs").rglob("mlflow.runName")]
        assert sorted(names) == ["one", "two"]
        assert len(list((tmp_path / "runs").glob("*/meta.yaml"))) == 2  # "Default" is MLflow's

    def test_a_place_that_mlflow_does_not_know_is_said(self) -> None:
        with pytest.raises(ConfigError, match="MLflow does not take"):
            export(REPORT, "nowhere://x", name="x")
