"""How long one device takes for its part of a token."""

from msgspec import Struct

from homeward.machine.speed.devices import Device, Kernels

DECODES = 5e9
"""Weights that one core of a CPU multiplies with in a second, one token at a time: 4-bit ones on
ARM and x86 cores of 2020 on take 3 to 8 thousand million (bench/speed.py, hosts without a GPU)."""

PROMPTS = 4
"""Times as many for a prompt, of which many tokens are multiplied with each weight at once."""

LINK = 12e9
"""Bytes a second to a GPU, of PCIe 4.0 x16 as it comes out."""


class Launches(Struct, frozen=True, kw_only=True):
    """Layers, and how many of them have experts and so on: see `Kernels`."""

    plain: float
    experts: float = 0.0
    recurrent: float = 0.0
    latent: float = 0.0
    norms: float = 0.0

    def share(self, part: float) -> "Launches":
        return Launches(
            plain=self.plain * part,
            experts=self.experts * part,
            recurrent=self.recurrent * part,
            latent=self.latent * part,
            norms=self.norms * part,
        )

    def times(self, kernels: Kernels) -> float:
        """How many plain layers would take as long to launch."""
        return (
            self.plain
            + self.experts * kernels.experts
            + self.recurrent * kernels.recurrent
            + self.latent * kernels.latent
            + self.norms * kernels.norms
        )


class Work(Struct, frozen=True, kw_only=True):
    """What one token takes: bytes of weights by where they belong, and of the cache.

    ``resident`` is how many bytes lie in memory for each that a token reads, ``parameters`` how
    many parameters a byte holds, ``launches`` its layers.
    """

    dense: float
    experts: float
    output: float
    resident: float
    parameters: float
    cache: float
    attention: float
    launches: Launches

    @property
    def weights(self) -> float:
        return self.dense + self.experts + self.output

    def share(self, layers: float, experts: float, output: float) -> "Work":
        """A part of it: shares of the layers, of their experts, of the output, each 0 to 1."""
        return Work(
            dense=self.dense * layers,
            experts=self.experts * experts,
            output=self.output * output,
            resident=self.resident,
            parameters=self.parameters,
            cache=self.cache * layers,
            attention=self.attention * layers,
            launches=self.launches.share(layers),
        )


class Part(Struct, frozen=True, kw_only=True):
    """``bandwidth`` is in bytes a second; ``flops`` 0 where not known, ``cores`` 0 for a GPU.

    ``why`` says what an ``assumed`` bandwidth rests on, where it rests on something.
    """

    name: str
    device: Device
    bandwidth: float
    assumed: bool
    flops: float
    cores: int
    work: Work
    why: str = ""

    def seconds(self) -> float:
        """For one token of an answer."""
        known, work = self.device, self.work
        weights = work.weights / (known.weights * self.bandwidth)
        if self.cores:
            weights = max(weights, work.weights * work.parameters / (self.cores * DECODES))
        elif known.unpack:
            flops = self.flops or self.bandwidth * known.ratio
            weights = max(weights, 2 * work.weights * work.parameters / (known.unpack * flops))
        read = work.cache / (known.cache * self.bandwidth)
        computed = work.attention / (known.attention * self.bandwidth)
        return weights + max(read, computed) + self.launching()

    def launching(self) -> float:
        """Seconds of a token in which nothing is read: see `Kernels`."""
        return self.work.launches.times(self.device.kernels) * self.device.layer

    def prompt_seconds(self, ubatch: int, *, helped: bool) -> float:
        """For one token of a prompt, read ``ubatch`` at a time, which all read each weight once.

        Where a GPU has a part too it is ``helped``: weights of the CPU are sent to the GPU.
        """
        known, work = self.device, self.work
        if self.cores:
            flops = 2 * DECODES * PROMPTS * self.cores
            known_share = 1.0
        else:
            flops = self.flops or self.bandwidth * known.ratio
            known_share = known.prompt
        whole = work.weights * work.resident
        multiplied = 2 * work.weights * work.parameters / (known_share * flops)
        read = whole / (known.weights * self.bandwidth * ubatch)
        weights = max(multiplied, read)
        if self.cores and helped:
            weights = min(weights, whole / (LINK * ubatch))
        return weights + work.attention / (known.prompt_attention * flops)
