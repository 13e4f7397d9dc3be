"""Which RSA moduli and exponents are refused, and why (RFC 7518 §3.3, RFC 8725 §3.5)."""

from __future__ import annotations

from functools import cache
from typing import Final

from jwtkit.jose.key_types.members import weak

__all__ = ["MAX_BITS", "MIN_BITS", "check_rsa_numbers"]

MIN_BITS: Final = 2048
MAX_BITS: Final = 16384
_MAX_EXPONENT: Final = 1 << 64

# The odd primes up to 167: the moduli by which the vulnerable Infineon library built its primes.
_SMALL_PRIMES: Final = (
    *(3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97),
    *(101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167),
)  # fmt: skip


def check_rsa_numbers(modulus: int, exponent: int) -> None:
    """Refuse an RSA public key that is too short, too costly, or recognisably badly made.

    Exponents: 1 makes every signature its own message and an even one has no inverse. 3 is sound with
    the padding checks in use here, and still found in the field, so it is taken. Beyond 64 bits a
    public exponent buys nothing and makes every verification a denial of service; so does a modulus
    beyond 16384 bits.

    Raises:
        ConfigurationError: ``key.weak``.
    """
    bits = modulus.bit_length()
    if bits < MIN_BITS:
        raise weak(f"the RSA key has {bits} bits; at least {MIN_BITS} are required", "generate a new key")
    if bits > MAX_BITS:
        raise weak(f"the RSA key has {bits} bits; at most {MAX_BITS} are allowed", "use 2048 to 4096 bits")
    if exponent < 3 or exponent % 2 == 0 or exponent >= _MAX_EXPONENT:
        raise weak("the RSA public exponent must be odd, at least 3 and below 2**64", "use 65537")
    if modulus % 2 == 0 or any(modulus % prime == 0 for prime in _SMALL_PRIMES):
        raise weak("the RSA modulus has a small factor", "generate a new key")
    if all(modulus % prime in residues for prime, residues in _roca_residues()):
        raise weak("the RSA key has the ROCA fingerprint (CVE-2017-15361)", "generate a new key elsewhere")


@cache
def _roca_residues() -> tuple[tuple[int, frozenset[int]], ...]:
    """Return, for each small prime, the subgroup that 65537 generates modulo it.

    The vulnerable library made each prime as ``k * M + 65537**a mod M`` with M the product of these small
    primes, so its moduli too are powers of 65537 modulo every one of them. A sound modulus is so for all
    of them about once in 2**27.
    """
    found = []
    for prime in _SMALL_PRIMES:
        residues, power = set[int](), 1
        while power not in residues:
            residues.add(power)
            power = power * 65537 % prime
        found.append((prime, frozenset(residues)))
    return tuple(found)
