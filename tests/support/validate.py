#!/usr/bin/env python3
"""Validates YAML files by a JSON Schema, as the language server of an editor does, with a validator that is not ours.

    validate.py SCHEMA FILE…      by this schema
    validate.py --modeline FILE…  each by the schema that its first lines name

Prints a line for each file: `FILE: ok`, or `FILE: not valid: ` and what is wrong. Exit status 0 when all were looked at.
"""

import json
import pathlib
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.2 as the engine reads it: `yes` and a date are texts."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?[0-9]+\.[0-9]*$", "-+0123456789"),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
]:
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def schema_named_by(file):
    for line in file.read_text().splitlines():
        if found := re.match(r"# yaml-language-server: \$schema=(\S+)$", line):
            return file.parent / found.group(1)
    sys.exit(f"{file}: it has no line '# yaml-language-server: $schema=PATH'")


def what_is_wrong(file, schema):
    try:
        tree = yaml.load(file.read_bytes(), Loader)
    except (yaml.YAMLError, UnicodeDecodeError):
        return "not YAML"
    errors = sorted(schema.iter_errors(tree), key=lambda e: list(map(str, e.absolute_path)))
    return "; ".join("/".join(map(str, e.absolute_path)) + ": " + e.message.splitlines()[0][:200] for e in errors)


def main(arguments):
    by_modeline = arguments[0] == "--modeline"
    for name in arguments[1:]:
        file = pathlib.Path(name)
        schema = json.loads((schema_named_by(file) if by_modeline else pathlib.Path(arguments[0])).read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        wrong = what_is_wrong(file, jsonschema.Draft7Validator(schema))
        print(f"{name}: " + (f"not valid: {wrong}" if wrong else "ok"))


main(sys.argv[1:])
