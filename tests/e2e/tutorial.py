#!/usr/bin/env python3
"""docs/tutorial.md: each step passes `parry check`, the first is examples/ten-lines.yaml,
and the last is part of examples/first-drill.yaml.

usage: tutorial.py PARRY SOURCE-DIR SCRATCH-DIR
"""
import pathlib
import re
import subprocess
import sys

import yaml


class Texts(yaml.SafeLoader):
    """Scalars stay the text that stands in the file."""


Texts.yaml_implicit_resolvers = {}


def merged(old, new):
    """A key that is there gets the new value, a list is replaced, all else stays."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    out = dict(old)
    for key, value in new.items():
        out[key] = merged(old[key], value) if key in old else value
    return out


def missing(part, whole, path=""):
    """Paths of what is in `part` and not, or not so, in `whole`. The drill's last step leaves
    lists that first-drill.yaml makes longer: their items must all be there."""
    if isinstance(part, dict) and isinstance(whole, dict):
        for key, value in part.items():
            if key not in whole:
                yield f"{path}/{key}"
            else:
                yield from missing(value, whole[key], f"{path}/{key}")
    elif isinstance(part, list) and isinstance(whole, list):
        for item in part:
            if item not in whole:
                yield f"{path}: {item!r}"
    elif part != whole:
        yield f"{path}: {part!r} is {whole!r}"


def main(parry, source, scratch):
    source, scratch = pathlib.Path(source), pathlib.Path(scratch)
    page = (source / "docs/tutorial.md").read_text(encoding="utf-8")
    steps = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    if len(steps) < 7:
        sys.exit(f"docs/tutorial.md: only {len(steps)} steps were found")
    if steps[0] != (source / "examples/ten-lines.yaml").read_text(encoding="utf-8"):
        sys.exit("docs/tutorial.md: step 1 is not examples/ten-lines.yaml")
    scenario = {}
    for number, text in enumerate(steps, 1):
        scenario = merged(scenario, yaml.load(text, Loader=Texts))
        file = scratch / f"step-{number}.yaml"
        file.write_text(yaml.safe_dump(scenario, allow_unicode=True, sort_keys=False),
                        encoding="utf-8")
        run = subprocess.run([parry, "check", file], capture_output=True, text=True)
        if run.returncode or "error:" in run.stderr:
            sys.exit(f"docs/tutorial.md: step {number} is wrong:\n{run.stderr}")
        print(f"step {number}: {run.stdout.strip()}")
    whole = yaml.load((source / "examples/first-drill.yaml").read_text(encoding="utf-8"),
                      Loader=Texts)
    lost = list(missing(scenario, whole))
    if lost:
        sys.exit("docs/tutorial.md: not in examples/first-drill.yaml:\n" + "\n".join(lost))
    print("the last step is part of examples/first-drill.yaml")


main(*sys.argv[1:])
