"""Configuration: one YAML file, from which the tree of models is built.

A node is a constructor call, ``{kind: {field: value}}``; a bare string where a model belongs is
a reference. A list or a scalar instead of the fields is the first field. The constructor's
signature is the schema, so nothing here knows what any kind takes.

    models:
      small: {ollama: {model: "qwen3:4b"}}
      cloud: {openai: {model: gpt-5.2, api_key: "${OPENAI_API_KEY}"}}
      auto: {fallback: [small, cloud]}

Models in a list are called as they are referred to, and ``[a, a]`` are ``a`` and ``a#2``. A kind
of your own is ``package.module:Name``. ``${VAR}`` and ``${VAR:-default}`` are variables, ``$${``
is a plain ``${``. Relative paths start from the file's directory.

Beside ``models`` a file may have ``default``, the model that is asked when none is named (else
the one called ``auto``, else the last), and ``clearance``, how far questions may travel (else
``world``: naming a hosted model in the file is the permission), and ``policy``, what the licences
of its models may be (`homeward.policy.Policy`).
"""

from homeward.config.build import Around
from homeward.config.file import Config, WrongFile, load, parse
from homeward.config.items import Problem
from homeward.config.json_schema import schema
from homeward.config.paths import find

__all__ = ["Around", "Config", "Problem", "WrongFile", "find", "load", "parse", "schema"]
