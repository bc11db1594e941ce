"""What Ollama does when models are asked one after another: whom it loads, whom it evicts.

Its scheduler played through, by the rules of the release in `OLLAMA_RULES`. Each request is taken
to be over before the next one comes, and the server's times of keeping to be longer than that.

* The first model always loads; what does not fit on the GPUs stays in main memory.
* An additional one loads if its prediction is at most 80 % of what is available, else one runner
  after another is evicted: the shortest ``keep_alive`` first, then by the path of the file.
* On a machine without a GPU nothing is compared, only counted.
* The prediction is checked and then forgotten: whoever is let in takes what it really takes. What
  llama.cpp then cannot place on the GPU stays in main memory too; where even that is too small,
  all others are evicted, and it is tried once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from homeward.machine.fleet.chosen import Runner, chosen_for
from homeward.machine.fleet.member import Member, again
from homeward.machine.fleet.packing import laid
from homeward.machine.fleet.rules import OLLAMA_RULES, Batch, OllamaRules, predicted
from homeward.machine.fleet.server import Server
from homeward.machine.hardware import Hardware


class Step(Struct, frozen=True, kw_only=True):
    """One model was asked. ``predicted`` and ``available`` are what was compared, where it was.

    ``on_gpu`` is the part of it that lies on GPUs, from 0 to 1; ``failed`` that it could not be
    loaded at all.
    """

    name: str
    loads: bool
    evicts: tuple[str, ...] = ()
    predicted: int = 0
    available: int = 0
    on_gpu: float = 1.0
    failed: bool = False
    because: str


@dataclass
class Admission:
    """One server. ``keep`` are seconds by name, where a model has others than the server."""

    hardware: Hardware
    server: Server = field(default_factory=Server)
    rules: OllamaRules = OLLAMA_RULES
    keep: dict[str, float] = field(default_factory=dict[str, float])
    _made: dict[tuple[str, int], Member] = field(
        default_factory=dict[tuple[str, int], Member], repr=False
    )

    def __post_init__(self) -> None:
        self.gpus = self.server.sees(self.hardware, self.rules)
        self.most = self.server.most or self.rules.per_device * max(1, len(self.gpus))

    def ask(self, member: Member, loaded: tuple[Runner, ...]) -> tuple[Step, tuple[Runner, ...]]:
        """What happens when a model is asked, and what is loaded then, the longest loaded first."""
        if any(runner.name == member.name for runner in loaded):
            return Step(name=member.name, loads=False, because="it is loaded"), loaded
        evicts: list[str] = []
        first: Step | None = None  # what was compared when the first one had to go
        while True:
            if len(loaded) >= self.most:
                told = f"{self.most} models are loaded, and more may not be"
                first = first or Step(name=member.name, loads=True, because=told)
            else:
                step, runner = self._load(member, loaded)
                if runner is not None or not loaded:
                    return self._done(step, first, evicts, loaded, runner)
                first = first or step
                if step.failed:  # out of memory: all others go, and it is tried once more
                    evicts += [each.name for each in loaded]
                    loaded = ()
                    continue
            victim = min(loaded, key=lambda each: (each.keep_alive, each.name))
            evicts.append(victim.name)
            loaded = tuple(each for each in loaded if each is not victim)

    def _done(
        self,
        step: Step,
        first: Step | None,
        evicts: Sequence[str],
        loaded: tuple[Runner, ...],
        runner: Runner | None,
    ) -> tuple[Step, tuple[Runner, ...]]:
        if first is not None and not step.failed:
            step = replace(
                step,
                predicted=first.predicted,
                available=first.available,
                because=first.because,
            )
        step = replace(step, evicts=tuple(evicts), loads=runner is not None)
        return step, loaded if runner is None else (*loaded, runner)

    def _load(self, member: Member, loaded: Sequence[Runner]) -> tuple[Step, Runner | None]:
        guess = predicted(member.shapes, member.size, member.use.context)
        chosen, available = chosen_for(
            guess, self.hardware, self.gpus, loaded, self.server, self.rules.percent
        )
        step = Step(
            name=member.name,
            loads=False,
            predicted=guess,
            available=available,
            because="the first always loads",
        )
        batch = self._batch(member, guess, available, chosen)
        sized = self._batched(member, batch.tokens)
        if not chosen:
            if loaded:
                step = replace(step, because="without a GPU models are only counted")
            return self._in_ram(step, sized)
        if loaded:
            if guess + batch.surcharge > available * self.rules.percent // 100:
                told = f"predicted to take more than {self.rules.percent} % of what is available"
                return replace(step, because=told), None
            told = f"predicted to take at most {self.rules.percent} % of what is available"
            step = replace(step, because=told)
        return self._on_gpus(step, sized, chosen, loaded)

    def _batch(self, member: Member, guess: int, available: int, chosen: Sequence[int]) -> Batch:
        """Tokens at a time: more of them where the context is long and there is room."""
        context, batches = member.use.context, self.rules.batches
        if member.embeds:
            return replace(batches[-1], tokens=min(batches[0].tokens, context))
        gpus = [self.hardware.gpus[self.gpus[at]] for at in chosen]
        cuda = [gpu for gpu in gpus if gpu.vendor == "nvidia"]
        if cuda and self.server.flash_attention is False:
            small = any(min(gpu.free, gpu.total) <= self.rules.small for gpu in cuda)
            constrained = small and context > batches[-2].above
            return replace(batches[-1], tokens=batches[-1].tokens // (2 if constrained else 1))
        threshold = available * self.rules.percent // 100
        for batch in batches[:-1]:
            room = guess + batch.surcharge <= threshold
            headroom = guess <= available * batch.headroom // 100
            if context > batch.above and (not available or (room and headroom)):
                return batch
        return batches[-1]

    def _batched(self, member: Member, tokens: int) -> Member:
        key = (member.name, tokens)
        if key not in self._made:
            self._made[key] = again(member, replace(member.use, ubatch=tokens))
        return self._made[key]

    def _in_ram(self, step: Step, member: Member) -> tuple[Step, Runner | None]:
        size = member.memory.total
        if size > self.hardware.ram_total:
            told = "it needs more memory than there is"
            return replace(step, failed=True, on_gpu=0.0, because=told), None
        none = tuple(0 for _ in self.gpus)
        return replace(step, on_gpu=0.0), Runner(step.name, none, none, size, self._keeps(member))

    def _on_gpus(
        self,
        step: Step,
        member: Member,
        chosen: Sequence[int],
        loaded: Sequence[Runner],
    ) -> tuple[Step, Runner | None]:
        """llama.cpp places what fits, and leaves the rest in main memory."""
        says = [
            max(0, self.hardware.gpus[n].free - sum(runner.taken[at] for runner in loaded))
            for at, n in enumerate(self.gpus)
        ]
        room = [max(0, says[at] - self.rules.margin) for at in chosen]
        placed, whole = laid(member, room)
        over = 0 if whole else max(0, member.on_gpu - sum(placed))
        if member.memory.weights.embedding + over > self.hardware.ram_total:
            told = "what is left over does not fit into main memory"
            return replace(step, failed=True, on_gpu=0.0, because=told), None
        taken = [0] * len(self.gpus)
        for at, size in zip(chosen, placed, strict=True):
            taken[at] = size
        buffers = tuple(max(0, size - member.memory.overhead) for size in taken)
        runner = Runner(step.name, buffers, tuple(taken), over, self._keeps(member))
        return replace(step, on_gpu=1 - over / member.on_gpu), runner

    def _keeps(self, member: Member) -> float:
        return self.keep.get(member.name, self.server.keep_alive)
