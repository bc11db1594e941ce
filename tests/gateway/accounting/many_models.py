"""Models that answer, refuse, break off, hang and say nothing, and trees of them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from homeward.model import Request, Stream
from tests.backends.servers import Asked, Reply, answers, lines, sse

HANGS = 3600.0  # seconds: much longer than anybody waits here
HANG = ("hangs", "silent", "capped", "late")
"""Routes that may keep a client waiting for as long as that."""
LEAF = "{{openai: {{model: {name}, base_url: '{url}/v1', price: {price}}}}}"
PRICE = "{input: 1, output: 2, cached: 0.5}"
LEAVES = {
    "good": PRICE,
    "other": "{input: 3, output: 4}",
    "refuses": PRICE,
    "breaks": PRICE,
    "hangs": PRICE,
    "silent": PRICE,
    "narrow": PRICE,
    "free": "{input: 0, output: 0}",
}
TREES = """
  claude: {{anthropic: {{model: claude, base_url: "{url}", price: {{input: 5, output: 6}}}}}}
  llama: {{ollama: {{model: "llama:1", base_url: "{url}"}}}}
  fallback: {{fallback: [refuses, good, other]}}
  retried: {{retried: {{model: refuses, times: 1, wait: 0}}}}
  cascade: {{cascade: {{drafts: [good], final: other, accept: {{judge: {{model: other}}}}}}}}
  hedge: {{hedge: {{models: [silent, good], after: 10ms}}}}
  ensemble: {{ensemble: {{models: [good, refuses, other], merge: concat}}}}
  fused: {{ensemble: {{models: [good, other], merge: {{fuse: {{judge: other}}}}}}}}
  capped: {{capped: {{model: hangs, output_tokens: 1}}}}
  cached: {{cached: {{model: good}}}}
  late: {{deadline: {{model: silent, total: 30ms}}}}
  limited: {{limited: {{model: good, at_once: 1}}}}
  bug: {{'tests.gateway.accounting.many_models:Bug': {{}}}}
  endless: {{'tests.gateway.endless:Endless': {{}}}}
  kind: {{fallback: [other, free]}}
"""


def configuration(url: str) -> str:
    """All of them, served at ``url``."""
    leaves = [
        f"  {name}: {LEAF.format(name=name, url=url, price=price)}\n"
        for name, price in LEAVES.items()
    ]
    return "models:\n" + "".join(leaves) + TREES.format(url=url)


@dataclass(frozen=True)
class Bug:
    """What nobody has thought of."""

    async def chat(self, request: Request) -> Stream:
        raise KeyError("nobody thought of this")
        yield


# ---------------------------------------------------------------- upstream

USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 2,
    "total_tokens": 22,
    "prompt_tokens_details": {"cached_tokens": 8},
}
CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
COMMON: dict[str, Any] = {"id": "1", "created": 1, "model": "m", "usage": USAGE}


def chat(asked: Asked) -> Reply:
    model, stream = asked.json["model"], asked.json.get("stream")
    if model == "refuses":
        return answers({"error": {"message": "no"}}, 503)
    if model == "silent":
        return Reply([HANGS])
    if not stream:
        if model in ("breaks", "hangs"):
            rest: list[bytes | float] = [b'{"id":', HANGS]
            return Reply(rest[: 1 + (model == "hangs")], cut=True)
        message = {"role": "assistant", "content": "8 of 10"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return answers({**COMMON, "object": "chat.completion", "choices": [choice]})
    words = [_word("8 of"), _word(" 10")]
    if model == "breaks":
        return sse(*words, cut=True)
    if model == "hangs":
        return sse(*words, *words, HANGS)
    end = {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    counts = {**CHUNK, "choices": [], "usage": USAGE}
    return sse(words[0], 0.002, words[1], json.dumps(end), json.dumps(counts), "[DONE]")


def _word(text: str) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return json.dumps({**CHUNK, "choices": [choice]})


def completions(asked: Asked) -> Reply:
    if asked.json["model"] == "refuses":
        return answers({"error": {"message": "no"}}, 503)
    choice = {"index": 0, "text": "hi", "finish_reason": "stop"}
    if not asked.json.get("stream"):
        return answers({**COMMON, "object": "text_completion", "choices": [choice]})
    return sse(json.dumps({**COMMON, "object": "text_completion", "choices": [choice]}), "[DONE]")


def embeddings(asked: Asked) -> Reply:
    if asked.json["model"] == "refuses":
        return answers({"error": {"message": "no"}}, 503)
    if asked.json["model"] == "silent":
        return Reply([HANGS])
    rows = [{"index": 0, "embedding": [0.5, 0.5]}]
    return answers({"data": rows, "model": "m", "usage": {"prompt_tokens": 4, "total_tokens": 4}})


def messages(asked: Asked) -> Reply:
    usage = {"input_tokens": 7, "output_tokens": 3}
    said = {"type": "text", "text": "hi"}
    if not asked.json.get("stream"):
        told = {"id": "1", "type": "message", "role": "assistant", "model": "claude"}
        return answers({**told, "content": [said], "stop_reason": "end_turn", "usage": usage})
    return sse(
        '{"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}',
        '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi"}}',
        '{"type":"content_block_stop","index":0}',
        '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}',
        '{"type":"message_stop"}',
    )


def ollama(asked: Asked) -> Reply:
    word: dict[str, Any] = {"model": "llama:1", "done": False, "response": "hi"}
    word["message"] = {"role": "assistant", "content": "hi"}
    counts = {"done_reason": "stop", "prompt_eval_count": 7, "eval_count": 3}
    if asked.json.get("stream") is False:
        return answers({**word, "done": True, **counts})
    return lines(word, {**word, "done": True, **counts})


ASKED = {
    "/v1/chat/completions": chat,
    "/v1/completions": completions,
    "/v1/embeddings": embeddings,
    "/v1/messages": messages,
    "/api/chat": ollama,
    "/api/generate": ollama,
}
UPSTREAM: Mapping[tuple[str, str], Reply | Callable[[Asked], Reply]] = {
    **{("POST", path): reply for path, reply in ASKED.items()},
    ("POST", "/api/show"): answers(
        {"capabilities": ["completion"], "model_info": {"llama.context_length": 8192}}
    ),
    ("GET", "/api/ps"): answers({"models": []}),
    ("GET", "/api/tags"): answers({"models": []}),
}
