"""A service of the tests: one rotator over the Django store, as a process of a project has it."""

from __future__ import annotations

from datetime import timedelta

from jwtkit import RefreshPolicy, RotationSecret, SigningKey, TokenAuthority
from jwtkit.adapters.django import DjangoSessionStore

ISSUER, AUDIENCE = "https://orders.example", "orders-api"
KEY, SECRET = SigningKey.generate("ES256"), RotationSecret.generate()


def authority(store: DjangoSessionStore, *, retry_window: float = 0) -> TokenAuthority:
    return TokenAuthority(
        ISSUER,
        audience=AUDIENCE,
        keys=KEY,
        store=store,
        secret=SECRET,
        policy=RefreshPolicy(retry_window=timedelta(seconds=retry_window)),
    )
