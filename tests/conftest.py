"""What every test shares: the Hypothesis profiles, and readable failures of the contract suites."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

# Before anything imports it: the contract suites are in the package, and their asserts explain themselves.
pytest.register_assert_rewrite("jwtkit.testing")

# Random on every run, with the blob to replay a failure printed: a fixed seed looks at one place only.
settings.register_profile("ci", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("ci"), max_examples=15)
settings.register_profile("thorough", settings.get_profile("ci"), max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name long texts by their argument: secrets are random, and all workers must see the same ids."""
    return argname if isinstance(val, str | bytes) and len(val) > 40 else None
