"""Make the project's virtual environment, or bring it up to date; the Makefile runs this before every task.

    python3 tools/bootstrap.py {bench,bench-stores,demo,dev,fuzz,mutation} [--venv .venv] [--python PYTHON]

Needs nothing but Python 3.11: `uv` does the work where it is present and works, `venv` and `pip` otherwise.
Installs jwtkit and the order service editable, with a dependency group of pyproject.toml, at the versions
of constraints.txt. Does nothing when none of these files changed since the last time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has no fcntl; there two runs at once are the user's care
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
PROJECTS = (ROOT / "pyproject.toml", ROOT / "examples" / "orders" / "pyproject.toml")
EXTRAS = {
    "bench": "testing",
    "bench-stores": "mariadb,postgresql,postgresql-async,redis",
    "demo": "fastapi",
    "dev": "fastapi,testing",
    "fuzz": "testing",
    "mutation": "fastapi,testing",
}


def main() -> int:
    """Bring the environment up to date and say in one line what was done."""
    arguments = _arguments()
    venv = (ROOT / arguments.venv).absolute()
    venv.parent.mkdir(parents=True, exist_ok=True)
    with _locked(venv.with_name(venv.name + ".lock")):
        if _is_current(venv, arguments.group):
            return 0
        print(f"installing the {arguments.group!r} set into {arguments.venv} …", flush=True)
        requirements = [*_group(arguments.group), *_editables(arguments.group)]
        uv = _working_uv()
        if not (uv and _install_with_uv(uv, venv, arguments.python, requirements)):
            _install_with_pip(venv, arguments.python, requirements)
        _stamp(venv, arguments.group).write_text(_fingerprint(), encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("group", choices=sorted(EXTRAS))
    parser.add_argument("--venv", default=".venv", help="where the environment is, from the project's root")
    parser.add_argument("--python", default=sys.executable, help="the interpreter it is made with")
    return parser.parse_args()


def _group(name: str) -> list[str]:
    """Flatten one PEP 735 group; an older pip than 25.1 cannot read them itself."""
    groups = tomllib.loads(PROJECTS[0].read_text(encoding="utf-8"))["dependency-groups"]
    flat: list[str] = []
    for entry in groups[name]:
        flat += [entry] if isinstance(entry, str) else _group(entry["include-group"])
    return flat


def _editables(group: str) -> list[str]:
    editables = ["-e", f"{ROOT}[{EXTRAS[group]}]"]
    for project in PROJECTS[1:]:
        if project.exists():
            editables += ["-e", str(project.parent)]
    return editables


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in (*PROJECTS, CONSTRAINTS, Path(__file__)):
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def _stamp(venv: Path, group: str) -> Path:
    return venv / f".installed-{group}"


def _is_current(venv: Path, group: str) -> bool:
    """Whether this set, or the larger one that holds it, is installed as the files ask now."""
    wanted = _fingerprint()
    for candidate in (group, "dev"):
        stamp = _stamp(venv, candidate)
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted and _python(venv).exists():
            return True
    return False


def _python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _working_uv() -> str | None:
    uv = shutil.which("uv")
    if uv is None or os.environ.get("JWTKIT_NO_UV"):
        return None
    # A version manager leaves shims that exist and fail.
    answer = subprocess.run([uv, "--version"], capture_output=True, check=False, cwd=ROOT)
    return uv if answer.returncode == 0 else None


def _install_with_uv(uv: str, venv: Path, python: str, requirements: list[str]) -> bool:
    try:
        if not _python(venv).exists():
            _run([uv, "venv", "--quiet", "--no-project", "--clear", "--python", python, str(venv)])
        _run(
            [
                uv,
                "pip",
                "install",
                "--quiet",
                "--python",
                str(_python(venv)),
                "-c",
                str(CONSTRAINTS),
                *requirements,
            ]
        )
    except subprocess.CalledProcessError:
        print("uv could not install it; trying venv and pip instead", file=sys.stderr, flush=True)
        return False
    return True


def _install_with_pip(venv: Path, python: str, requirements: list[str]) -> None:
    try:
        # An environment that uv made holds no pip.
        if not _python(venv).exists() or not _has_pip(venv):
            _run([python, "-m", "venv", "--clear", str(venv)])
    except subprocess.CalledProcessError:
        sys.exit(
            "This Python cannot make a virtual environment. On Debian and Ubuntu install python3-venv; "
            "anywhere, installing uv helps as well."
        )
    try:
        _run(
            [
                str(_python(venv)),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "-c",
                str(CONSTRAINTS),
                *requirements,
            ]
        )
    except subprocess.CalledProcessError:
        sys.exit("pip could not install the project's requirements; its own message is above.")


def _has_pip(venv: Path) -> bool:
    probe = [str(_python(venv)), "-m", "pip", "--version"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _run(command: list[str]) -> None:
    # An environment the caller is in must not be mistaken for ours.
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


class _locked:  # noqa: N801 - reads as a verb where it is used
    """Keep two `make` runs from building one environment at the same time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("w")
        if fcntl is not None:
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


if __name__ == "__main__":
    sys.exit(main())
