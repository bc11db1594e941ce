"""Where shapes and weights may come from; `homeward.cli.machine.subjects` has their order."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from homeward.errors import ConfigError, ModelError, ModelMissing
from homeward.machine.catalogue import licence, parse
from homeward.machine.estimate import Basis, How, Weights
from homeward.machine.subject import Subject
from homeward.machine.weights.quants import named, usual
from homeward.machine.weights.weigh import of_size, of_tensors, projector, weigh

if TYPE_CHECKING:
    from homeward.backends.gguf_content import Content
    from homeward.machine.catalogue.entry import Entry, Licence
    from homeward.machine.shapes import Shapes

EXACT, NEAR = 0.005, 0.25
"""How far shapes may be from the number of parameters that is given with them: up to the first
they are believed, up to the second their proportions are."""

BAND = 0.06


# ---------------------------------------------------------------- given, or a file


def given(name: str, arch: Path, wanted: str | None) -> Subject:
    """Shapes from a JSON file. ConfigError."""
    from homeward.machine.formats.arch_file import read

    shapes = read(arch)
    entry, quant = _entry(name)
    weights = _of_given(shapes, wanted or quant or usual(shapes))
    return Subject(
        name=name or shapes.name,
        quant=weights.quant,
        shapes=shapes,
        weights=weights,
        basis=Basis(how=How.GIVEN, source=f"shapes given in {arch}"),
        licence=_licence(entry, ""),
        entry=entry,
    )


def _of_given(shapes: "Shapes", quant: str) -> Weights:
    """As `weigh`; but where shapes and number of parameters disagree, the number holds.

    Tables leave out what is not the same in each layer, and shared experts.
    """
    weights = weigh(shapes, quant)
    number = shapes.parameters
    if not number or abs(weights.parameters / number - 1) < EXACT:
        return weights
    share = number / weights.parameters
    if abs(1 / share - 1) > NEAR:
        return weigh(structs.replace(shapes, layers=0, hidden=0), quant)
    total = round(weights.total * share)
    source = f"{number / 1e9:.1f} billion parameters in the proportions of the shapes given"
    found = of_size(shapes, quant, total, source, How.PARAMETERS)
    band = structs.replace(found.basis, low=total * (1 - BAND), high=total * (1 + BAND))
    active = shapes.active_parameters or round(weights.active_parameters * share)
    return structs.replace(found, parameters=number, active_parameters=active, basis=band)


def path(name: str) -> Path | None:
    """Of a .gguf file; a name on the hub may end so as well."""
    if not name.lower().endswith(".gguf"):
        return None
    found = Path(name).expanduser()
    return found if found.is_file() or not re.fullmatch(r"[^/:]+/[^/:]+:.+", name) else None


def boxed(name: str, wanted: str | None) -> Subject:
    """``box/NAME``: a file that comes with the package. ConfigError names those that there are."""
    from homeward import box
    from homeward.backends.embedded import BOX

    try:
        file = box.path(name.removeprefix(BOX))
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return in_file(name, file, wanted)


def pulled(name: str, wanted: str | None) -> Path | None:
    """The (first) file of a model that was pulled, in the quantisation wanted if that is here."""
    from homeward.backends.shelf import locate

    for choice in [f"{name}:{wanted}", name] if wanted and ":" not in name else [name]:
        try:
            return locate(choice)
        except ModelMissing:
            continue
    return None


def in_file(name: str, file: Path, wanted: str | None) -> Subject:
    """BadModelFile, ConfigError (also where there is no such file)."""
    from homeward.backends.gguf_content import read_model

    if not file.is_file():
        raise ConfigError(f"there is no file {file}: name one that is there, or a model")
    basis = Basis(how=How.FILE, source=f"header of {file}")
    return _of_content(name, read_model(file), wanted, str(file), basis)


def _of_content(
    name: str,
    content: "Content",
    wanted: str | None,
    source: str,
    basis: Basis,
    beside: int = 0,
) -> Subject:
    from homeward.machine.formats.gguf_shapes import shapes_of

    shapes = shapes_of(content.metadata, content.rows)
    own = content.quantization
    try:
        weights = of_tensors(shapes, content.rows, own, f"tensors of {source}")
    except ConfigError:  # of a type that is newer than this program
        weights = of_size(shapes, own, content.size, f"size of {source}", How.FILE)
    entry, _ = _entry(name)
    if entry is None and shapes.name:
        entry, _ = _entry(shapes.name)
    return Subject(
        name=name,
        quant=wanted or own,
        shapes=shapes,
        weights=weights if wanted in (None, _canonical(own)) else weigh(shapes, wanted or own),
        basis=basis,
        projector=beside + projector(content.rows),
        licence=_licence(entry, str(content.metadata.get("general.license") or "")),
        entry=entry,
    )


# ---------------------------------------------------------------- runtimes and registries


async def in_ollama(name: str, wanted: str | None) -> Subject | None:
    """None where Ollama does not run, or has no such model."""
    from homeward.cli.machine.ollama_subject import has

    found = await has(name)
    if found is None:
        return None
    entry, _ = _entry(name)
    same = wanted in (None, _canonical(found.quant))
    return Subject(
        name=name,
        quant=wanted or found.quant,
        shapes=found.shapes,
        weights=found.weights if same else weigh(found.shapes, wanted or found.quant),
        basis=found.basis,
        projector=found.projector,
        licence=_licence(entry, found.licence),
        entry=entry,
    )


async def on_hub(name: str, wanted: str | None, *, online: bool) -> Subject | None:
    """A GGUF file there, asked now or known from an earlier look. The hub's errors."""
    from homeward.backends.gguf_remote import known, look

    if online:
        found = await asyncio.to_thread(look, name, quant=wanted)
    elif (kept := known(name, quant=wanted)) is None:
        return None
    else:
        found = kept
    basis = Basis(how=How.FILE, source=f"header of {found.url}")
    return _of_content(name, found.content, wanted, found.url, basis, found.projector)


async def published(name: str, wanted: str | None) -> Subject | None:
    """A publisher's repository without GGUF files: shapes from its config.json there."""
    from homeward.backends.gguf_remote import look_config
    from homeward.machine.formats.arch_file import shapes_from

    try:
        shapes = shapes_from(await asyncio.to_thread(look_config, name))
    except ModelError:
        return None
    weights = weigh(shapes, wanted or usual(shapes))
    return Subject(
        name=name,
        quant=weights.quant,
        shapes=shapes,
        weights=weights,
        basis=Basis(how=How.SHAPES, source=f"config.json of {name}"),
    )


def in_catalogue(name: str, wanted: str | None, *, tag: bool) -> Subject:
    """ModelMissing. Ollama loads what sees and hears with a model, so its ``tag`` counts that."""
    found = parse(name)
    entry = found.entry
    own = found.quant or ("Q4_0" if "qat" in name.lower() else None)
    weights = weigh(entry.shapes, wanted or own or usual(entry.shapes))
    ollamas = tag and any(name.lower().startswith(each.lower()) for each in entry.ollama)
    return Subject(
        name=name,
        quant=weights.quant,
        shapes=entry.shapes,
        weights=weights,
        basis=Basis(how=How.SHAPES, source=f"the catalogue's row {entry.name}"),
        projector=2 * entry.projector if ollamas else 0,
        licence=_licence(entry, ""),
        entry=entry,
    )


# ---------------------------------------------------------------- parts


def _entry(name: str) -> "tuple[Entry | None, str | None]":
    """The catalogue's row and the quantisation of that name, where it knows it."""
    try:
        found = parse(name)
    except ModelMissing:
        return None, None
    return found.entry, found.quant


def _licence(entry: "Entry | None", told: str) -> "Licence | None":
    """Of the catalogue, else what the file itself says."""
    for key in filter(None, (entry.licence if entry else "", told)):
        try:
            return licence(key)
        except ConfigError:
            continue
    return None


def _canonical(quant: str) -> str:
    try:
        return named(quant)
    except ConfigError:
        return quant
