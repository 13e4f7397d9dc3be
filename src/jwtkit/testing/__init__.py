"""What tests of code that uses jwtkit need: a clock, tokens without keys, strategies, contract suites.

Everything is loaded when it is first used, so that an application's tests need neither pytest nor
Hypothesis installed for the parts that do without. pytest fixtures are opted into with
``pytest_plugins = ["jwtkit.testing.pytest_plugin"]``; Hypothesis strategies are in
`jwtkit.testing.strategies`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jwtkit.testing.clock import ManualClock
    from jwtkit.testing.session_store import AsyncSessionStoreContract, SessionStoreContract
    from jwtkit.testing.tokens import verified_token

__all__ = ["AsyncSessionStoreContract", "ManualClock", "SessionStoreContract", "verified_token"]

_HOMES = {
    "AsyncSessionStoreContract": "jwtkit.testing.session_store",
    "ManualClock": "jwtkit.testing.clock",
    "SessionStoreContract": "jwtkit.testing.session_store",
    "verified_token": "jwtkit.testing.tokens",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name.endswith("Contract"):
        try:
            import pytest
        except ImportError as error:
            from jwtkit.errors import ConfigurationError

            raise ConfigurationError(
                f"jwtkit.testing.{name} needs pytest", hint="pip install 'jwtkit[testing]'"
            ) from error

        # Before the import: failing assertions of the laws then show their values, as a test's own do.
        pytest.register_assert_rewrite(home)
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
