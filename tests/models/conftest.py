"""The scripts in models/ are no package; tests import them the way they import each other."""

import sys
from pathlib import Path

MODELS = Path(__file__).parents[2] / "models"

sys.path.insert(0, str(MODELS))
