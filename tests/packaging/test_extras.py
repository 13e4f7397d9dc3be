"""An extra that a message or a page names is there, and brings what it is named for."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import packages_distributions, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.docs.pages import ROOT, every_page

from jwtkit.stores.sql.dialects import DIALECTS
from jwtkit.stores.sql.engines import _EXTRAS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]

# jwtkit[sql], '.[fastapi,postgresql]', '/path/to/jwtkit[fastapi]'
NAMED = re.compile(r"(?:jwtkit|[\"'\s]\.)\[([a-z][a-z,-]*)\]")

# The packages that code of the library imports only where an extra brought them.
NEEDED = {
    **_EXTRAS,
    "sqlalchemy": "sql",
    "redis": "redis",
    "django": "django",
    "fastapi": "fastapi",
    "pytest": "testing",
    "hypothesis": "testing",
}


def named_in(paths) -> set[str]:
    found = (NAMED.findall(path.read_text(encoding="utf-8")) for path in paths)
    return {name for matches in found for match in matches for name in match.split(",")}


def brought_by(extra: str) -> dict[str, Requirement]:
    """What an extra asks for, by the distribution's name; another extra of jwtkit is followed."""
    brought: dict[str, Requirement] = {}
    for requirement in map(Requirement, EXTRAS[extra]):
        if requirement.name == "jwtkit":
            for name in requirement.extras:
                brought.update(brought_by(name))
        else:
            brought[canonicalize_name(requirement.name)] = requirement
    return brought


def test_every_extra_that_a_message_names_is_there_and_the_other_way_round():
    named = named_in((ROOT / "src").rglob("*.py")) | set(_EXTRAS.values())
    assert named == set(EXTRAS)


def test_every_extra_that_a_page_names_is_there():
    named = named_in([*every_page(), *(ROOT / "examples").glob("*/pyproject.toml")])
    assert {"fastapi", "django", "postgresql", "redis"} <= named
    assert named <= set(EXTRAS)


@pytest.mark.parametrize(("module", "extra"), NEEDED.items())
def test_the_extra_named_for_a_module_brings_it(module, extra):
    """In a version that the tests are run with."""
    (distribution,) = {canonicalize_name(name) for name in packages_distributions()[module]}
    brought = brought_by(extra)
    if module == "greenlet":
        # Which SQLAlchemy brings, when asked for its asyncio.
        assert brought["sqlalchemy"].extras == {"asyncio"}
    else:
        assert brought[distribution].specifier.contains(version(distribution))


def test_every_driver_has_an_extra():
    drivers = {driver for row in DIALECTS.values() for names in row.drivers.values() for driver in names}
    assert drivers - set(_EXTRAS) == {"pysqlite"}
    for driver in drivers & set(_EXTRAS):
        assert "sqlalchemy" in brought_by(_EXTRAS[driver])
