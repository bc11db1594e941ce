"""Models and machines to plan with. Shapes are those of the publishers' config.json."""

from homeward.machine.estimate import Basis, How, LayerWeights, Use, Weights
from homeward.machine.fleet.member import Member
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.memory.memory import memory
from homeward.machine.shapes import Shapes

MIB, GIB = 1 << 20, 1 << 30
GIVEN = Basis(how=How.GIVEN, source="a test")

LLAMA_8B = Shapes(
    name="llama3.1:8b",
    architecture="llama",
    context=131072,
    layers=32,
    hidden=4096,
    vocab=128256,
    heads=32,
    kv_heads=8,
    head_dim=128,
    ffn=14336,
)
QWEN_14B = Shapes(
    name="qwen3:14b",
    architecture="qwen3",
    context=40960,
    layers=40,
    hidden=5120,
    vocab=151936,
    heads=40,
    kv_heads=8,
    head_dim=128,
    ffn=17408,
)
NOMIC = Shapes(
    name="nomic-embed-text",
    architecture="nomic-bert",
    context=2048,
    layers=12,
    hidden=768,
    vocab=30522,
    heads=12,
    kv_heads=12,
    head_dim=64,
    ffn=3072,
)
GEMMA_27B = Shapes(
    name="gemma3:27b",
    architecture="gemma3",
    context=131072,
    layers=62,
    hidden=5376,
    vocab=262208,
    heads=32,
    kv_heads=16,
    head_dim=128,
    ffn=21504,
    tied=True,
    pattern="WWWWWF",
    window=1024,
)
QWEN_30B_A3B = Shapes(
    name="qwen3:30b",
    architecture="qwen3moe",
    context=40960,
    layers=48,
    hidden=2048,
    vocab=151936,
    heads=32,
    kv_heads=4,
    head_dim=128,
    ffn=6144,
    experts=128,
    experts_used=8,
    expert_ffn=768,
)
SMALL = Shapes(
    name="small",
    architecture="llama",
    context=8192,
    layers=16,
    hidden=2048,
    vocab=128256,
    heads=32,
    kv_heads=8,
    head_dim=64,
    ffn=8192,
)

SIZES = {
    LLAMA_8B.name: 4_920_753_328,  # llama3.1:8b in Ollama's library
    QWEN_14B.name: 9_276_198_565,
    NOMIC.name: 274_302_450,
    GEMMA_27B.name: 17_396_936_387,
    QWEN_30B_A3B.name: 18_556_699_314,
    SMALL.name: 807_694_464,
}


def weights(shapes: Shapes, total: int) -> Weights:
    """The bytes of a file, spread evenly over the layers; a twentieth is at each end."""
    end = total // 20
    inner = total - end * (1 if shapes.tied else 2)
    layers = tuple(LayerWeights(inner // shapes.layers) for _ in range(shapes.layers))
    return Weights(
        quant="Q4_K_M",
        total=total,
        embedding=end,
        output=end + inner % shapes.layers,
        layers=layers,
        active=total - end,
        parameters=2 * total,
        active_parameters=2 * total,
        tied=shapes.tied,
        basis=GIVEN,
    )


def model(
    shapes: Shapes,
    context: int = 4096,
    *,
    name: str = "",
    size: int = 0,
    kv: str = "f16",
    parallel: int = 1,
    share: float = 1.0,
    vendor: str | None = "nvidia",
    path: str = "",
) -> Member:
    """``context`` is of one slot. Without a name it is called as its shapes."""
    size = size or SIZES[shapes.name]
    use = Use(context=context * parallel, kv=kv, parallel=parallel)
    made = weights(shapes, size)
    return Member(
        name=name or shapes.name,
        shapes=shapes,
        weights=made,
        use=use,
        memory=memory(shapes, made, use, vendor=vendor),
        size=size,
        embeds=shapes is NOMIC,
        share=share,
        vendor=vendor,  # type: ignore[arg-type]
        tag=shapes.name,
        path=path,
    )


def embedding(*, vendor: str | None = "nvidia") -> Member:
    return model(NOMIC, 2048, vendor=vendor)


def card(gib: float, *, name: str = "RTX 4090", used: float = 0.0) -> Gpu:
    total = round(gib * GIB)
    return Gpu(name=name, vendor="nvidia", total=total, free=total - round(used * GIB))


def machine(*gpus: Gpu, ram: float = 64, disk: float = 0.0) -> Hardware:
    return Hardware(
        system="linux",
        cpu="a test",
        cores=8,
        threads=16,
        ram_total=round(ram * GIB),
        ram_free=round((ram - 2) * GIB),
        disk_bandwidth=disk,
        gpus=gpus,
    )


CARD_24 = machine(card(24))
CARD_16 = machine(card(16))
TWO_CARDS = machine(card(24), card(24))
NO_GPU = machine(ram=23.5)
