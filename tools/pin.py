"""Write constraints.txt: names and versions that serve Python 3.11 to 3.13, no index and no hashes; needs uv."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# What the project is tested with: names and versions only, for every supported Python.
# Made by `make constraints`; users of the library are not bound by it.
"""
OURS = ("jwtkit", "orders")


def main() -> int:
    """Resolve everything the project and the order service need, newest versions first."""
    command = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--upgrade", "--fork-strategy", "fewest"]
    command += ["--group", "pyproject.toml:dev", "--extra", "fastapi", "--extra", "testing", "pyproject.toml"]
    example = ROOT / "examples" / "orders" / "pyproject.toml"
    if example.exists():
        command += [str(example), "--all-extras"]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    lines = [line for line in answer.stdout.splitlines() if re.match(r"[a-z0-9]", line) and not _ours(line)]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(lines)} pins")
    return 0


def _ours(line: str) -> bool:
    return re.split(r"[ =@<>!~]", line)[0].startswith(OURS)


if __name__ == "__main__":
    sys.exit(main())
