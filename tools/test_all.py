"""Run the tests on every supported Python that is installed, each in its own environment under .venvs/."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUPPORTED = ("3.11", "3.12", "3.13")


def main() -> int:
    """Run them one after another and say for each version whether it passed, failed or is missing."""
    results = {version: _test(version) for version in SUPPORTED}
    print("\n" + "\n".join(f"Python {version}: {result}" for version, result in results.items()))
    if "failed" in results.values() or not any(result == "passed" for result in results.values()):
        return 1
    return 0


def _test(version: str) -> str:
    python = next((found for found in _candidates(version) if _is(found, version)), None)
    if python is None:
        return "not installed, not tested"
    print(f"\n== Python {version}: {python}", flush=True)
    venv = f".venvs/{version}"
    bootstrap = [sys.executable, "tools/bootstrap.py", "dev", "--venv", venv, "--python", python]
    if subprocess.run(bootstrap, cwd=ROOT, check=False).returncode:
        return "failed"
    tests = [
        str(ROOT / venv / "bin" / "python"),
        "-m",
        "pytest",
        "--numprocesses=auto",
        "--dist=worksteal",
        "-q",
    ]
    tests += os.environ.get("PYTEST_ARGS", "").split()
    return "failed" if subprocess.run(tests, cwd=ROOT, check=False).returncode else "passed"


def _candidates(version: str) -> Iterator[str]:
    """Every place an interpreter of that version may be; some of them are shims that fail."""
    if _is(sys.executable, version):
        yield sys.executable
    for name in (f"python{version}", "python3"):
        if found := shutil.which(name):
            yield found
    yield f"/usr/bin/python{version}"
    for command in (["uv", "python", "find", "--no-project", version], ["pyenv", "prefix", version]):
        if shutil.which(command[0]) is None:
            continue
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
        place = answer.stdout.strip()
        if answer.returncode == 0 and place:
            yield place if command[0] == "uv" else str(Path(place) / "bin" / f"python{version}")


def _is(python: str, version: str) -> bool:
    probe = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(probe, capture_output=True, text=True, check=False, cwd=ROOT)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version


if __name__ == "__main__":
    sys.exit(main())
