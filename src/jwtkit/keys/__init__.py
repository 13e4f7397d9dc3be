"""Where keys live: the protocols, and the stores that need nothing but this library."""

from __future__ import annotations

from jwtkit.keys.protocols import (
    AsyncRefreshable,
    AsyncSigner,
    AsyncSigningKeyStore,
    Refreshable,
    Signer,
    SigningKeyStore,
    VerificationKeyStore,
)
from jwtkit.keys.static import StaticKeyStore

__all__ = [
    "AsyncRefreshable",
    "AsyncSigner",
    "AsyncSigningKeyStore",
    "Refreshable",
    "Signer",
    "SigningKeyStore",
    "StaticKeyStore",
    "VerificationKeyStore",
]
