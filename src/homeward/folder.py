"""Where Homeward keeps what it must find again: models that were pulled, keys, the ledger."""

import os
from pathlib import Path


def data_folder() -> Path:
    """``$HOMEWARD_HOME``, else ``$XDG_DATA_HOME/homeward``, else ``~/.local/share/homeward``.

    A relative path in ``XDG_DATA_HOME`` does not count (XDG Base Directory Specification 0.8).
    """
    if own := os.environ.get("HOMEWARD_HOME"):
        return Path(own).expanduser()
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not data.is_absolute():
        data = Path("~/.local/share").expanduser()
    return data / "homeward"
