"""The sentences that say why a model lies where it lies."""

from collections.abc import Mapping, Sequence

from homeward.machine.estimate import Memory
from homeward.machine.hardware import Gpu
from homeward.machine.memory.offload import Offload
from homeward.machine.sizes import shown


def on_one_gpu(gpu: Gpu, needed: int, free: int, beside: int, reserve: int) -> str:
    """``free`` is what it may take there, ``beside`` what stays in main memory."""
    table = f", and the embedding ({shown(beside)}) in main memory" if beside else ""
    told = f"all layers on {gpu.name}: {shown(needed)} of the {shown(free)} free{table}"
    if gpu.unified:
        told = f"all on {gpu.name}, in memory it shares: {shown(needed + beside)}"
        told += f" of the {shown(free + beside)} free"
    return told + _tight({gpu.name: free - needed}, reserve)


def on_many_gpus(found: Offload, gpus: Mapping[int, Gpu], reserve: int) -> str:
    """Each of them has a driver's context and a compute buffer of its own."""
    told = [f"{shown(size)} on {gpus[number].name}" for number, size in found.on_gpu.items()]
    left = {gpus[number].name: gpus[number].free - size for number, size in found.on_gpu.items()}
    return (
        f"too large for one GPU; layer by layer over {len(told)}, each with buffers of its own: "
        + ", ".join(told)
        + _tight(left, reserve)
    )


def in_both(found: Offload, gpus: Mapping[int, Gpu], kept: int) -> str:
    there = " and ".join(f"{shown(size)} on {gpus[n].name}" for n, size in found.on_gpu.items())
    stays = f"; {shown(kept)} of each GPU stays free" if kept else "; nothing of the GPU stays free"
    if found.gpu_layers == found.layers:
        experts = found.layers - found.expert_layers
        told = (
            f"all {found.layers} layers ({there}), but the experts of the last {experts} in main "
            f"memory ({shown(found.in_ram)})"
        )
    else:
        told = (
            f"the last {found.gpu_layers} of {found.layers} layers with their cache ({there}), "
            f"the others in main memory ({shown(found.in_ram)})"
        )
        if found.expert_layers < found.gpu_layers:
            told += ", and so all experts"
    return told + stays


def in_main_memory(needed: int, room: int, gpus: Sequence[Gpu]) -> str:
    why = "no GPU has room for a layer" if gpus else "there is no GPU"
    return (
        f"{why}: {shown(needed)} of the {shown(room)} of main memory that are free beside the "
        "system's share"
    )


def nowhere(memory: Memory, gpus: Sequence[Gpu], room: int) -> str:
    there = [f"{shown(gpu.free)} on {gpu.name}" for gpu in gpus]
    free = " and ".join([*there, f"{shown(room)} of main memory"])
    return f"it needs {shown(memory.total)}, and {free} are free"


def _tight(left: Mapping[str, int], reserve: int) -> str:
    least = min(left.values())
    if least >= reserve:
        return ""
    return (
        f"; tight: {shown(least)} stay free where llama.cpp would leave {shown(reserve)}, so close "
        "what else draws there"
    )
