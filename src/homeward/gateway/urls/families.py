"""Families of metrics, as prometheus_client writes them; every name begins with ``homeward_``."""

from collections.abc import Iterable
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from homeward.gateway.observability.metrics import Histogram

Row = tuple[tuple[str, ...], float]
"""The values of the labels, and the number."""


def counter(name: str, says: str, labels: Iterable[str], rows: Iterable[Row]) -> Metric:
    family = CounterMetricFamily(f"homeward_{name}", says, labels=tuple(labels))
    for values, number in _sums(rows):
        family.add_metric(values, number)
    return family


def gauge(name: str, says: str, labels: Iterable[str], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(f"homeward_{name}", says, labels=tuple(labels))
    for values, number in _sums(rows):
        family.add_metric(values, number)
    return family


def _sums(rows: Iterable[Row]) -> Iterable[Row]:
    """Rows of the same labels are one: statuses of a class, servers of the same model."""
    sums: dict[tuple[str, ...], float] = {}
    for values, number in rows:
        sums[values] = sums.get(values, 0) + number
    return sums.items()


def add(family: HistogramMetricFamily, labels: tuple[str, ...], histogram: Histogram) -> None:
    edges = [*map(str, histogram.bounds), "+Inf"]
    sums = [float(n) for n in accumulate(histogram.counts)]
    family.add_metric(labels, list(zip(edges, sums, strict=True)), histogram.total)
