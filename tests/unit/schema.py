#!/usr/bin/python3
"""parry schema against an independent validator: what `parry check` takes, it takes; what is
wrong in form, it refuses at the right place; each example in it is one of its own.

schema.py PARRY SOURCE
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"SKIP: {error} (Debian: python3-jsonschema, python3-yaml)")
    sys.exit(77)


class Core(yaml.CSafeLoader):
    """YAML 1.2's core schema, as editors read files: no dates, no octal by a leading 0.

    By libyaml, as Parry reads: PyYAML itself stops at a "?" within a flow mapping."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


def construct_int(loader, node):
    text = node.value
    return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)


Core.add_constructor("tag:yaml.org,2002:int", construct_int)

GOOD = """\
parry: 1
drill: {name: t, start: 2026-11-13T09:00, duration: 4h}
teams: {health: {side: blue}}
"""

# What is put behind GOOD, and where the schema must point.
WRONG = (
    ("phases: {play: {until: end, scores: true}}", ["phases", "play"]),
    ("phases: {play: {until: end, lasts: 2h}}", ["phases", "play"]),
    ("phases: {play: {score: true}}", ["phases", "play"]),
    ("phases: {play: {until: 25}}", ["phases", "play", "until"]),
    ("phases: {play: {until: 1h30}}", ["phases", "play", "until"]),
    ("networks: {Wire: {cidr: 10.0.0.0/24}}", ["networks"]),
    ("networks: {wire: {cidr: 10.0.0.0}}", ["networks", "wire", "cidr"]),
    ("networks: {wire: {}}", ["networks", "wire"]),
    ("networks: [wire]", ["networks"]),
    ("scope: {max-risk: none}", ["scope", "max-risk"]),
    ("scope: {allow: [T1110.1]}", ["scope", "allow", 0]),
    ("scope: {allow: T1110}", ["scope", "allow"]),
    ("scope: {authorised-by: 12}", ["scope", "authorised-by"]),
    ("scoring: {cap: 0}", ["scoring", "cap"]),
    ("scoring: {weights: {injects: 120%}}", ["scoring", "weights", "injects"]),
    ("estates: {e: {hosts: {h: {image: micro, nics: {w: 10.0.0}}}}}",
     ["estates", "e", "hosts", "h", "nics", "w"]),
    ("estates: {e: {hosts: {h: {image: micro, memory: 96}}}}",
     ["estates", "e", "hosts", "h", "memory"]),
    ("injects: {i: {at: 5m, message: {to: [blue], subject: {}, body: x}}}",
     ["injects", "i", "message", "subject"]),
    ("injects: {i: {at: 5m, attack: {run: x}, message: {to: blue, subject: s, body: b}}}",
     ["injects", "i"]),
    ("injects: {i: {at: 5m}}", ["injects", "i"]),
)

bad = 0


def fail(text):
    global bad
    bad += 1
    print(text)


def load(path):
    return yaml.load(pathlib.Path(path).read_text(encoding="utf-8"), Core)


def places(validator, value):
    """Where the findings are, as paths into the file."""
    return [list(error.absolute_path) for error in validator.iter_errors(value)]


def check_files(parry, source, validator):
    taken = 0
    for path in sorted(source.glob("examples/*.yaml")) + sorted(source.glob("tests/**/*.yaml")):
        done = subprocess.run([parry, "check", path], capture_output=True, check=False)
        if done.returncode != 0:
            if path.parent.name == "examples":
                fail(f"{path}: parry check refuses it: {done.stderr.decode()}")
            continue
        taken += 1
        for error in validator.iter_errors(load(path)):
            where = "/".join(map(str, error.absolute_path))
            fail(f"{path}: {where}: parry check takes it, the schema does not: {error.message[:300]}")
    print(f"{taken} files taken by both")
    if taken < 4:
        fail("fewer files than there are examples")


def check_wrong(parry, validator, part):
    if places(validator, yaml.load(GOOD, Core)):
        fail("the schema refuses the file that the wrong ones are made from")
    for text, where in WRONG:
        found = places(validator, yaml.load(GOOD + text + "\n", Core))
        if found != [where]:
            fail(f"{text}: the schema points at {found}, not at {where}")
        with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
            file.write((GOOD + text).encode())
            file.flush()
            done = subprocess.run([parry, "check", "--json", file.name], capture_output=True, check=False)
        lines = [one["line"] for one in json.loads(done.stdout) if one["severity"] == "error"]
        if done.returncode != 2 or set(lines) != {4}:
            fail(f"{text}: the schema refuses it, parry check finds errors in lines {lines}")
    for text in ("includes: [more.yaml]", "defaults: {team: {side: blue}}"):
        for found in places(validator, yaml.load(f"parry: 1\n{text}\nteams: {{lands: {{}}}}", Core)):
            fail(f"{text}: the rest may stand there, but the schema points at {found}")
    lone = {"teams": {"health": {"side": "blue"}}}
    if not places(validator, lone) or places(part, lone):
        fail("only a part of a scenario may lack `drill`")


def check_examples(schema):
    """Each example of each key is valid where it stands, and each default is."""
    seen = 0
    for name, table in schema["$defs"].items():
        for key, value in table["properties"].items():
            own = {"$defs": schema["$defs"], **value}
            validator = jsonschema.Draft202012Validator(own)
            for example in value.get("examples", []) + [value[k] for k in ("default",) if k in value]:
                seen += 1
                for error in validator.iter_errors(example):
                    fail(f"{name}.{key}: {example!r}: {error.message[:300]}")
    print(f"{seen} examples and defaults")


def main(parry, source):
    def made(*options):
        return json.loads(subprocess.run([parry, "schema", *options], capture_output=True, check=True).stdout)

    schema, part = made(), made("--part")
    for one in (schema, part):
        jsonschema.Draft202012Validator.check_schema(one)
    validator = jsonschema.Draft202012Validator(schema)
    check_files(parry, source, validator)
    check_wrong(parry, validator, jsonschema.Draft202012Validator(part))
    check_examples(schema)
    return 1 if bad else 0


sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2])))
