"""Speaking with NVIDIA's management library, through nvidia-ml-py (module ``pynvml``).

https://docs.nvidia.com/deploy/nvml-api/. Not every driver and device knows every question.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

Library = Any
"""The module ``pynvml``, or what stands for it."""

FOLDERS = ("usr/lib/wsl/lib", "run/opengl-driver/lib", "usr/local/nvidia/lib64")
"""Where WSL 2, NixOS and GKE keep the library, where the loader does not look by itself."""


def open_library() -> Library:
    """``pynvml``, ready to be asked; raises what it raises."""
    import ctypes

    import pynvml

    for folder in FOLDERS:
        path = Path("/", folder, "libnvidia-ml.so.1")
        if path.exists():
            ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)  # found by its name from now on
            break
    pynvml.nvmlInit()
    return pynvml


def ask(nvml: Library, function: str, *arguments: object) -> Any:
    """What a function of the library says; None where this device or driver does not know it."""
    call = getattr(nvml, function, None)
    if call is None:
        return None
    try:
        answer = call(*arguments)
    except nvml.NVMLError:
        return None
    return answer.decode() if isinstance(answer, bytes) else answer


def handles(nvml: Library) -> Iterator[object]:
    """Of every GPU, or of the parts of one that is split."""
    for number in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(number)
        parts = parts_of(nvml, handle)
        yield from [handle] if parts is None else parts


def parts_of(nvml: Library, handle: object) -> list[object] | None:
    """None for a GPU that is not split."""
    mode = ask(nvml, "nvmlDeviceGetMigMode", handle)
    if not mode or not mode[0]:
        return None
    most = ask(nvml, "nvmlDeviceGetMaxMigDeviceCount", handle) or 0
    found = [ask(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", handle, i) for i in range(most)]
    return [part for part in found if part is not None]


def shares_memory(nvml: Library, handle: object) -> bool:
    """Whether it says that the question for its memory makes no sense for it."""
    try:
        nvml.nvmlDeviceGetMemoryInfo(handle)
    except nvml.NVMLError as error:
        return bool(error.value == nvml.NVML_ERROR_NOT_SUPPORTED)
    return False


def memory_of(nvml: Library, handle: object) -> Any:
    """``total``, ``free`` and ``used`` in bytes, ``reserved`` where the driver tells; or None."""
    version = getattr(nvml, "nvmlMemory_v2", None)
    second = ask(nvml, "nvmlDeviceGetMemoryInfo", handle, version) if version else None
    return second or ask(nvml, "nvmlDeviceGetMemoryInfo", handle)
