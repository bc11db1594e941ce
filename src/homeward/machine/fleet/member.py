"""A model of a set, as it would be run beside the others."""

from msgspec import Struct

from homeward.machine.estimate import Memory, Use, Weights
from homeward.machine.hardware import Hardware, Vendor
from homeward.machine.memory.memory import memory
from homeward.machine.memory.placing import vendor as usual_vendor
from homeward.machine.shapes import Shapes
from homeward.machine.subject import Subject


class Member(Struct, frozen=True, kw_only=True):
    """``use.context`` is that of all ``use.parallel`` slots together. Sizes are in bytes.

    ``size`` is that of its file, ``projector`` that of the part which sees or hears. ``share`` is
    how often it is asked, beside the others' shares. ``tag`` is its name in Ollama, ``path`` its
    file, ``repository`` where the hub has it as GGUF: empty where not known.
    """

    name: str
    shapes: Shapes
    weights: Weights
    use: Use
    memory: Memory
    size: int
    projector: int = 0
    embeds: bool = False  # it makes vectors, and does not answer
    share: float = 1.0
    vendor: Vendor | None = None
    tag: str = ""
    path: str = ""
    repository: str = ""

    @property
    def on_gpu(self) -> int:
        """Bytes on a GPU that has all of it."""
        return self.layered + self.beside

    @property
    def layered(self) -> int:
        """What can be split among GPUs: weights and cache."""
        return self.memory.weights.on_device + self.memory.kv

    @property
    def beside(self) -> int:
        """What comes once more with every GPU that has a part of it (the projector with one)."""
        return self.memory.compute + self.memory.overhead + self.memory.projector

    @property
    def context(self) -> int:
        """Tokens of one slot: Ollama's ``num_ctx``."""
        return self.use.context // self.use.parallel


def member(
    subject: Subject,
    use: Use,
    hardware: Hardware,
    *,
    name: str = "",
    size: int = 0,
    share: float = 1.0,
    tag: str = "",
    path: str = "",
) -> Member:
    """``size`` where the file's own is known; ConfigError for a use that no runtime has."""
    vendor = usual_vendor(hardware)
    shapes, weights, entry = subject.shapes, subject.weights, subject.entry
    if not tag and entry is not None and entry.ollama:
        tag = entry.ollama[0]
    return Member(
        name=name or subject.name,
        shapes=shapes,
        weights=weights,
        use=use,
        memory=memory(shapes, weights, use, projector=subject.projector, vendor=vendor),
        size=size or weights.total,
        projector=subject.projector,
        embeds=entry is not None and entry.kind == "embedding",
        share=share,
        vendor=vendor,
        tag=tag,
        path=path,
        repository=entry.gguf[0] if entry is not None and entry.gguf else "",
    )


def again(member: Member, use: Use) -> Member:
    """The same model, run otherwise."""
    if use == member.use:
        return member
    from msgspec.structs import replace

    made = memory(
        member.shapes, member.weights, use, projector=member.projector, vendor=member.vendor
    )
    return replace(member, use=use, memory=made)
