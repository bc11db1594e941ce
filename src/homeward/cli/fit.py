"""``homeward fit``: what can this machine run, how fast, and how sure is that?"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeward.cli.options import Json
from homeward.errors import ConfigError
from homeward.interrupt import run

if TYPE_CHECKING:
    from homeward.machine.estimate import Use
    from homeward.machine.fit import Fit
    from homeward.machine.hardware import Hardware
    from homeward.machine.scan.overrides import Overrides


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
    kv: Annotated[str, typer.Option(help="Type of the cache: f16, q8_0, q4_0.")] = "f16",
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
        _measure_ram()
    if fleet is not None:
        _fleet(fleet, context, kv, given, write, json=json)
        return
    if doctor:
        _doctor(given, json=json)
        return
    if model is None and (quant or arch or measure):
        raise ConfigError("say which model: `homeward fit MODEL`, for example qwen3:8b")
    if measure:
        assert model is not None
        _measure(model, json=json)
        return
    wanted = None if context is None else tokens(context)
    hardware = _scan(given)
    told = {"kv": kv, "parallel": parallel, "ubatch": ubatch}
    told["flash_attention"] = not no_flash_attention
    at = None if depth is None else tokens(depth, least=0)
    if model is None:
        _list(hardware, _use(wanted, told), task, licence, every=every, json=json)
    else:
        found = run(_one(model, quant, arch, wanted, told, hardware, at, online=online))
        _show(found, json=json)


def tokens(text: str, *, least: int = 1) -> int:
    """A number of tokens: 32768, 32_768, 32k (1,024 each), 1M. ConfigError."""
    match = re.fullmatch(r"\s*(\d[\d_,]*)\s*([kKmM]?)\s*", text)
    count = int(match[1].replace("_", "").replace(",", "")) if match else -1
    count *= 1024 ** (" km".index(match[2].lower() or " ") if match else 0)
    if count < least:
        raise ConfigError(f"{text!r} is no number of tokens: say 8192, 32k or 1M, at least {least}")
    return count


def _scan(given: "Overrides") -> "Hardware":
    from homeward.machine.scan.scan import scan

    return scan(overrides=given)


def _use(context: int | None, told: dict[str, Any]) -> "Use":
    from homeward.machine.estimate import Use
    from homeward.machine.fit import USUAL_CONTEXT

    if told["parallel"] < 1 or told["ubatch"] < 1:
        raise ConfigError("--parallel and --ubatch are numbers from 1 on")
    return Use(context=context or USUAL_CONTEXT, **told)


async def _one(
    model: str,
    quant: str | None,
    arch: Path | None,
    context: int | None,
    told: dict[str, Any],
    hardware: "Hardware",
    depth: int | None,
    *,
    online: bool,
) -> "Fit":
    from homeward.cli.subjects import subject
    from homeward.machine.fit import fit as fit_
    from homeward.machine.fit import usual_context

    found = await subject(model, quant=quant, arch=arch, online=online)
    use = _use(context or usual_context(found.shapes.context), told)
    return fit_(found, use, hardware, depth=depth, asked=context is not None)


def _show(found: "Fit", *, json: bool) -> None:
    if json:
        _print(found)
        return
    from homeward.cli.fit_shown import card

    card(found)


def _list(
    hardware: "Hardware",
    use: "Use",
    task: str | None,
    licence: str | None,
    *,
    every: bool,
    json: bool,
) -> None:
    from homeward.machine.catalogue.rows import entries
    from homeward.machine.fit import brief
    from homeward.machine.recommend import recommend

    found = recommend(entries(), hardware, use, task=task, licence=licence, every=every)
    if json:
        _print(
            {
                "machine": brief(hardware),
                "context": use.context,
                "task": found.task or None,
                "runs_well": found.runs_well,
                "runs": found.runs,
                "too_slow": found.too_slow,
                "does_not_fit": found.does_not_fit,
            }
        )
        return
    from homeward.cli.fit_list import listed

    listed(found, hardware, use, every=every)


def _doctor(given: "Overrides", *, json: bool) -> None:
    hardware = _scan(given)
    if json:
        _print(hardware)
        return
    from homeward.cli.fit_list import examined

    examined(hardware)


def _fleet(
    names: str,
    context: str | None,
    kv: str,
    given: "Overrides",
    write: str | None,
    *,
    json: bool,
) -> None:
    from homeward.cli.fleet import fleet

    wanted = [name for name in (part.strip() for part in names.split(",")) if name]
    if not wanted:
        raise ConfigError("--fleet takes names with commas between: --fleet qwen3:4b,qwen3:30b")
    at = None if context is None else tokens(context)
    run(fleet(wanted, context=at, kv=kv, overrides=given, json=json, write=write))


def _measure(model: str, *, json: bool) -> None:
    from homeward.cli.measuring import measure

    _print(run(measure(model)))


def _measure_ram() -> None:
    """Kept in the data folder, where the scan finds it."""
    from homeward.machine.scan.ram_bandwidth import measure

    measure()


def _print(shown: object) -> None:
    import msgspec

    print(msgspec.json.encode(shown).decode())
