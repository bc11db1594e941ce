"""What ``homeward up`` does once it is agreed to: what is missing is fetched, the file written."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.cli.provision.fetching import bring
from homeward.cli.text import printable
from homeward.errors import HomewardError, Unreachable

if TYPE_CHECKING:
    from homeward.cli.provision.starting import Plan
    from homeward.machine.recommend.starting import Start


@dataclass
class Done:
    """``file`` is None where nothing came, so that nothing was written."""

    file: Path | None = None
    failed: list[str] = field(default_factory=list[str])


def carry_out(chosen: "Plan", file: Path, *, quiet: bool) -> Done:
    """Fetch what is missing, and write the file for what came. Interrupted, it keeps what came.

    A model that cannot be fetched is left out and told; where none came, nothing is written.
    """
    url = chosen.server.base_url if chosen.server else None
    done, come, reached = Done(), list["Start"](), True
    for one in chosen.members:
        name = chosen.name(one)
        if one in chosen.fetched:
            if not reached:
                continue
            try:
                bring(name, url, quiet=quiet)
            except HomewardError as error:
                done.failed.append(f"{name}: {error}")
                reached = not isinstance(error, Unreachable)
                continue
        come.append(one)
    if come:
        write(file, configured(come, chosen))
        done.file = file
    return done


def configured(come: "Sequence[Start]", chosen: "Plan") -> str:
    """The file's text, with the policy that was in force. It was built once, so it is right."""
    import msgspec

    from homeward.config import parse
    from homeward.machine.recommend.nodes import nodes

    models = nodes(come, chosen.use, ollama=chosen.ollama)
    text = msgspec.json.encode({"models": models, "clearance": "machine"}).decode()
    sizes = "".join(
        f"#   {one.role}: {one.advice.name}, {one.advice.licence}; {one.advice.why}\n"
        for one in come
    )
    head = f"# Written by `homeward up`; change it as you like.\n{printable(sizes)}"
    config = parse(text, origin="what was chosen", environ=None)
    if chosen.demanded is not None:
        policy, demanded = chosen.demanded.policy, chosen.demanded.demanded
        config = replace(config, policy=policy, demanded=demanded)
    written = head + config.as_yaml()
    parse(written, origin="what was chosen")
    return written


def write(file: Path, text: str) -> None:
    """All of it or nothing: an interruption leaves the file that was there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
