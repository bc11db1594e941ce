"""Models and machines that the tests of memory and placing share.

Shapes are the publishers' (``config.json`` on the hub); sizes are made up where a test says so.
"""

from homeward.machine.estimate import Basis, How, LayerWeights, Memory, Weights
from homeward.machine.hardware import Gpu, Hardware, Vendor
from homeward.machine.shapes import Recurrent, Shapes

MIB = 1024**2
GIB = 1024**3

LLAMA_8B = Shapes(
    name="Llama-3.1-8B", architecture="llama", layers=32, hidden=4096, heads=32, kv_heads=8,
    head_dim=128, ffn=14336, vocab=128256, context=131072,
)  # fmt: skip
LLAMA_70B = Shapes(
    name="Llama-3.3-70B", architecture="llama", layers=80, hidden=8192, heads=64, kv_heads=8,
    head_dim=128, ffn=28672, vocab=128256, context=131072,
)  # fmt: skip
QWEN3_30B = Shapes(
    name="Qwen3-30B-A3B", architecture="qwen3moe", layers=48, hidden=2048, heads=32, kv_heads=4,
    head_dim=128, expert_ffn=768, experts=128, experts_used=8, vocab=151936, context=40960,
)  # fmt: skip
GEMMA_12B = Shapes(
    name="Gemma-3-12B", architecture="gemma3", layers=48, hidden=3840, heads=16, kv_heads=8,
    head_dim=256, ffn=15360, vocab=262144, tied=True, window=1024, pattern="WWWWWF",
    context=131072,
)  # fmt: skip
GEMMA_27B = Shapes(
    name="Gemma-3-27B", architecture="gemma3", layers=62, hidden=5376, heads=32, kv_heads=16,
    head_dim=128, ffn=21504, vocab=262144, tied=True, window=1024, pattern="WWWWWF",
    context=131072,
)  # fmt: skip
GPT_OSS_20B = Shapes(
    name="gpt-oss-20b", architecture="gpt-oss", layers=24, hidden=2880, heads=64, kv_heads=8,
    head_dim=64, expert_ffn=2880, experts=32, experts_used=4, vocab=201088, window=128,
    pattern="WF", context=131072,
)  # fmt: skip
DEEPSEEK_LITE = Shapes(
    name="DeepSeek-V2-Lite", architecture="deepseek2", layers=27, hidden=2048, heads=16,
    kv_heads=1, kv_lora_rank=512, rope_dim=64, nope_dim=128, value_dim=128, ffn=10944,
    expert_ffn=1408, experts=64, experts_used=6, shared_expert_ffn=2816, dense_layers=1,
    vocab=102400, context=163840,
)  # fmt: skip
DEEPSEEK_V3 = Shapes(
    name="DeepSeek-V3-671B", architecture="deepseek2", layers=61, hidden=7168, heads=128,
    kv_heads=1, kv_lora_rank=512, q_lora_rank=1536, rope_dim=64, nope_dim=128, value_dim=128,
    ffn=18432, expert_ffn=2048, experts=256, experts_used=8, shared_expert_ffn=2048,
    dense_layers=3, vocab=129280, context=163840,
)  # fmt: skip
QWEN35_9B = Shapes(
    name="Qwen3.5-9B", architecture="qwen35", layers=32, hidden=4096, heads=16, kv_heads=4,
    head_dim=256, ffn=12288, vocab=248320, pattern="RRRF", context=262144,
    recurrent=Recurrent(conv=4, inner=4096, state=128, groups=16),
)  # fmt: skip
MODELS = (
    *(LLAMA_8B, LLAMA_70B, QWEN3_30B, GEMMA_12B, GEMMA_27B),
    *(GPT_OSS_20B, DEEPSEEK_LITE, DEEPSEEK_V3, QWEN35_9B),
)

GUESS = Basis(how=How.ASSUMED, source="a test")


def weights(
    layers: int = 4, dense: int = GIB, experts: int = 0, output: int = GIB, *, tied: bool = False
) -> Weights:
    """As large as the test says; the embedding is as large as the output."""
    inner = layers * (dense + experts)
    return Weights(
        quant="Q4_K_M",
        total=inner + output + (0 if tied else output),
        embedding=output,
        output=output,
        layers=(LayerWeights(dense=dense, experts=experts),) * layers,
        active=inner + output,
        parameters=0,
        active_parameters=0,
        tied=tied,
        basis=GUESS,
    )


def memory(
    of: Weights, *, kv: int = 0, compute: int = 0, projector: int = 0, overhead: int = 0
) -> Memory:
    """``kv`` is of each layer."""
    layers = (kv,) * len(of.layers)
    basis = dict.fromkeys(("weights", "kv", "compute", "projector", "overhead"), GUESS)
    return Memory(
        weights=of,
        kv=sum(layers),
        kv_layers=layers,
        compute=compute,
        projector=projector,
        overhead=overhead,
        basis=basis,
    )


def gpu(
    total: float,
    free: float | None = None,
    *,
    vendor: Vendor = "nvidia",
    unified: bool = False,
    integrated: bool = False,
    name: str = "RTX",
) -> Gpu:
    """Sizes in GiB."""
    return Gpu(
        name=name,
        vendor=vendor,
        total=round(total * GIB),
        free=round((total if free is None else free) * GIB),
        unified=unified,
        integrated=integrated,
    )


def machine(*gpus: Gpu, ram: float = 64, free: float | None = None) -> Hardware:
    """Sizes in GiB."""
    return Hardware(
        system="linux",
        cpu="a processor",
        cores=8,
        threads=16,
        ram_total=round(ram * GIB),
        ram_free=round((ram if free is None else free) * GIB),
        gpus=gpus,
    )
