"""The machine as the engine in the package uses it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homeward.machine.hardware import Hardware

NO_GPU = (
    "Ollama is not running, and the engine in this package works on the processor: "
    "start Ollama to use the GPU"
)


def for_engine(hardware: "Hardware") -> "Hardware":
    """The same, or without GPUs where the engine would not compute on them. Blocks."""
    from homeward.backends.llama_devices import offers_gpu
    from homeward.machine.recommend.capped import has_gpu, on_processor

    if not has_gpu(hardware) or offers_gpu():
        return hardware
    return on_processor(hardware)
