"""What is known of one model, as Ollama describes one.

Nothing is made up: an Ollama server is asked, a file's header is read, and where neither is there
the fields say nothing.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from homeward.backends.anthropic import Anthropic
from homeward.backends.child import usual_context
from homeward.backends.embedded import BOX, Embedded
from homeward.backends.fingerprints import FoundModel
from homeward.backends.gguf import Header, read_header
from homeward.backends.ollama import Ollama
from homeward.backends.openai import OpenAI
from homeward.errors import ModelError
from homeward.wire.ollama.serving import timestamp

ARCHITECTURE = "homeward"  # of what has none, or none that anybody says
TALKS = frozenset({"completion"})
Said = Mapping[str, Any]


class Known(Struct, frozen=True):
    """Empty, zero and None are: nobody says.

    ``size`` is in bytes, ``context`` in tokens (the window that is really there), ``modified`` is
    as RFC 3339 has it, ``remote`` the host that an Ollama server passes the model on to.
    ``shown`` is what an Ollama server answers to /api/show.
    """

    size: int = 0
    modified: str = ""
    digest: str = ""
    architecture: str = ARCHITECTURE
    format: str = ""
    parameters: int = 0
    parameter_size: str = ""
    quantization: str = ""
    license: str = ""
    context: int | None = None
    capabilities: frozenset[str] = TALKS
    remote: str = ""
    shown: Said = field(default_factory=dict[str, Any])

    @property
    def details(self) -> dict[str, Any]:
        return {
            "parent_model": "",
            "format": self.format,
            "family": self.architecture,
            "families": [self.architecture],
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantization,
        }


def described(leaf: object) -> Known:
    """A model that is not on an Ollama server. Blocks: it may read a file."""
    match leaf:
        case Embedded():
            return _embedded(leaf)
        case OpenAI():
            chats = FoundModel(leaf.model).chats
            return Known(capabilities=TALKS | {"tools"} if chats else frozenset({"embedding"}))
        case Anthropic():
            return Known(capabilities=TALKS | {"tools", "vision"})
    return Known()


def listed(leaf: Ollama, entry: Said) -> Known:
    """As its server's /api/tags has it. Older servers name no capabilities there."""
    details = entry.get("details")
    details = details if isinstance(details, dict) else {}
    return Known(
        size=_count(entry.get("size")) or 0,
        modified=_text(entry.get("modified_at")),
        digest=_text(entry.get("digest")),
        architecture=_text(details.get("family")) or ARCHITECTURE,
        format=_text(details.get("format")),
        parameter_size=_text(details.get("parameter_size")),
        quantization=_text(details.get("quantization_level")),
        context=_window(leaf) or _count(details.get("context_length")),
        capabilities=_words(entry.get("capabilities")) or TALKS,
        remote=_text(entry.get("remote_host")),
    )


def shown(leaf: Ollama, before: Known, said: Said) -> Known:
    """What is known of it besides, when its server has answered /api/show."""
    info = said.get("model_info")
    info = info if isinstance(info, dict) else {}
    architecture = _text(info.get("general.architecture")) or before.architecture
    trained = _count(info.get(f"{architecture}.context_length"))
    windows = [size for size in (_window(leaf), trained) if size]
    return replace(
        before,
        architecture=architecture,
        context=min(windows, default=before.context),
        capabilities=_words(said.get("capabilities")) or before.capabilities,
        remote=_text(said.get("remote_host")) or before.remote,
        shown={**said, "model_info": info},
    )


def _window(leaf: Ollama) -> int | None:
    """The one that the configuration sets. Another grows as it is asked for."""
    return leaf.num_ctx or _count(leaf.options.get("num_ctx"))


def _embedded(leaf: Embedded) -> Known:
    try:
        plan = leaf.plan()
        stat = plan.model.stat()
        header = _header(plan.model, stat.st_mtime_ns)
    except (ModelError, OSError):
        return Known()
    can = {"embedding"} if "bert" in header.architecture else {"completion"}
    if header.chat_template and not leaf.model.startswith(BOX):  # whose models know no tools
        can.add("tools")
    return Known(
        size=header.size,
        modified=timestamp(stat.st_mtime),
        architecture=header.architecture,
        format="gguf",
        parameters=header.parameters,
        parameter_size=_counted(header.parameters),
        quantization=header.quantization,
        license=header.license or "",
        context=plan.context or usual_context(header, plan.parallel),
        capabilities=frozenset(can),
    )


@lru_cache(256)
def _header(path: Path, modified: int) -> Header:
    """Kept, because it takes 0.1 s to pass over a large vocabulary; a changed file is read."""
    return read_header(path)


def _counted(parameters: int) -> str:
    """As Ollama says it: ``4.0B``, ``268.10M``."""
    if parameters >= 1_000_000_000:
        return f"{parameters / 1_000_000_000:.1f}B"
    if parameters >= 1_000_000:
        return f"{parameters / 1_000_000:.2f}M"
    return f"{parameters / 1_000:.2f}K"


# ---------------------------------------------------------------- what a server says


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if type(value) is int and value > 0 else None


def _words(value: Any) -> frozenset[str]:
    words = value if isinstance(value, list) else []
    return frozenset(word for word in words if isinstance(word, str))
