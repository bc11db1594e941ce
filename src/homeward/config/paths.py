"""Where the configuration file is looked for."""

import os
from collections.abc import Mapping
from pathlib import Path

from homeward.errors import ConfigError

NAME = "homeward.yaml"


def find(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The file to use when none is named; None where there is no file.

    In this order: ``$HOMEWARD_CONFIG`` (`ConfigError` if nothing is there), ``./homeward.yaml``,
    ``$XDG_CONFIG_HOME/homeward/homeward.yaml`` (``~/.config`` where that is not set; XDG Base
    Directory Specification 0.8, which also says that a relative path there does not count).
    """
    if said := environ.get("HOMEWARD_CONFIG"):
        path = Path(said).expanduser()
        if not path.is_file():
            raise ConfigError(
                f"$HOMEWARD_CONFIG names {said!r}, and there is no such file; mend or unset it"
            )
        return path
    home = Path(environ.get("XDG_CONFIG_HOME", ""))
    if not home.is_absolute():
        home = Path("~/.config").expanduser()
    here = (Path(NAME), home / "homeward" / NAME)
    return next((path for path in here if path.is_file()), None)
