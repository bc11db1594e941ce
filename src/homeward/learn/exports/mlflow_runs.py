"""MLflow: a report as a run, in files of this machine unless another place is named.

Numbers become metrics, words become parameters, and the whole report is an artifact. MLflow sends
statistics on its use to its makers; here it does not.
"""

import os
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from homeward.errors import ConfigError
from homeward.learn.exports.writing import Written

EXPERIMENT = "homeward"
LONGEST, LONGEST_WORD = 250, 500  # characters of names and parameters that every MLflow takes
SILENT = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
_USER = re.compile(r"://[^/]*@")
"""A name and a password in an address, which are not shown."""
FILES = {"MLFLOW_ALLOW_FILE_STORE": "true"}  # which it calls finished, and asks to be told


def export(
    report: Mapping[str, Any], out: str, *, name: str, experiment: str = EXPERIMENT
) -> Written:
    """One run called ``name``. ``out`` is a folder, or a tracking URI where it has ``://``.

    ConfigError where MLflow is missing, or does not take it. A server is asked by MLflow itself.
    """
    is_folder = "://" not in out
    os.environ |= SILENT | (FILES if is_folder else {})  # it reads them when it is imported
    try:
        mlflow = import_module("mlflow")
    except ImportError:
        raise ConfigError("MLflow is not installed: pip install 'homeward[mlflow]'") from None
    place = Path(out).expanduser().resolve().as_uri() if is_folder else out
    metrics, words = split(report)
    try:
        client = mlflow.MlflowClient(tracking_uri=place)
        found = client.get_experiment_by_name(experiment)
        id_ = client.create_experiment(experiment) if found is None else found.experiment_id
        run = client.create_run(id_, run_name=name, tags={"mlflow.source.name": "homeward"})
        for key, value in metrics.items():
            client.log_metric(run.info.run_id, key, value)
        for key, word in words.items():
            client.log_param(run.info.run_id, key, word)
        client.log_dict(run.info.run_id, dict(report), "report.json")
        client.set_terminated(run.info.run_id)
    except mlflow.exceptions.MlflowException as error:
        raise ConfigError(f"MLflow does not take the report: {error.message}") from None
    return Written((_USER.sub("://", place),), 1, {})


def split(report: Mapping[str, Any]) -> tuple[dict[str, float], dict[str, str]]:
    """A report's numbers and its words, by the path to each, as MLflow allows names."""
    metrics: dict[str, float] = {}
    words: dict[str, str] = {}
    for name, value in _flat(report, ""):
        if isinstance(value, bool | str):
            words[name] = str(value)[:LONGEST_WORD]
        elif isinstance(value, int | float):
            metrics[name] = float(value)
    return metrics, words


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        pairs = [(str(key), each) for key, each in value.items()]
    elif isinstance(value, list | tuple):
        pairs = [(str(place), each) for place, each in enumerate(value)]
    else:
        if value is not None:
            yield path, value
        return
    for key, each in pairs:
        allowed = "".join(c if (c.isalnum() and c.isascii()) or c in "_-. " else "_" for c in key)
        yield from _flat(each, f"{path}.{allowed}"[:LONGEST] if path else allowed[:LONGEST])
