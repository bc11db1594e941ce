"""A Llama in eighty lines: the same sums as llama.cpp's "llama" architecture, token for token.

RMSNorm, interleaved rotary positions (so that exporting permutes nothing), SwiGLU, grouped-query
attention, embedding and output tied.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5
ROPE_BASE = 10_000.0
CONTEXT = 256
"""Positions there are angles for; also the context length the exported file declares."""


@dataclass(frozen=True, slots=True)
class Shape:
    width: int
    layers: int
    heads: int
    shared_heads: int
    """Key and value heads, each shared by heads / shared_heads query heads."""
    hidden: int


SPECIALIST = Shape(width=128, layers=6, heads=4, shared_heads=2, hidden=384)
GENERAL = Shape(width=256, layers=6, heads=8, shared_heads=4, hidden=768)
DRAFT = Shape(width=64, layers=4, heads=2, shared_heads=1, hidden=192)
SHAPES = {
    "arith": SPECIALIST,
    "code": SPECIALIST,
    "facts": SPECIALIST,
    "words": SPECIALIST,
    "general": GENERAL,
    "draft": DRAFT,
}


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x.float(), (x.shape[-1],), self.weight, EPSILON)


class Block(nn.Module):
    """Attention, then a feed-forward layer. The names are those of the tensors in a GGUF file."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.head_width = shape.width // shape.heads
        shared = shape.shared_heads * self.head_width
        self.attn_norm, self.ffn_norm = Norm(shape.width), Norm(shape.width)
        self.attn_q = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_k = nn.Linear(shape.width, shared, bias=False)
        self.attn_v = nn.Linear(shape.width, shared, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attention(self.attn_norm(x), cos, sin, mask)
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))

    def attention(self, y: Tensor, cos: Tensor, sin: Tensor, mask: Tensor) -> Tensor:
        """Plain matrix products: the fused kernel's backward pass is slow on a CPU with a mask."""
        q = self.split(self.attn_q(y))
        k = self.split(self.attn_k(y))
        v = self.split(self.attn_v(y))
        q, k = rotated(q, cos, sin).to(v.dtype), rotated(k, cos, sin).to(v.dtype)
        sharing = self.shape.heads // self.shape.shared_heads
        k, v = k.repeat_interleave(sharing, 1), v.repeat_interleave(sharing, 1)
        scores = (q @ k.transpose(-1, -2)).float() * self.head_width**-0.5 + mask
        mixed = torch.softmax(scores, -1).to(v.dtype) @ v
        return self.attn_output(mixed.transpose(1, 2).reshape(y.shape))

    def split(self, y: Tensor) -> Tensor:
        return y.view(y.shape[0], y.shape[1], -1, self.head_width).transpose(1, 2)


class Network(nn.Module):
    def __init__(self, vocabulary: int, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = Norm(shape.width)
        head_width = shape.width // shape.heads
        frequencies = ROPE_BASE ** -(torch.arange(0, head_width, 2).float() / head_width)
        angles = torch.outer(torch.arange(CONTEXT).float(), frequencies)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.initialise()

    def initialise(self) -> None:
        """Smaller weights where a block adds to the stream, so that depth does not blow it up."""
        nn.init.normal_(self.token_embd.weight, std=0.02 if self.shape.width > 64 else 0.03)
        for name, weight in hidden_matrices(self):
            adds = name.endswith(("attn_output.weight", "ffn_down.weight"))
            gain = 0.5 * self.shape.layers**-0.5 if adds else 0.8
            nn.init.normal_(weight, std=gain * weight.shape[1] ** -0.5)

    def forward(self, tokens: Tensor, items: Tensor) -> Tensor:
        """Logits; `items` says whose token each is, and items do not see each other."""
        length = tokens.shape[1]
        same = items[:, :, None] == items[:, None, :]
        visible = same & torch.ones(length, length, dtype=torch.bool).tril()
        mask = torch.zeros(visible.shape).masked_fill(~visible, -1e9)[:, None]
        x = self.token_embd(tokens)
        for block in self.blk:
            x = block(x, self.cos[:length], self.sin[:length], mask)
        return functional.linear(self.output_norm(x), self.token_embd.weight)

    def parameter_count(self) -> int:
        return sum(weight.numel() for weight in self.parameters())


def rotated(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Neighbouring numbers are pairs: llama.cpp's "normal" rotary embedding."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


def hidden_matrices(network: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [
        (name, weight)
        for name, weight in network.named_parameters()
        if weight.dim() == 2 and "token_embd" not in name
    ]
