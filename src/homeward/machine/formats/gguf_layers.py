"""What kind each layer of a GGUF file is: attention, with a window or without, a state, or neither.

As llama.cpp reads it (``src/models/*.cpp``, load_arch_hparams).
"""

from homeward.machine.formats import attention_patterns as patterns
from homeward.machine.formats.gguf_metadata import Metadata
from homeward.machine.shapes import Layer, Recurrent


def pattern(said: Metadata) -> str:
    """The letters of `Layer`, as short as they can be repeated."""
    letters = _windows(said)
    for layer, letter in enumerate(_states(said)):
        letters[layer] = letter or letters[layer]
    return patterns.shortest(letters)


def window(said: Metadata) -> int:
    """In tokens; 0 where no layer has one."""
    supposed = patterns.SUPPOSED.get(said.architecture, 0)
    told = said.numbers("attention.sliding_window")
    if said.architecture == "llama4":  # in chunks, whatever the file says
        return supposed if told != (0,) else 0
    return max(told, default=0) or supposed


def _windows(said: Metadata) -> list[Layer]:
    """As if every layer had attention."""
    own = said.numbers("attention.sliding_window_pattern")
    if not window(said) or said.architecture == "phi3":  # llama.cpp ignores Phi-3's
        period = "F"
    elif len(own) > 1:
        period = "".join("W" if slides else "F" for slides in own)
    elif said.architecture in ("lfm2", "lfm2moe"):
        period = "W"
    else:
        period = patterns.windowed(said.architecture, said.layers)
        if own and period != "F":
            longest = said.layers + 1  # of one that is longer, no more is drawn out
            period = patterns.of_period(min(own[0], longest), full_first=period.startswith("F"))
    return patterns.drawn_out(period, said.layers)


def _states(said: Metadata) -> list[Layer | None]:
    """Which layers are recurrent, both, or nothing; None for attention alone."""
    if said.architecture in patterns.RECURRENT:
        return [Layer.RECURRENT] * said.layers
    if said.architecture in patterns.SIDE_BY_SIDE:
        return [Layer.BOTH] * said.layers
    if flags := said.each("attention.recurrent_layers"):
        return [Layer.RECURRENT if flag else None for flag in flags]
    usual = patterns.INTERVALS.get(said.architecture, 0)
    if interval := said.number("full_attention_interval") or usual:
        return [Layer.RECURRENT if at % interval else None for at in range(1, said.layers + 1)]
    heads = said.each("attention.head_count_kv")
    if not heads:  # as many as queries have, or an array that was left out of a short answer
        return [_by_tensors(said.parts(layer)) for layer in range(said.layers)]
    return [None if count else _without_heads(said, layer) for layer, count in enumerate(heads)]


def _by_tensors(parts: set[str]) -> Layer | None:
    if any(part.startswith(("attn_q", "attn_k")) for part in parts) or not parts:
        return None
    return Layer.RECURRENT if _stateful(parts) else Layer.NOTHING


def _without_heads(said: Metadata, layer: int) -> Layer:
    if parts := said.parts(layer):
        return Layer.RECURRENT if _stateful(parts) else Layer.NOTHING
    wide = said.each("feed_forward_length")
    alone = said.architecture.startswith("nemotron_h") and bool(wide and wide[layer])
    return Layer.NOTHING if alone or recurrent(said) is None else Layer.RECURRENT


def _stateful(parts: set[str]) -> bool:
    return any(part.startswith(("ssm_", "shortconv")) for part in parts)


def recurrent(said: Metadata) -> Recurrent | None:
    """``n_embd_r`` and ``n_embd_s`` of llama.cpp's ``llama-hparams.cpp``."""
    kernel, inner = said.number("ssm.conv_kernel"), said.number("ssm.inner_size")
    if length := said.number("shortconv.l_cache"):  # LFM2
        return Recurrent(conv=length, inner=said.hidden)
    if width := said.number("wkv.head_size"):  # RWKV
        shifts = said.number("token_shift_count") or 2
        return Recurrent(conv=shifts + 1, inner=said.hidden, state=width, groups=0)
    if width := said.number("kda.head_dim"):  # Kimi Linear: keys and queries of every head
        heads = said.heads
        return Recurrent(
            conv=kernel or 4, inner=heads * width, state=width, groups=heads, heads=heads
        )
    if not inner:
        return None
    return Recurrent(
        conv=max(kernel, 1),
        inner=inner,
        state=said.number("ssm.state_size"),
        groups=said.number("ssm.group_count"),  # none in Mamba 1
        heads=said.number("ssm.time_step_rank"),
    )
