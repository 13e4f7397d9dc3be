"""The reference says everything the code does, and nothing it does not."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest
from tests.docs.codes import codes_in_source
from tests.docs.pages import ROOT

import jwtkit
from jwtkit.jose import ALGORITHMS
from jwtkit.tokens.profiles import PROFILES

REFERENCE = ROOT / "docs" / "reference"
_ROW = re.compile(r"^\| `(?P<code>[^`]+)` \|", re.MULTILINE)


def test_the_table_of_error_codes_is_complete():
    documented = _ROW.findall((REFERENCE / "errors.md").read_text(encoding="utf-8"))
    assert len(documented) == len(set(documented)), "a code is listed twice"
    assert set(documented) == codes_in_source()


def test_every_public_package_has_a_page():
    names = {module.name for module in pkgutil.iter_modules(jwtkit.__path__)}
    inside = {
        "authority",
        "issuer",
        "rotator",
        "validator",
        "adapters",
    }  # on the pages jwtkit.md and fastapi.md
    internal = {"forks"}
    assert {name for name in names - inside - internal if not (REFERENCE / f"{name}.md").exists()} == set()


def test_every_algorithm_is_in_the_table():
    text = (REFERENCE / "algorithms.md").read_text(encoding="utf-8")
    table = {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line)
    }
    assert set(ALGORITHMS) <= table


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_profile_is_described_as_it_is(profile):
    text = (REFERENCE / "profiles.md").read_text(encoding="utf-8")
    (row,) = (line for line in text.splitlines() if line.startswith(f"| `{profile.name}` |"))
    _, _, types, required, scopes, clients, *_ = row.split("|")
    assert {"none" if kind is None else kind for kind in profile.types} == set(
        re.findall(r"[\w+]+", types.lower())
    )
    if "the same and" in required:
        required += " `iss` `sub` `aud` `exp` `iat` `jti`"
    assert set(profile.required_claims) == set(re.findall(r"`(\w+)`", required))
    assert list(profile.scope_claims) == re.findall(r"`(\w+)`", scopes)
    assert list(profile.client_claims) == re.findall(r"`(\w+)`", clients)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".dangerous",
        ".errors",
        ".events",
        ".jose",
        ".keys",
        ".refresh",
        ".revocation",
        ".stores",
        ".testing",
        ".tokens",
        ".validator",
        ".web",
        ".adapters.fastapi",
    ],
)
def test_exported_names_are_sorted_and_there(name):
    module = importlib.import_module(f"jwtkit{name}")
    # Constants, then classes, then functions, each from A to Z: the order ruff keeps.
    constants = [export for export in module.__all__ if export.isupper()]
    classes = [export for export in module.__all__ if not export.isupper() and export[0].isupper()]
    functions = [export for export in module.__all__ if export[0].islower()]
    assert module.__all__ == sorted(constants) + sorted(classes) + sorted(functions)
    assert len(set(module.__all__)) == len(module.__all__)
    assert [export for export in module.__all__ if not hasattr(module, export)] == []
