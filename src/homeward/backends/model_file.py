"""Which file the name of an embedded model means."""

import re
from pathlib import Path

from homeward.backends import minilm
from homeward.errors import BadModelFile, ModelMissing

BOX = "box/"


def path(model: str) -> Path:
    """ModelMissing for a name that is neither in the box nor pulled."""
    if model.startswith(BOX):
        from homeward import box

        try:
            return box.path(model.removeprefix(BOX))
        except ValueError as error:
            raise ModelMissing(str(error)) from None
    if model == minilm.NAME:
        return minilm.place()
    if is_path(model):
        return Path(model).expanduser()
    from homeward.backends.shelf import locate

    return locate(model)


def is_path(model: str) -> bool:
    """``org/repo:file.gguf`` is not: it was pulled."""
    file = Path(model)
    return file.suffix == ".gguf" and ":" not in file.name


def stem(file: Path) -> str:
    """A file's name without its ending, and without its number where the model is split."""
    return re.sub(r"-00001-of-\d{5}$", "", file.stem)


def adapter(file: Path | None) -> Path | None:
    """The file of a LoRA; BadModelFile in words, where llama.cpp only says that it failed."""
    if file is None:
        return None
    file = file.expanduser()
    try:
        with file.open("rb") as opened:
            if opened.read(4) == b"GGUF":
                return file
    except OSError as error:
        raise BadModelFile(f"the adapter {file} cannot be read: {error.strerror}") from None
    raise BadModelFile(
        f"the adapter {file} is no GGUF file: convert it with llama.cpp's convert_lora_to_gguf.py"
    )
