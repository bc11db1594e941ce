"""What a Modelfile is made of, as files and names, and the variant that the engine runs of it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from homeward.errors import ConfigError, HomewardError, ModelMissing

if TYPE_CHECKING:
    from homeward.backends.variants import Variant
    from homeward.wire.ollama.modelfile import Modelfile, Parameter, Said

Kind = Literal["file", "pulled", "box", "variant", "tag"]

OPTIONS = {
    **{name: name for name in ("temperature", "top_p", "top_k", "min_p", "typical_p", "seed")},
    **{name: name for name in ("stop", "repeat_penalty", "repeat_last_n", "presence_penalty")},
    "frequency_penalty": "frequency_penalty",
    "num_predict": "max_tokens",
}
FIELDS = {"num_ctx": "context", "num_thread": "threads"}
GO = re.compile(r"\{\{-?\s*(?:\.\w+|(?:if|range|with|block|template|end|else)\b)")
"""Of Go's templates, which Ollama reads; llama.cpp's are Jinja."""


class Base(NamedTuple):
    """``at`` is the place of its FROM. ``files`` are more than one where the model is split."""

    kind: Kind
    name: str
    at: str
    files: tuple[Path, ...] = ()


def based_on(modelfile: "Modelfile", folder: Path, *, ollama: bool) -> Base:
    """What FROM means; ConfigError at its line. With ``ollama``, a name is one of Ollama's."""
    from homeward.backends import variants

    said = modelfile.sources[0]
    name, at = said.text, modelfile.at(said.line)
    files = [file for source in modelfile.sources for file in _files(modelfile, source, folder)]
    if files:
        return Base("file", str(files[0]), at, tuple(files))
    if len(modelfile.sources) > 1:
        raise ConfigError(f"{modelfile.at(modelfile.sources[1].line)}: one FROM is enough")
    if name.startswith("box/"):
        return Base("box", name, at, (_located(name, at),))
    if not ollama and variants.find(name) is not None:
        return Base("variant", name, at)
    if "/" not in name:
        return Base("tag", name, at)
    try:
        return Base("pulled", name, at, _parts(_located(name, at)))
    except ConfigError:
        if ollama:
            return Base("tag", name, at)
        raise


def _files(modelfile: "Modelfile", said: "Said", folder: Path) -> Sequence[Path]:
    """None where it is a name; ConfigError for a file that is not there, or no GGUF."""
    path, at = folder / Path(said.text).expanduser(), modelfile.at(said.line)
    found = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
    if not any(file.exists() for file in found):
        if (said.text.endswith(".gguf") and ":" not in said.text) or said.text[0] in "./~":
            raise ConfigError(f"{at}: there is no file {path}: it is looked for from {folder}")
        return ()
    for file in found:
        if not _is_gguf(file):
            if file.suffix != ".gguf" and said.text[0] not in "./~":
                return ()  # a folder that happens to be called as a model is
            raise ConfigError(
                f"{at}: {file} is no GGUF file: convert it with llama.cpp's convert_hf_to_gguf.py"
            )
    return [part for file in found for part in _parts(file.resolve())] if len(found) == 1 else found


def _is_gguf(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(4) == b"GGUF"
    except OSError:
        return False


def _parts(file: Path) -> tuple[Path, ...]:
    """All files of a split model whose first one it is."""
    match = re.search(r"-00001-of-(\d{5})$", file.stem)
    if match is None:
        return (file,)
    return tuple(sorted(file.parent.glob(f"{file.stem[: match.start()]}-?????-of-{match[1]}.gguf")))


def _located(name: str, at: str) -> Path:
    from homeward.backends.model_file import path

    try:
        return path(name)
    except ModelMissing as error:
        raise ConfigError(f"{at}: {error}") from None


def adapter(modelfile: "Modelfile", said: "Said", folder: Path) -> Path:
    """The file of an ADAPTER; ConfigError at its line."""
    from homeward.backends.model_file import adapter as checked

    file = (folder / Path(said.text).expanduser()).resolve()
    try:
        return checked(file) or file
    except HomewardError as error:
        raise ConfigError(f"{modelfile.at(said.line)}: {error}") from None


# ---------------------------------------------------------------- for the engine


def variant(modelfile: "Modelfile", base: Base, folder: Path) -> "Variant":
    """What the engine is to run. ConfigError at the line of what it cannot do."""
    from msgspec.structs import replace

    from homeward.backends import variants

    for word, said in modelfile.only_ollama.items():
        if word != "requires":
            raise ConfigError(
                f"{modelfile.at(said.line)}: only Ollama reads {word.upper()}: leave it out"
            )
    below = variants.find(base.name) if base.kind == "variant" else None
    below = below or variants.Variant(model=base.name)
    found: dict[str, Any] = {"options": dict(below.options)}
    for name, parameter in modelfile.parameters.items():
        _set(found, name, parameter, modelfile)
    if modelfile.system is not None:
        found["system"] = modelfile.system.text
    if modelfile.template is not None:
        found["template"] = _jinja(modelfile.template, modelfile)
    if modelfile.adapters:
        if len(modelfile.adapters) > 1:
            line = modelfile.adapters[1].line
            raise ConfigError(f"{modelfile.at(line)}: the engine in the package takes one ADAPTER")
        found["adapter"] = str(adapter(modelfile, modelfile.adapters[0], folder))
    if modelfile.messages:
        found["messages"] = tuple(
            {"role": each.role, "content": each.content} for each in modelfile.messages
        )
    if modelfile.licences:
        found["licences"] = tuple(said.text for said in modelfile.licences)
    return replace(below, **found)


def _set(found: dict[str, Any], name: str, parameter: "Parameter", modelfile: "Modelfile") -> None:
    value = parameter.value
    if name in FIELDS:
        if value < 1:
            raise ConfigError(f"{modelfile.at(parameter.line)}: {name} is {value}: say 1 or more")
        found[FIELDS[name]] = value
    elif name not in OPTIONS:
        raise ConfigError(
            f"{modelfile.at(parameter.line)}: the engine in the package has no {name}: leave it "
            "out, or make the model in Ollama"
        )
    elif name in ("num_predict", "seed") and value < 0:
        found["options"].pop(OPTIONS[name], None)  # any number, as without it
    else:
        found["options"][OPTIONS[name]] = value


def _jinja(said: "Said", modelfile: "Modelfile") -> str:
    if GO.search(said.text):
        raise ConfigError(
            f"{modelfile.at(said.line)}: this TEMPLATE is in Go's language, which only Ollama "
            "reads: leave it out (the model's file has its own), or write it in Jinja"
        )
    return said.text
