"""``homeward fit``: what can this machine run, how fast, and how sure is that?"""

from pathlib import Path
from typing import Annotated

import typer

from homeward.cli.options import Json
from homeward.errors import ConfigError
from homeward.interrupt import run


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
        str | None,
        typer.Option(help="Tokens before the answer whose speed is told: 0, or half of --context."),
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
    from homeward.cli.machine import fitting
    from homeward.machine.scan.overrides import Overrides
    from homeward.machine.sizes import bandwidth as rate
    from homeward.machine.sizes import parse

    _together(model, fleet, write, measure=measure)
    given = Overrides(
        vram=None if vram is None else parse(vram),
        ram=None if ram is None else parse(ram),
        bandwidth=None if bandwidth is None else rate(bandwidth),
        gpu=gpu or "",
    )
    if measure_ram:
        from homeward.cli.machine.scanned import measure_ram as measure_it

        measure_it()
    wanted = None if context is None else fitting.tokens(context)
    if fleet is not None:
        fitting.fleet(fleet, wanted, kv, given, write, json=json)
        return
    if doctor:
        fitting.doctor(given, json=json)
        return
    if model is not None and measure:
        from homeward.cli.machine.measuring import measure as run_it

        run(run_it(model, json=json))
        return
    if model is None and (quant or arch or measure):
        raise ConfigError("say which model: `homeward fit MODEL`, for example qwen3:8b")
    use = fitting.use(wanted, kv or "f16", parallel, ubatch, flash_attention=not no_flash_attention)
    if model is not None:
        at = None if depth is None else fitting.tokens(depth, least=0)
        work = fitting.one(model, quant, arch, wanted, use, given, at, online=online)
        fitting.shown(run(work), json=json)
    else:
        hardware, runs = run(fitting.here(given))
        fitting.listing(hardware, runs, use, task, licence, every=every, json=json)


def _together(model: str | None, fleet: str | None, write: str | None, *, measure: bool) -> None:
    """BadParameter for what would be passed over in silence."""
    if fleet is None:
        if write is not None:
            raise typer.BadParameter("name the set of models with --fleet", param_hint="--write")
        return
    if measure:
        says = "it measures nothing: use `homeward fit MODEL --measure` for each of its models"
        raise typer.BadParameter(says, param_hint="--fleet")
    if model is not None:
        says = f"{model!r} stands beside it: put that among its names, or ask without --fleet"
        raise typer.BadParameter(says, param_hint="--fleet")
