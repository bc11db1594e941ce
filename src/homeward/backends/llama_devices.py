"""What the engine in the package computes on: a GPU only where its wheel was built for one."""

from collections.abc import Iterable

GPUS = frozenset({"GPU", "IGPU"})  # and not ACCEL: a library for the processor


def offers_gpu() -> bool:
    """Whether it does, by its own word; False where it cannot be loaded. Blocks.

    It is asked in this process: with a wheel for a GPU, its driver stays loaded here.
    """
    try:
        import xllamacpp

        return with_gpu(device["type"].name for device in xllamacpp.get_device_info())
    except Exception:  # any: ImportError for a library that is missing, RuntimeError of a driver
        return False


def with_gpu(names: Iterable[str]) -> bool:
    """By the names of the devices' types, as `ggml_backend_dev_type` of ggml-backend.h has them."""
    return any(name.removeprefix("GGML_BACKEND_DEVICE_TYPE_") in GPUS for name in names)
