"""Asks a GGUF file through llama.cpp, as the product does, at temperature 0."""

from dataclasses import dataclass
from pathlib import Path

import xllamacpp

from network import CONTEXT

MOST_TOKENS = 120
"""The longest answer in the data has 107 tokens."""


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    prompt_tokens: int
    tokens: int
    logprob: float
    """Of the least likely token in the answer, a good sign of a mistake within one model."""


class Engine:
    def __init__(self, path: Path) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = CONTEXT
        params.n_parallel = 1
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.n_gpu_layers = 0
        params.warmup = False
        params.cache_ram_mib = 0
        params.verbosity = 0
        self.server = xllamacpp.Server(params)

    def ask(self, prompt: str) -> Reply:
        return self.chat([{"role": "user", "content": prompt}])

    def chat(self, messages: list[dict[str, str]]) -> Reply:
        result = self.server.handle_chat_completions(
            {
                "messages": messages,
                "temperature": 0,
                "max_tokens": MOST_TOKENS,
                "cache_prompt": False,
                "logprobs": True,
                "top_logprobs": 1,
            }
        )
        choice, usage = result["choices"][0], result["usage"]
        logprobs = [token["logprob"] for token in choice["logprobs"]["content"]]
        return Reply(
            choice["message"]["content"] or "",
            usage["prompt_tokens"],
            usage["completion_tokens"],
            round(min(logprobs, default=0.0), 4),
        )
