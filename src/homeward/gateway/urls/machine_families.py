"""Metrics of the models in line and of the machine that they run on."""

from collections.abc import Iterator, Sequence

from prometheus_client.core import Metric

from homeward.gateway.traffic.traffic import Row as Line
from homeward.gateway.urls.families import Row, counter, gauge
from homeward.machine.scan.watch import GpuVitals, Vitals


def of_models(rows: Sequence[Line]) -> Iterator[Metric]:
    """A row for each model that somebody can wait for."""
    of = ("model",)
    waiting = [((row.model,), row.waiting) for row in rows]
    yield gauge("queue_depth", "Requests that wait for a model", of, waiting)
    running = [((row.model,), row.running) for row in rows]
    yield gauge("model_in_flight", "Requests that a model is answering", of, running)
    loaded = sum(bool(row.loaded) for row in rows)
    says = "Models that are in memory, as far as their runtimes tell"
    yield gauge("models_loaded", says, (), [((), loaded)])
    told = [((row.model,), float(row.loaded)) for row in rows if row.loaded is not None]
    yield gauge("model_loaded", "1 where a model is in memory, 0 where it is not", of, told)
    longest: dict[str, float] = {}
    for row in rows:
        if row.swap_seconds is not None:
            longest[row.model] = max(longest.get(row.model, 0.0), row.swap_seconds)
    yield gauge(
        "model_swap_seconds",
        "What it takes to load a model: as it was seen to, else its size by the disk's bandwidth",
        of,
        [((model,), seconds) for model, seconds in longest.items()],
    )
    swaps = [((row.model,), row.swaps) for row in rows]
    yield counter("swaps", "Times that a model was loaded, as far as is known", of, swaps)


def of_machine(vitals: Vitals | None) -> Iterator[Metric]:
    """None until the machine was looked at: then the families are without samples."""
    seen = vitals or Vitals()
    gpus = [(f"{number} {gpu.name}", gpu) for number, gpu in enumerate(seen.gpus)]
    yield gauge(
        "machine_cpu_share",
        "Of all processors' time, from 0 to 1",
        (),
        [] if vitals is None else [((), seen.cpu)],
    )
    yield gauge(
        "machine_ram_bytes",
        "Main memory, within the container's limit",
        ("kind",),
        [] if vitals is None else [(("total",), seen.ram_total), (("used",), seen.ram_used)],
    )
    yield gauge("machine_gpu_memory_bytes", "Memory of a GPU", ("gpu", "kind"), list(_memory(gpus)))
    yield gauge(
        "machine_gpu_utilisation",
        "Of a GPU's time, from 0 to 1, as its driver tells",
        ("gpu",),
        [((name,), gpu.utilisation) for name, gpu in gpus if gpu.utilisation is not None],
    )
    heat = [((sensor,), degrees) for sensor, degrees in seen.temperatures.items()]
    heat += [((name,), gpu.temperature) for name, gpu in gpus if gpu.temperature is not None]
    yield gauge("machine_temperature_celsius", "The hottest of a chip's sensors", ("sensor",), heat)


def _memory(gpus: Sequence[tuple[str, GpuVitals]]) -> Iterator[Row]:
    for name, gpu in gpus:
        yield (name, "total"), gpu.total
        yield (name, "used"), gpu.used
