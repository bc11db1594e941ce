"""What the package ships, loaded by its path: nothing else of the package is needed here."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

BOX = Path(__file__).parent.parent / "src" / "homeward" / "box"


def loaded(name: str) -> ModuleType:
    spec = spec_from_file_location(f"shipped_{name.strip('_')}", BOX / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


box = loaded("__init__")
router = loaded("router")
