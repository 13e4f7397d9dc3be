"""Write constraints.txt: names and versions that serve Python 3.11 to 3.13, no index, no hashes."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "orders" / "pyproject.toml"
HEADER = """\
# What the project is tested with: names and versions only, for every supported Python.
# Made by `make constraints`; users of the library are not bound by it.
"""


def main() -> int:
    """Resolve everything the project and the order service need, newest versions first."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--upgrade"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--fork-strategy", "fewest"]
    command += ["--group", "pyproject.toml:dev", "--group", "pyproject.toml:bench"]
    command += ["--group", "pyproject.toml:bench-stores"]
    command += ["--group", "pyproject.toml:fuzz", "--group", "pyproject.toml:mutation"]
    command += ["--all-extras", "pyproject.toml", "-"]
    answer = subprocess.run(
        command,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        input="\n".join(_example_requirements()),
    )
    pins = [line for line in answer.stdout.splitlines() if re.match(r"[a-z0-9]", line)]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(pins)} pins")
    return 0


def _example_requirements() -> list[str]:
    """What the order service needs besides jwtkit itself, which no index has at this version."""
    project = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project.get("optional-dependencies", {}).values()]
    return [entry for group in groups for entry in group if not re.match(r"jwtkit\b", entry)]


if __name__ == "__main__":
    sys.exit(main())
