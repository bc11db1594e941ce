"""Promises as a calibration would have made them."""

from typing import Any

from homeward.signals.promise import Part, Promise


def promise(threshold: float | None = 0.8, **fields: Any) -> Promise:
    """95 in 100 from a score of ``threshold`` on, calibrated on 400 rows of which 300 are kept."""
    rest = Part(threshold, 400, 300, 8, 0.047, 0.9, None if threshold is not None else 600)
    given = {"rows": 400, "kept": 300, "wrong": 8, "share": 0.75, "band": (0.69, 0.8)}
    return Promise(0.95, 0.9, rest, "2026-11-21", **{**given, **fields})
