"""The built wheel, installed with no extras into an empty environment, does what the README says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, fences

pytestmark = pytest.mark.slow

# What `import jwtkit` must not load: engines, extras, and what is slow in the standard library.
LAZY = (
    "jwt",
    "cryptography",
    "sqlite3",
    "asyncio",
    "fastapi",
    "starlette",
    "pydantic",
    "pytest",
    "hypothesis",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source")
    # A copy: what is built is what the tree says, and nothing is written into it.
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)])
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory) -> Path:
    """Return the interpreter of an environment that holds the wheel and what it requires."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    interpreter = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ["install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel)]
    uv = shutil.which("uv")
    # As the tasks do: uv where it is there and works, which it may not behind a proxy of one's own.
    if uv is None or not all(
        _answer(command).returncode == 0
        for command in (
            [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(venv)],
            [uv, "pip", *install, "--python", str(interpreter)],
        )
    ):
        _run([sys.executable, "-m", "venv", "--clear", str(venv)])
        _run([str(interpreter), "-m", "pip", "--disable-pip-version-check", *install])
    return interpreter


def _answer(command: list[str], **options) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE", "VIRTUAL_ENV"))
    }
    environment.pop("PYTHONPATH", None)
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **options)


def _run(command: list[str], **options) -> str:
    answer = _answer(command, **options)
    assert answer.returncode == 0, f"{answer.stdout}\n{answer.stderr}"
    return answer.stdout


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "jwtkit/py.typed" in names
    assert "jwtkit/__init__.py" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"jwtkit"}


def test_the_wheel_requires_pyjwt_and_cryptography_only(wheel):
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    lines = archive.read(metadata).decode().splitlines()
    required = [line.removeprefix("Requires-Dist: ") for line in lines if line.startswith("Requires-Dist:")]
    assert sorted(line for line in required if "extra ==" not in line) == [
        "cryptography>=47",
        "pyjwt<3,>=2.15.1",
    ]


def test_nothing_else_is_installed_with_it(python):
    listed = _run(
        [str(python), "-c", "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"]
    )
    assert {name.lower() for name in listed.split()} - {"pip", "setuptools"} == {
        "cffi",
        "cryptography",
        "jwtkit",
        "pycparser",
        "pyjwt",
    }


def test_importing_it_loads_no_engine_and_no_extra(python, tmp_path):
    code = f"import sys, jwtkit; print(*(name for name in {LAZY!r} if name in sys.modules))"
    assert _run([str(python), "-c", code], cwd=tmp_path).split() == []


def test_the_quick_start_of_the_readme_runs_as_printed(python, tmp_path):
    first = next(fence for fence in fences(ROOT / "README.md") if fence.language == "python")
    (tmp_path / "quickstart.py").write_text(first.code, encoding="utf-8")
    assert len(first.code.strip().splitlines()) <= 12
    assert "client-42" in _run([str(python), "-W", "error", "quickstart.py"], cwd=tmp_path)


@pytest.mark.parametrize(
    ("use", "code", "extra"),
    [
        ("import jwtkit.adapters.fastapi", "configuration", "fastapi"),
        ("import jwtkit.adapters.django", "store.extra", "django"),
        ("import jwtkit.stores.redis", "store.extra", "redis"),
        ("open_store('redis://localhost:1/0')", "store.extra", "redis"),
        ("open_store('postgresql://localhost/orders')", "store.extra", "sql"),
        ("import jwtkit.testing.strategies", "configuration", "testing"),
        ("from jwtkit.testing import SessionStoreContract", "configuration", "testing"),
        ("from jwtkit.testing import AsyncSessionStoreContract", "configuration", "testing"),
    ],
)
def test_what_needs_an_extra_says_which(python, tmp_path, use, code, extra):
    program = f"""
import jwtkit
from jwtkit.stores.opening import open_store
try:
    {use}
except jwtkit.ConfigurationError as error:
    print(error.code, error.hint)
"""
    answer = _run([str(python), "-c", program], cwd=tmp_path)
    assert answer == f"{code} pip install 'jwtkit[{extra}]'\n"


def test_a_store_that_the_environment_names_says_which_extra_it_needs(python, tmp_path):
    """By its hint: the message of `from_env` repeats no other message."""
    program = """
import jwtkit
environ = {
    "JWTKIT_ISSUER": "https://orders.example",
    "JWTKIT_AUDIENCE": "orders-api",
    "JWTKIT_KEY": jwtkit.SigningKey.generate("ES256").unsafe_to_pem(),
    "JWTKIT_ROTATION_SECRET": jwtkit.RotationSecret.generate().to_text(),
    "JWTKIT_STORE": "valkey://sessions.internal",
}
try:
    jwtkit.TokenAuthority.from_env(environ=environ)
except jwtkit.ConfigurationError as error:
    print(error.code, error)
"""
    answer = _run([str(python), "-c", program], cwd=tmp_path)
    assert answer.startswith("environment ")
    assert "JWTKIT_STORE cannot be used (store.extra, pip install 'jwtkit[redis]')" in answer
