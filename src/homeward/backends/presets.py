"""Servers that speak OpenAI's protocol, by name: where each listens, and where it differs.

A new one is a row here. In a file the name is the kind: ``{groq: {model: llama-3.3-70b}}``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from homeward.backends import egress
from homeward.errors import ConfigError, Rejected, Unauthorized
from homeward.model import Clearance


@dataclass(frozen=True)
class Key:
    """A secret: the variable that holds it, and the header that carries it."""

    variable: str
    header: str = "authorization"
    form: str = "Bearer {}"


NOT_OPENAIS = frozenset({"top_k", "min_p"})  # local servers know them, OpenAI answers 400


@dataclass(frozen=True)
class Preset:
    """``base_url`` is empty where each user has an address of their own; ``path`` is added to an
    address that has none. ``address_in`` is a variable that may hold the address.

    ``dedicated`` is the address of a model with an id of its own. ``max_tokens`` names the field;
    ``reasoning`` is the field for past reasoning, None where such a field is refused. ``drops``
    are fields that the server refuses, left out of what is sent, ``renames`` those it calls
    otherwise. ``middle`` is how a text's middle is filled in: by the ``suffix`` of
    ``/completions``, of ``/fim/completions`` (Mistral), of a beta beside the API (DeepSeek), or by
    llama.cpp's ``/infill``, whose ``/completions`` drops a suffix in silence.
    """

    base_url: str = ""
    keys: tuple[Key, ...] = ()
    needs_key: bool = False
    address_in: str = ""
    path: str = "/v1"
    dedicated: str = ""
    max_tokens: str = "max_tokens"
    reasoning: str | None = "reasoning_content"
    drops: frozenset[str] = frozenset()
    renames: tuple[tuple[str, str], ...] = ()
    middle: Literal["suffix", "fim", "beta", "infill"] = "suffix"

    @property
    def where(self) -> Clearance:
        """Where it is expected: what has no address of this machine is out in the world."""
        return egress.expected(egress.parse(self.base_url)[0]) if self.base_url else Clearance.WORLD

    def address(self, name: str, base_url: str | None, deployment: str | None) -> str:
        """The address to ask. Rejected when there is none, and how to give one."""
        if deployment is not None:
            return self.dedicated.format(deployment)
        given = base_url or os.environ.get(self.address_in, "") or self.base_url
        if not given:
            variable = f" or the variable {self.address_in}" if self.address_in else ""
            raise Rejected(f"{name} has an address for each user: set base_url{variable}")
        origin, path = egress.parse(given)
        return given if path or origin.path else f"{origin}{self.path}"

    def credentials(self, name: str, api_key: str | None, base_url: str) -> dict[str, str]:
        """The headers with the key. Unauthorized names the variable that is not set.

        ``api_key`` is sent to whatever address is asked. The variable's is sent to the preset's
        own address alone, where it has one, and never unencrypted over a network: a base_url may
        point at a server that was not meant to have it.
        """
        own = self.is_own(base_url)
        headers: dict[str, str] = {}
        for place, key in enumerate(self.keys):
            secret = os.environ.get(key.variable, "") if own else ""
            if place == 0 and api_key is not None:
                secret = api_key
            if secret:
                headers[key.header] = key.form.format(secret)
            elif self.needs_key and own:
                raise Unauthorized(f"{name} needs a key: set {key.variable}, or api_key")
        return headers

    def spoken(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A body without what the server refuses, by the names that it has for the rest."""
        names = dict(self.renames)
        return {names.get(n, n): value for n, value in body.items() if n not in self.drops}

    def is_own(self, base_url: str) -> bool:
        """Whether an address is the service's own, and a secret may travel there."""
        origin = egress.parse(base_url)[0]
        if not egress.private(origin):
            return False
        if self.where is not Clearance.WORLD or not self.base_url:
            return True
        domain = egress.parse(self.base_url)[0].host
        dedicated = self.dedicated.partition("{}")[2].partition("/")[0]  # ".api.baseten.co"
        return (
            origin.host == domain
            or origin.host.endswith(f".{domain}")
            or bool(dedicated and origin.host.endswith(dedicated))
        )


def _local(port: int, variable: str = "") -> Preset:
    keys = (Key(variable),) if variable else ()
    return Preset(f"http://127.0.0.1:{port}/v1", keys)


def _hosted(base_url: str, variable: str) -> Preset:
    return Preset(base_url, (Key(variable),), needs_key=True)


def _strict(base_url: str, variable: str) -> Preset:
    return Preset(base_url, (Key(variable),), needs_key=True, reasoning=None, drops=NOT_OPENAIS)


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "lmstudio": _local(1234, "LM_API_TOKEN"),
        "llama.cpp": replace(_local(8080, "LLAMA_API_KEY"), middle="infill"),
        "vllm": _local(8000, "VLLM_API_KEY"),
        "sglang": _local(30000),
        "tensorrt-llm": _local(8000),
        "mlx": _local(8080),
        "tgi": _local(3000),
        "jan": _local(1337, "JAN_API_KEY"),
        "gpt4all": _local(4891),
        "localai": _local(8080, "LOCALAI_API_KEY"),
        "koboldcpp": _local(5001),
        "openai": Preset(
            "https://api.openai.com/v1",
            (Key("OPENAI_API_KEY"),),
            needs_key=True,
            max_tokens="max_completion_tokens",  # models that reason refuse max_tokens
            reasoning=None,
            drops=NOT_OPENAIS,
        ),
        "azure": Preset(
            keys=(Key("AZURE_OPENAI_API_KEY", "api-key", "{}"),),
            needs_key=True,
            address_in="AZURE_OPENAI_ENDPOINT",
            path="/openai/v1",
            max_tokens="max_completion_tokens",
            reasoning=None,
            drops=NOT_OPENAIS,
        ),
        "gemini": _strict(
            "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY"
        ),
        "together": _hosted("https://api.together.ai/v1", "TOGETHER_API_KEY"),
        "baseten": Preset(
            "https://inference.baseten.co/v1",
            (Key("BASETEN_API_KEY"),),
            needs_key=True,
            dedicated="https://model-{}.api.baseten.co/environments/production/sync/v1",
        ),
        "modal": Preset(
            keys=(
                Key("MODAL_KEY", "modal-key", "{}"),
                Key("MODAL_SECRET", "modal-secret", "{}"),
            ),
            address_in="MODAL_ENDPOINT",
        ),
        "groq": _strict("https://api.groq.com/openai/v1", "GROQ_API_KEY"),
        "mistral": Preset(
            "https://api.mistral.ai/v1",
            (Key("MISTRAL_API_KEY"),),
            needs_key=True,
            reasoning=None,
            # it answers 422 to any field that it does not know, and always reports usage
            drops=NOT_OPENAIS | {"stream_options", "logprobs", "top_logprobs"},
            renames=(("seed", "random_seed"),),
            middle="fim",
        ),
        "deepseek": replace(
            _hosted("https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"), middle="beta"
        ),
        "openrouter": _hosted("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        "xai": _strict("https://api.x.ai/v1", "XAI_API_KEY"),
        "cerebras": _strict("https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
        "fireworks": _hosted("https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    }
)


def preset(name: str) -> Preset:
    """The one of that name; ConfigError with the likely one otherwise."""
    if name in PRESETS:
        return PRESETS[name]
    from difflib import get_close_matches

    near = get_close_matches(name, PRESETS, 1)
    guess = f"did you mean {near[0]!r}? There are" if near else "there are"
    raise ConfigError(f"no server is called {name!r}: {guess} {', '.join(PRESETS)}")
