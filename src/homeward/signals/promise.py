"""Promise: what a check's score was found to be worth, on which rows and when; kept as JSON."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from homeward.errors import ConfigError

Share = Annotated[float, Meta(ge=0, le=1)]
Inside = Annotated[float, Meta(gt=0, lt=1)]
Count = Annotated[int, Meta(ge=0)]
By = Literal["none", "task", "group"]


class Part(Struct, frozen=True):
    """The threshold of one group of questions; None: nothing can be promised, nothing is kept.

    ``kept`` of ``rows`` score at the threshold or above, ``wrong`` of them were wrong, and
    ``bound`` is the upper confidence bound of that share at ``confidence``. ``needs`` estimates how
    many rows a promise would take; None where no number of rows would help.
    """

    threshold: float | None
    rows: Count
    kept: Count = 0
    wrong: Count = 0
    bound: Share = 1.0
    confidence: Inside = 0.9
    needs: int | None = None


class Promise(Struct, frozen=True):
    """Of the answers that are kept, ``target`` are right, at ``confidence``; made by `calibrate`.

    The promise is about the rate and about the next answers: ``horizon`` times as many as were
    kept when it was made (0: about the rate alone). ``groups`` have thresholds of their own;
    those in ``shared`` have that of ``rest``, and nothing is kept of a group that was never seen.
    ``share`` is how many answers were kept of those that had a score and a threshold, and the true
    share lies within ``band`` at 99 %. ``quantiles`` are the scores' deciles, 0 to 100 %.
    """

    target: Inside
    confidence: Inside
    rest: Part
    date: str
    about: str = ""
    right_by: str = "label"
    by: By = "none"
    groups: Mapping[str, Part] = field(default_factory=dict[str, Part])
    shared: tuple[str, ...] = ()
    horizon: Annotated[float, Meta(ge=0)] = 1.0
    rows: Count = 0
    kept: Count = 0
    wrong: Count = 0
    auroc: Share | None = None
    share: Share = 0.0
    band: tuple[Share, Share] = (0.0, 1.0)
    quantiles: tuple[float, ...] = ()
    version: Literal[1] = 1

    def part(self, group: str | None) -> Part | None:
        """What holds for a group of questions; None for a group that was never seen."""
        if self.by == "none":
            return self.rest
        name = group or ""
        if name in self.groups:
            return self.groups[name]
        return self.rest if name in self.shared else None

    @property
    def words(self) -> str:
        """As in "right 95 in 100"; a target of thousandths is told in thousand."""
        whole = 100 * self.target
        return (
            f"right {whole:g} in 100" if whole == round(whole) else f"right {10 * whole:g} in 1000"
        )

    def write(self, path: str | Path) -> None:
        """To a JSON file, whole or not at all; ConfigError where that cannot be."""
        path = Path(path).expanduser()
        draft = path.with_name(f"{path.name}.{os.getpid()}.new")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
            draft.replace(path)
        except OSError as error:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            why = error.strerror or error
            raise ConfigError(f"the promise cannot be written to {path}: {why}") from None


def read(path: str | Path) -> Promise:
    """The promise in a file; ConfigError says how to make one where there is none."""
    path = Path(path).expanduser()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Promise)
    except FileNotFoundError:
        raise ConfigError(
            f"there is no promise at {path}; make it with `homeward calibrate --out {path}`"
        ) from None
    except OSError as error:
        raise ConfigError(f"the promise at {path} cannot be read: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is no promise ({error}); calibrate anew") from None
