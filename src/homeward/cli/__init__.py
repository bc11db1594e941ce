"""The command line: parse and call. One file per command."""

import sys


def main() -> None:
    """The program. To import it takes long enough to be interrupted too."""
    try:
        from homeward.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)
