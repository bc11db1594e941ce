"""Which URL of an OpenAI-compatible server goes on with a text, and in which words it is asked."""

from typing import Any, NamedTuple

from homeward.backends.presets import Preset
from homeward.completion import Completion
from homeward.wire import infill, openai_chat, openai_completions


class Written(NamedTuple):
    """A question as it is sent. ``codec`` is the module of `homeward.wire` for its answer."""

    base_url: str
    path: str
    body: dict[str, Any]
    codec: Any


def written(asked: Completion, known: Preset, base_url: str, model: str) -> Written:
    """As the preset says that a middle is filled in."""
    path, root = "/completions", base_url.rstrip("/").removesuffix("/v1")
    if known.middle == "infill":
        if asked.suffix is not None:
            return Written(root, "/infill", infill.encode_request(asked), infill)
        base_url, path = root, "/v1/completions"  # its /completions has another form
    elif known.middle == "fim":
        path = "/fim/completions"
    elif known.middle == "beta":
        base_url = f"{root.removesuffix('/beta')}/beta"
    body = openai_completions.encode_request(asked, model)
    return Written(base_url, path, known.spoken(body), openai_chat)
