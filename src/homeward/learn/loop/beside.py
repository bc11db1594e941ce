"""A version beside the one in use, on the same requests."""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from homeward.learn.history import Case
from homeward.learn.loop.choices import choices
from homeward.learn.loop.record import Judged, Slice, Trial
from homeward.learn.loop.step import Options
from homeward.learn.loop.trial import judge
from homeward.learn.loop.versions import folder
from homeward.learn.verdict import Verdict


def judged_beside(
    path: Path,
    models: Sequence[str],
    in_use: Trial | None,
    cases: Sequence[Case],
    options: Options,
    slice_: Slice,
    confidence: float = 0.95,
) -> Judged:
    """Of the router in ``path``, which chooses among ``models``; see `judge`.

    Each case has a grade of `all_models`. Not within a running event loop.
    """
    everyone = all_models(models, in_use)
    found = judge(
        cases,
        everyone,
        choices(path, cases),
        slice_=slice_,
        against=None if in_use is None else in_use.version,
        against_chosen=(
            None if in_use is None else choices(folder(options.name, in_use.version), cases)
        ),
        margin=options.margin,
        confidence=confidence,
    )
    if found.in_usd or len(everyone) == len(models):
        return found
    unknown = "the versions choose between different models, and their prices are not known"
    return replace(found, verdict=Verdict("cannot tell", unknown))


def all_models(models: Sequence[str], in_use: Trial | None) -> tuple[str, ...]:
    """These, and those of the version in use that are not among them."""
    return tuple(dict.fromkeys((*models, *(in_use.models if in_use else ()))))
