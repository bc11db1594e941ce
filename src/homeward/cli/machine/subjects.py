"""A model as somebody names it, from the best source that has it."""

import re
from pathlib import Path

from homeward.cli.machine import subject_sources as sources
from homeward.errors import ModelError, ModelMissing
from homeward.machine.subject import Subject
from homeward.machine.weights.quants import named

TAG = re.compile(r"hf\.co/\S+|(?:[\w.-]+/)*[\w.-]+:[\w.-]+|[a-z][a-z0-9._-]*")
"""A name as Ollama's are: with a tag behind a colon, or small letters alone."""

WAYS = (
    "name a .gguf file, give its shapes with --arch FILE.json, or have ORG/REPO looked up on the "
    "hub with --online"
)


async def subject(
    name: str, *, quant: str | None = None, arch: Path | None = None, online: bool = False
) -> Subject:
    """The model, with shapes and weights from ``arch``, else from the first that has it: the box
    (``box/general``); a .gguf file; what was pulled; Ollama, if it runs; a GGUF repository on the
    hub, if ``online`` or looked at before; the catalogue; a publisher's config.json there, if
    ``online``.

    ``quant`` goes before what the name says (``gemma3:27b-it-q8_0``), and that before the usual
    one; of a source that has another quantisation only the shapes are taken. ConfigError (no such
    quantisation, shapes that contradict themselves), BadModelFile, ModelMissing (near names, and
    the ways to name one), and the hub's errors.
    """
    wanted = named(quant) if quant else None
    if arch is not None:
        return sources.given(name, arch, wanted)
    if name.startswith("box/"):
        return sources.boxed(name, wanted)
    if path := sources.path(name):
        return sources.in_file(path.stem, path, wanted)
    if path := sources.pulled(name, wanted):
        return sources.in_file(name, path, wanted)
    tag = TAG.fullmatch(name) is not None
    if tag and (found := await sources.in_ollama(name, wanted)):
        return found
    problem: ModelError | None = None
    if "/" in name:
        try:
            if found := await sources.on_hub(name, wanted, online=online):
                return found
        except ModelError as error:
            problem = error
    try:
        return sources.in_catalogue(name, wanted, tag=tag)
    except ModelMissing as error:
        if not tag and (found := await sources.in_ollama(name, wanted)):
            return found
        if online and "/" in name and (found := await sources.published(name, wanted)):
            return found
        if problem is not None:
            raise problem from None
        near = str(error).partition("; ")[0] if "--arch" in str(error) else str(error)
        joined = "; or" if "near ones" in near else ":"
        raise ModelMissing(f"{near}{joined} {WAYS}") from None
