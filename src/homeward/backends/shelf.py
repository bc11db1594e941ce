"""The models that were pulled: where they lie, how they are called, which file a name means.

They lie in ``$HOMEWARD_HOME/models``, else ``$XDG_DATA_HOME/homeward/models``, else
``~/.local/share/homeward/models``, as ``org/repo/file.gguf``.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec import Struct

from homeward.errors import ConfigError, ModelMissing
from homeward.folder import data_folder

USUAL = (
    *("Q4_K_M", "UD-Q4_K_XL", "Q5_K_M", "Q4_0", "Q8_0", "MXFP4", "Q4_K_S", "Q5_K_S", "IQ4_XS"),
    *("Q6_K", "Q3_K_M", "BF16", "F16", "F32"),
)
"""Which quantisation is taken when none is named: the first of these that is there."""

NAME = re.compile(r"(?:hf\.co/|https://huggingface\.co/)?([\w.-]+/[\w.-]+?)(?:/?|:(.+))")
LABEL = re.compile(r"(?<![A-Z0-9])(?:UD-)?(?:I?Q\d\w*|B?F16|F32|MXFP4\w*)(?![A-Z0-9])")
SHARD = re.compile(r"-(\d{5})-of-(\d{5})$")


class Installed(Struct, frozen=True):
    """A model that was pulled, under the name to ask it by. ``size`` is in bytes."""

    name: str
    path: Path  # of the first file
    size: int


# ---------------------------------------------------------------- names


def split(name: str) -> tuple[str, str]:
    """Repository, and quantisation or file name (empty where the name leaves it open)."""
    match = NAME.fullmatch(name)
    if match is None or ".." in name:
        raise ConfigError(
            f"{name!r} is no name on the hub: say ORG/REPO, for example Qwen/Qwen3-4B-GGUF, "
            "with :Q4_K_M behind it for one quantisation"
        )
    return match[1], match[2] or ""


def _label(file: str) -> str:
    found = LABEL.findall(_whole(file).upper())
    return found[-1] if found else ""


def _whole(file: str) -> str:
    """The name without ``.gguf`` and ``-00001-of-00003``: files with the same are one model."""
    return SHARD.sub("", file.removesuffix(".gguf"))


def choose(files: Iterable[str], choice: str) -> list[str]:
    """The files of the model that ``choice`` names, in order; all that there are in ModelMissing.

    Projectors for images (mmproj) and importance matrices are no models.
    """
    models: dict[str, list[str]] = {}
    for file in sorted(files):
        stem = PurePosixPath(file).name.lower()
        if stem.endswith(".gguf") and "mmproj" not in stem and "imatrix" not in stem:
            models.setdefault(_whole(file), []).append(file)
    if choice.endswith(".gguf"):
        fitting = [whole for whole, parts in models.items() if choice in parts]
    elif choice:
        fitting = [whole for whole in models if _label(whole) == choice.upper()]
    else:
        labels = [_label(whole) for whole in models]
        best = next((label for label in USUAL if label in labels), None)
        fitting = [whole for whole in models if best in (None, _label(whole))]
    if len(fitting) == 1:
        return models[fitting[0]]
    there = [_label(whole) or parts[0] for whole, parts in models.items()]
    if len(set(there)) < len(there):
        there = [parts[0] for parts in models.values()]
    raise ModelMissing(f"say which one behind a colon: {', '.join(there)}" if there else "")


# ---------------------------------------------------------------- what is here


def home() -> Path:
    """Where models are kept, each under ``org/repo``."""
    return data_folder() / "models"


def installed() -> list[Installed]:
    """What was pulled, by name. A repository's only model needs no quantisation in its name."""
    found = []
    for folder in sorted(home().glob("*/*/")):
        models: dict[str, list[str]] = {}
        for file in _files(folder):
            models.setdefault(_whole(file), []).append(file)
        for whole, parts in models.items():
            name = f"{folder.parent.name}/{folder.name}"
            if len(models) > 1:
                label = _label(whole)
                alone = sum(_label(other) == label for other in models) == 1
                name += f":{label if label and alone else parts[0]}"
            size = sum((folder / part).stat().st_size for part in parts)
            found.append(Installed(name, folder / parts[0], size))
    return found


def locate(name: str) -> Path:
    """The (first) file of a model that was pulled; ModelMissing names the command to pull it."""
    try:
        repo, choice = split(name)
        return home() / repo / choose(_files(home() / repo), choice)[0]
    except ConfigError as error:
        raise ModelMissing(f"{error}; a file is named by its path, with .gguf") from None
    except ModelMissing as error:
        advice = str(error) or f"run `homeward pull {name}`"
        raise ModelMissing(f"{name} is not here: {advice}") from None


def remove(name: str) -> list[Path]:
    """Delete a model that was pulled, all its files; they are named. ModelMissing, ConfigError."""
    repo, choice = split(name)
    files = [home() / repo / file for file in choose(_files(home() / repo), choice)]
    for file in files:
        file.unlink()
    return files


def _files(folder: Path) -> list[str]:
    """Model files below a folder, less those of a split model that is not all there yet."""
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.gguf"))
    here = Counter(map(_whole, files))
    return [file for file in files if here[_whole(file)] == _count(file)]


def _count(file: str) -> int:
    match = SHARD.search(file.removesuffix(".gguf"))
    return int(match[2]) if match else 1
