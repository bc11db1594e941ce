"""Models that one can run at home: shapes, licences, tags and repositories, each with its source.

`find` takes a name as people write it. ``models/catalogue/build.py`` makes the files read here.
"""

from homeward.machine.catalogue.catalogue import entries
from homeward.machine.catalogue.licences import licence, licences
from homeward.machine.catalogue.names import Named, find, parse

__all__ = ["Named", "entries", "find", "licence", "licences", "parse"]
