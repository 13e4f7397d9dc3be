"""What every test shares: the Hypothesis profiles, and readable failures of the contract suites."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from tests.servers.fixtures import mariadb_server, postgres_server, sockets_left_open
from tests.servers.valkey_fixtures import (
    cluster_of_either,
    cluster_of_redis,
    cluster_of_tests,
    own_either,
    own_valkey,
    program,
    redis_server,
    valkey,
    valkey_or_redis,
)

__all__ = [
    "cluster_of_either",
    "cluster_of_redis",
    "cluster_of_tests",
    "mariadb_server",
    "own_either",
    "own_valkey",
    "postgres_server",
    "program",
    "redis_server",
    "sockets_left_open",
    "valkey",
    "valkey_or_redis",
]

# Before anything imports it: the contract suites are in the package, and their asserts explain themselves.
pytest.register_assert_rewrite("jwtkit.testing")

# Random on every run, with the blob to replay a failure printed: a fixed seed looks at one place only.
settings.register_profile("ci", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("ci"), max_examples=15)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=2000)
# The same few examples every time: whether a mutant is killed must not depend on the day.
settings.register_profile("mutation", settings.get_profile("quick"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

_RANDOM = re.compile(r"0x[0-9a-f]{6,}|[A-Za-z0-9_-]{30,}")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name long texts by their argument: secrets are random, and all workers must see the same ids."""
    longest = 12 if isinstance(val, bytes) else 40
    return argname if isinstance(val, str | bytes) and len(val) > longest else None


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Take addresses and key ids out of the ids that tests make by `repr`, for the same reason."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        if callable(mark.kwargs.get("ids")):
            mark.kwargs["ids"] = _without_randomness(mark.kwargs["ids"])


def _without_randomness(name_of: Callable[[object], object]) -> Callable[[object], object]:
    def name(value: object) -> object:
        given = name_of(value)
        return _RANDOM.sub("-", given) if isinstance(given, str) else given

    return name
