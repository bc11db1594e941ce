"""Models that one can run at home: shapes, licences, tags and repositories, each with its source.

`find` takes a name as people write it. ``models/catalogue/build.py`` makes the files read here.
"""

from homeward.machine.catalogue.names import Named, find, parse
from homeward.machine.catalogue.rows import entries, licence, licences

__all__ = ["Named", "entries", "find", "licence", "licences", "parse"]
