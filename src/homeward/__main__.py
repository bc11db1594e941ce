"""``python -m homeward``."""

import sys

try:
    from homeward.cli import main

    main()
except KeyboardInterrupt:
    sys.exit(130)
