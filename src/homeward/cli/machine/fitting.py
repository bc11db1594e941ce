"""What ``homeward fit`` does, one function for each thing that it can be asked."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.errors import ConfigError, ModelMissing

if TYPE_CHECKING:
    from homeward.machine.estimate import Use
    from homeward.machine.fit import Fit
    from homeward.machine.hardware import Hardware
    from homeward.machine.scan.overrides import Overrides
    from homeward.machine.speed.measured import Run


def tokens(text: str, *, least: int = 1) -> int:
    """A number of tokens: 32768, 32_768, 32k (1,024 each), 1M. ConfigError."""
    match = re.fullmatch(r"\s*(\d[\d_,]{,17})\s*([kKmM]?)\s*", text)
    scale = {"": 1, "k": 1024, "m": 1024**2}
    count = int(re.sub("[_,]", "", match[1])) * scale[match[2].lower()] if match else -1
    if count < least:
        raise ConfigError(f"{text!r} is no number of tokens: say 8192, 32k or 1M, at least {least}")
    return count


def use(
    context: int | None, kv: str, parallel: int, ubatch: int, *, flash_attention: bool
) -> "Use":
    """With the usual context where none is asked for. ConfigError."""
    from homeward.machine.estimate import Use
    from homeward.machine.recommend.verdict import USUAL_CONTEXT

    if parallel < 1 or ubatch < 1:
        raise ConfigError("--parallel and --ubatch are numbers from 1 on")
    return Use(
        context=context or USUAL_CONTEXT,
        kv=kv,
        parallel=parallel,
        ubatch=ubatch,
        flash_attention=flash_attention,
    )


async def one(
    model: str,
    quant: str | None,
    arch: Path | None,
    context: int | None,
    like: "Use",
    given: "Overrides",
    depth: int | None,
    *,
    online: bool,
) -> "Fit":
    from msgspec.structs import replace

    from homeward.cli.machine.subjects import subject
    from homeward.machine.fit import fit as fit_
    from homeward.machine.recommend.verdict import usual_context

    missing: ModelMissing | None = None
    try:
        found, (hardware, runs) = await asyncio.gather(
            subject(model, quant=quant, arch=arch, online=online), here(given)
        )
    except ModelMissing as error:
        missing = error
    if missing is not None:  # a name on the command line, and nobody was asked to answer
        name = await _only_model_of(model)
        if name is None:
            raise ConfigError(str(missing)) from None
        return await one(name, quant, arch, context, like, given, depth, online=online)
    asked = replace(like, context=context or usual_context(found.shapes.context))
    return fit_(found, asked, hardware, measured=runs, depth=depth, asked=context is not None)


async def _only_model_of(name: str) -> str | None:
    """The one model that a route of the configuration asks; None for what is no route.

    ConfigError names them where there are several.
    """
    from homeward.cli.machine.fleet import leaves_of

    try:
        found = [leaf.model for leaf in await leaves_of([name])]
    except ConfigError:
        return None  # the file is wrong, or the route asks nobody here: neither was the question
    if len(found) > 1:
        raise ConfigError(
            f"{name!r} is a route over several models: fit one, `homeward fit {found[0]}`, or all "
            f"of them, `homeward fit --fleet {name}`"
        )
    return found[0] if found and found[0] != name else None


def shown(fitted: "Fit", *, json: bool) -> None:
    if json:
        _print(fitted)
        return
    from homeward.cli.machine.fit_shown import card

    card(fitted)


async def here(given: "Overrides") -> "tuple[Hardware, Sequence[Run]]":
    """The machine, and what was measured on it, unless another is imagined."""
    from homeward.cli.machine.scanned import scanned

    imagined = any((given.vram is not None, given.gpu, given.bandwidth))
    hardware, runs = await asyncio.gather(
        asyncio.to_thread(scanned, given), _nothing() if imagined else _runs()
    )
    return hardware, runs


async def _runs() -> "Sequence[Run]":
    from homeward.cli.machine.measured_runs import runs

    return await runs()


async def _nothing() -> "Sequence[Run]":
    return ()


def listing(
    hardware: "Hardware",
    runs: "Sequence[Run]",
    use: "Use",
    task: str | None,
    licence: str | None,
    *,
    every: bool,
    json: bool,
) -> None:
    from homeward.machine.catalogue import entries
    from homeward.machine.fit import brief
    from homeward.machine.recommend.recommend import recommend

    found = recommend(
        entries(), hardware, use, task=task, licence=licence, every=every, measured=runs
    )
    if json:
        groups = {
            "runs_well": found.runs_well,
            "runs": found.runs,
            "too_slow": found.too_slow,
            "does_not_fit": found.does_not_fit,
        }
        asked = {"context": use.context, "task": task, "licence": licence}
        _print({"machine": brief(hardware), **asked, **groups})
        return
    from homeward.cli.machine.fit_list import listed

    listed(found, hardware, use, every=every)


def doctor(given: "Overrides", *, json: bool) -> None:
    from homeward.cli.machine.scanned import scanned

    hardware = scanned(given)
    if json:
        _print(hardware)
        return
    from homeward.cli.machine.fit_list import examined

    examined(hardware)


def fleet(
    names: str,
    context: int | None,
    kv: str | None,
    given: "Overrides",
    write: str | None,
    *,
    json: bool,
) -> None:
    from homeward.cli.machine.fleet import fleet as fleet_

    wanted = [name for name in (part.strip() for part in names.split(",")) if name]
    if not wanted:
        raise ConfigError("--fleet takes names with commas between: --fleet qwen3:4b,qwen3:30b")
    try:
        fleet_(wanted, context=context, kv=kv, overrides=given, json=json, write=write)
    except ModelMissing as error:
        raise ConfigError(str(error)) from None


def _print(shown: object) -> None:
    import msgspec

    print(msgspec.json.encode(shown).decode())
