"""``homeward fit``: what can this machine run, how fast, and how sure is that?"""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeward.cli.options import Json
from homeward.errors import ConfigError, ModelMissing
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.machine.estimate import Use
    from homeward.machine.measured import Run
    from homeward.machine.scan.overrides import Overrides

GROUPS = ("runs_well", "runs", "too_slow", "does_not_fit")


def fit(
    model: Annotated[
        str | None,
        typer.Argument(
            help="An Ollama tag, a repository, a plain name such as Llama-3.1-8B, or a .gguf file."
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            help="Tokens, as 32768 or 32k, for all slots together.",
            show_default="8192, or what the model was trained for if less",
        ),
    ] = None,
    quant: Annotated[str | None, typer.Option(help="Quantisation, such as Q4_K_M.")] = None,
    kv: Annotated[
        str | None, typer.Option(help="Type of the cache: f16, q8_0, q4_0.", show_default="f16")
    ] = None,
    parallel: Annotated[int, typer.Option(help="Slots, which share the context.")] = 1,
    ubatch: Annotated[int, typer.Option(help="Tokens that are computed at a time.")] = 512,
    no_flash_attention: Annotated[
        bool, typer.Option("--no-flash-attention", help="As runtimes without it.")
    ] = False,
    vram: Annotated[
        str | None, typer.Option(help="Memory of the GPU, such as 24GiB; 0 for no GPU.")
    ] = None,
    ram: Annotated[str | None, typer.Option(help="Main memory, such as 64GiB.")] = None,
    bandwidth: Annotated[
        str | None, typer.Option(help="Of the GPU's memory (or the main one), in GB/s.")
    ] = None,
    gpu: Annotated[str | None, typer.Option(help='As if it had this one: "RTX 4090".')] = None,
    arch: Annotated[
        Path | None, typer.Option(help="Shapes of the model: a JSON file, or a config.json.")
    ] = None,
    depth: Annotated[
        str | None, typer.Option(help="Tokens in the context when the speed is told.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Best first for this: code, math ...")] = None,
    licence: Annotated[
        str | None, typer.Option(help="commercial, unconditional, or one licence.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every model, not one of each family and size.")
    ] = False,
    fleet: Annotated[
        str | None, typer.Option(help="Do these fit together? Names with commas between.")
    ] = None,
    write: Annotated[
        str | None,
        typer.Option(help="With --fleet: print its ollama, systemd, llama-swap or homeward file."),
    ] = None,
    doctor: Annotated[
        bool, typer.Option("--doctor", help="Everything that was asked of the system, raw.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Run the model here, and keep how fast it was.")
    ] = False,
    measure_ram: Annotated[
        bool, typer.Option("--measure-ram", help="Measure the bandwidth of main memory.")
    ] = False,
    online: Annotated[
        bool, typer.Option("--online", help="Read headers of models on the hub.")
    ] = False,
    json: Json = False,
) -> None:
    """Say what this machine runs well, or whether one model fits, how fast, and how sure it is."""
    from homeward.machine.scan.overrides import Overrides
    from homeward.machine.sizes import bandwidth as rate
    from homeward.machine.sizes import parse

    given = Overrides(
        vram=None if vram is None else parse(vram),
        ram=None if ram is None else parse(ram),
        bandwidth=None if bandwidth is None else rate(bandwidth),
        gpu=gpu or "",
    )
    if measure_ram:
        from homeward.cli.scanned import measure_ram as measure_it

        measure_it()
    wanted = None if context is None else tokens(context)
    if fleet is not None:
        _fleet(fleet, wanted, kv, given, write, json=json)
        return
    if doctor:
        _doctor(given, json=json)
        return
    told = {"kv": kv or "f16", "parallel": parallel, "ubatch": ubatch}
    told["flash_attention"] = not no_flash_attention
    if model is not None and measure:
        from homeward.cli.measuring import measure as run_it

        run(run_it(model, json=json))
    elif model is not None:
        at = None if depth is None else tokens(depth, least=0)
        run(_one(model, quant, arch, wanted, told, given, at, online=online, json=json))
    elif quant or arch or measure:
        raise ConfigError("say which model: `homeward fit MODEL`, for example qwen3:8b")
    else:
        run(_list(given, _use(wanted, told), task, licence, every=every, json=json))


def tokens(text: str, *, least: int = 1) -> int:
    """A number of tokens: 32768, 32_768, 32k (1,024 each), 1M. ConfigError."""
    match = re.fullmatch(r"\s*(\d[\d_,]*)\s*([kKmM]?)\s*", text)
    scale = {"": 1, "k": 1024, "m": 1024**2}
    count = int(re.sub("[_,]", "", match[1])) * scale[match[2].lower()] if match else -1
    if count < least:
        raise ConfigError(f"{text!r} is no number of tokens: say 8192, 32k or 1M, at least {least}")
    return count


def _use(context: int | None, told: dict[str, Any]) -> "Use":
    from homeward.machine.estimate import Use
    from homeward.machine.verdict import USUAL_CONTEXT

    if told["parallel"] < 1 or told["ubatch"] < 1:
        raise ConfigError("--parallel and --ubatch are numbers from 1 on")
    return Use(context=context or USUAL_CONTEXT, **told)


async def _one(
    model: str,
    quant: str | None,
    arch: Path | None,
    context: int | None,
    told: dict[str, Any],
    given: "Overrides",
    depth: int | None,
    *,
    online: bool,
    json: bool,
) -> None:
    from homeward.cli.scanned import scanned
    from homeward.cli.subjects import subject
    from homeward.machine.fit import fit as fit_
    from homeward.machine.verdict import usual_context

    try:
        found, hardware, runs = await asyncio.gather(
            subject(model, quant=quant, arch=arch, online=online),
            asyncio.to_thread(scanned, given),
            _runs(),
        )
    except ModelMissing as error:  # a name on the command line, and nobody was asked to answer
        raise ConfigError(str(error)) from None
    use = _use(context or usual_context(found.shapes.context), told)
    fitted = fit_(found, use, hardware, measured=runs, depth=depth, asked=context is not None)
    if json:
        _print(fitted)
        return
    from homeward.cli.fit_shown import card

    card(fitted)


async def _list(
    given: "Overrides",
    use: "Use",
    task: str | None,
    licence: str | None,
    *,
    every: bool,
    json: bool,
) -> None:
    from homeward.cli.scanned import scanned
    from homeward.machine.catalogue import entries
    from homeward.machine.fit import brief
    from homeward.machine.recommend import recommend

    hardware, runs = await asyncio.gather(asyncio.to_thread(scanned, given), _runs())
    found = recommend(
        entries(), hardware, use, task=task, licence=licence, every=every, measured=runs
    )
    if json:
        groups = {name: getattr(found, name) for name in GROUPS}
        asked = {"context": use.context, "task": task, "licence": licence}
        _print({"machine": brief(hardware), **asked, **groups})
        return
    from homeward.cli.fit_list import listed

    listed(found, hardware, use, every=every)


async def _runs() -> "Sequence[Run]":
    """What was measured on this machine before; nothing is opened where nothing is kept."""
    return ()


def _doctor(given: "Overrides", *, json: bool) -> None:
    from homeward.cli.scanned import scanned

    hardware = scanned(given)
    if json:
        _print(hardware)
        return
    from homeward.cli.fit_list import examined

    examined(hardware)


def _fleet(
    names: str,
    context: int | None,
    kv: str | None,
    given: "Overrides",
    write: str | None,
    *,
    json: bool,
) -> None:
    from homeward.cli.fleet import fleet

    wanted = [name for name in (part.strip() for part in names.split(",")) if name]
    if not wanted:
        raise ConfigError("--fleet takes names with commas between: --fleet qwen3:4b,qwen3:30b")
    run(fleet(wanted, context=context, kv=kv, overrides=given, json=json, write=write))


def _print(shown: object) -> None:
    import msgspec

    print(msgspec.json.encode(shown).decode())
