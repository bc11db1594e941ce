"""What the user says, put in place of what was found."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from homeward.errors import ConfigError
from homeward.machine import gpus as table
from homeward.machine.estimate import Basis, How
from homeward.machine.hardware import Gpu
from homeward.machine.scan.apple import wired_limit
from homeward.machine.scan.memory import Ram
from homeward.machine.scan.named_gpu import named_gpu
from homeward.machine.scan.overrides import Overrides
from homeward.machine.sizes import shown

GIVEN = Basis(how=How.GIVEN, source="given")


class Given(Struct, frozen=True, kw_only=True):
    """``ram`` is all the memory of a machine whose GPU shares it, in bytes; 0 elsewhere."""

    gpus: tuple[Gpu, ...]
    ram: int = 0


def given_gpus(overrides: Overrides) -> Given | None:
    """In place of those that a scan would find; None where it should look.

    `ConfigError` for a name that the table does not have.
    """
    if overrides.gpu:
        return _named(overrides.gpu, overrides)
    if overrides.vram is None:
        return None
    if not overrides.vram:
        return Given(gpus=())
    return Given(gpus=(_of_memory(overrides.vram, overrides.bandwidth),))


def given_ram(found: Ram, overrides: Overrides, given: Given | None) -> tuple[Ram, Basis]:
    """Main memory as given; that of a given GPU which shares it, where no size is given."""
    size = overrides.ram if overrides.ram is not None else given.ram if given else 0
    if overrides.ram is None and not size:
        return found, Basis(how=How.MEASURED, source=found.source)
    source = "given" if overrides.ram is not None else "all the memory of the given GPU"
    given_ = Ram(total=size, free=size, source=source)
    return given_, Basis(how=How.GIVEN, source=source)


def with_bandwidth(found: Sequence[Gpu], bandwidth: float | None) -> tuple[Gpu, ...]:
    """That of those which count is what the user said."""
    return tuple(
        replace(gpu, bandwidth=bandwidth, basis={**gpu.basis, "bandwidth": GIVEN})
        if bandwidth and gpu.counted
        else gpu
        for gpu in found
    )


def chosen(found: Sequence[Gpu], wanted: Sequence[str]) -> tuple[Gpu, ...]:
    """Counts on those that are wanted and on no other; `ConfigError` for one that is not there."""
    if not wanted:
        return tuple(found)
    counted: set[int] = set()
    for name in wanted:
        matches = {
            i
            for i, gpu in enumerate(found)
            if name == str(i) or (not name.isdigit() and _is(name.lower(), gpu))
        }
        if not matches:
            there = ", ".join(f"{i} {gpu.name}" for i, gpu in enumerate(found)) or "no GPU"
            raise ConfigError(f"no GPU here is called {name!r}; there is {there}")
        counted |= matches
    return tuple(replace(gpu, counted=i in counted) for i, gpu in enumerate(found))


def _is(name: str, gpu: Gpu) -> bool:
    return name in gpu.name.lower() or (bool(gpu.identity) and name in gpu.identity.lower())


def _named(name: str, overrides: Overrides) -> Given:
    row, whole = named_gpu(name, overrides)
    shares = row.unified or row.integrated
    memory = overrides.vram or (wired_limit(whole)[0] if row.vendor == "apple" else whole)
    if not memory:
        raise ConfigError(f"{row.name} shares the machine's memory; say how much, --ram 96GiB")
    published, flops = table.basis(row), table.flops_basis(row)
    sizes = GIVEN if overrides.vram or (shares and overrides.ram) else published
    gpu = Gpu(
        name=row.name,
        vendor=row.vendor,
        total=memory,
        free=memory,
        bandwidth=row.bandwidth,
        flops=row.flops,
        unified=shares,
        integrated=row.integrated,
        basis={"total": sizes, "free": sizes, "bandwidth": published, "flops": flops},
    )
    return Given(gpus=(gpu,), ram=max(whole, memory) if shares else 0)


def _of_memory(memory: int, bandwidth: float | None) -> Gpu:
    """One that nobody knows more of is taken to be like others with so much memory."""
    basis = {"total": GIVEN, "free": GIVEN}
    speed = flops = 0.0
    if like := table.typical(memory):
        source = f"usual of {like[0].cards} graphics cards with about {shown(memory)}"
        (low, speed, high, _), (least, flops, most, _) = like
        basis["bandwidth"] = Basis(how=How.ASSUMED, source=source, low=low, high=high)
        basis["flops"] = Basis(how=How.ASSUMED, source=source, low=least, high=most)
    if bandwidth:
        flops *= bandwidth / speed if speed else 0.0  # a faster card computes faster too
    return Gpu(
        name="given",
        vendor="other",
        total=memory,
        free=memory,
        bandwidth=bandwidth or speed,
        flops=flops,
        basis=basis,
    )
