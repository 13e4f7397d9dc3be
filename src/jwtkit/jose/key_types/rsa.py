"""RSA keys (RFC 7518 §6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from jwtkit.errors import ConfigurationError
from jwtkit.jose.key_types import engine
from jwtkit.jose.key_types.members import encode_integer, malformed, mismatch, positive_integer
from jwtkit.jose.key_types.rsa_strength import check_rsa_numbers

if TYPE_CHECKING:
    from jwtkit.jose.algorithms import Algorithm
    from jwtkit.jose.key_types.protocol import SignFunction, VerifyFunction

__all__ = ["RSAKeyType"]

_GENERATED_BITS = 2048
_FACTORS = ("p", "q", "dp", "dq", "qi")


class RSAKeyType:
    """``kty`` RSA: the algorithms RS* and PS*."""

    kty: ClassVar[str] = "RSA"
    symmetric: ClassVar[bool] = False
    private_names: ClassVar[frozenset[str]] = frozenset({"d", *_FACTORS, "oth"})

    def public_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``n`` and ``e``."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

        modulus, exponent = positive_integer(jwk, "n"), positive_integer(jwk, "e")
        check_rsa_numbers(modulus, exponent)
        return RSAPublicNumbers(exponent, modulus).public_key()

    def private_from_jwk(self, jwk: Mapping[str, Any], algorithm: Algorithm) -> Any:
        """Read ``d`` and either all of the factors or none, from which they are then recovered."""
        from cryptography.hazmat.primitives.asymmetric import rsa

        public = self.public_from_jwk(jwk, algorithm).public_numbers()
        exponent = positive_integer(jwk, "d")
        if exponent >= public.n:
            raise malformed("the JWK member 'd' must be less than 'n'")
        if "oth" in jwk:
            raise malformed("RSA keys with more than two primes (JWK member 'oth') are not supported")
        try:
            if any(name in jwk for name in _FACTORS):
                p, q, dp, dq, qi = (positive_integer(jwk, name) for name in _FACTORS)
            else:
                p, q = rsa.rsa_recover_prime_factors(public.n, public.e, exponent)
                dp, dq = rsa.rsa_crt_dmp1(exponent, p), rsa.rsa_crt_dmq1(exponent, q)
                qi = rsa.rsa_crt_iqmp(p, q)
            return rsa.RSAPrivateNumbers(p, q, exponent, dp, dq, qi, public).private_key()
        except ConfigurationError:
            raise
        except ValueError:
            raise mismatch("RSA") from None

    def holds(self, key: Any, algorithm: Algorithm, *, private: bool) -> bool:
        """Say whether it is an RSA key."""
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

        return isinstance(key, RSAPrivateKey if private else RSAPublicKey)

    def check(self, public: Any, algorithm: Algorithm) -> None:
        """Refuse a weak modulus and an odd exponent."""
        numbers = public.public_numbers()
        check_rsa_numbers(numbers.n, numbers.e)

    def public_of(self, private: Any) -> Any:
        """Return the public half."""
        return private.public_key()

    def public_members(self, public: Any, algorithm: Algorithm) -> dict[str, str]:
        """Return ``e``, ``kty`` and ``n``."""
        numbers = public.public_numbers()
        return {"e": encode_integer(numbers.e), "kty": self.kty, "n": encode_integer(numbers.n)}

    def private_members(self, private: Any) -> dict[str, str]:
        """Return ``d`` and the factors."""
        numbers = private.private_numbers()
        values = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        return {name: encode_integer(value) for name, value in zip(("d", *_FACTORS), values, strict=True)}

    def generate(self, algorithm: Algorithm) -> Any:
        """Make a key of 2048 bits: NIST SP 800-57 accepts it to 2030; import a PEM for a larger one."""
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

        return generate_private_key(65537, _GENERATED_BITS)

    def bind_verify(self, public: Any, algorithm: Algorithm) -> VerifyFunction:
        """Bind; a signature is as long as the modulus (RFC 8017 §8.1.2, §8.2.2).

        To `cryptography` directly: by PyJWT a check of PSS costs 6 % more (docs/adr/0009).
        """
        return engine.bind_directly(public.verify, (public.key_size + 7) // 8, *_scheme(algorithm))

    def bind_sign(self, private: Any, algorithm: Algorithm) -> SignFunction:
        """Bind."""
        sign, (padding, digest) = private.sign, _scheme(algorithm)

        def sign_input(signing_input: bytes) -> bytes:
            signature: bytes = sign(signing_input, padding, digest)
            return signature

        return sign_input


def _scheme(algorithm: Algorithm) -> tuple[Any, Any]:
    """Return padding and hash; of PSS the mask and the salt go by the hash too (RFC 7518 §3.3, §3.5)."""
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15

    digest = engine.hash_of(algorithm)
    if algorithm.name.startswith("RS"):
        return PKCS1v15(), digest
    return PSS(MGF1(digest), digest.digest_size), digest
