"""Which encodings of Edwards curve points are refused as public keys (RFC 8032 §5.1.3, §5.2.3).

A point of small order verifies signatures nobody made: for the neutral element any message goes with
any S. A second encoding of a point would give one key two thumbprints. Neither is ever a real key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jwtkit.jose.key_types.members import malformed, weak

__all__ = ["check_edwards_point"]


@dataclass(frozen=True, slots=True)
class _Curve:
    """The curve ``a*x**2 + y**2 = 1 + d*x**2*y**2`` modulo `prime`, and the y of its small-order points."""

    prime: int
    a: int
    d: int
    sign_bit: int
    small_order: frozenset[int]


_P25519: Final = 2**255 - 19
_P448: Final = 2**448 - 2**224 - 1

# y of the four points of order 8 on Ed25519, up to sign: doubled they have y = 0, so d*y**4 + 2*y**2 = 1.
_Y8: Final = 0x5FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_CURVES: Final = {
    "Ed25519": _Curve(
        prime=_P25519,
        a=-1,
        d=-121665 * pow(121666, -1, _P25519) % _P25519,
        sign_bit=255,
        small_order=frozenset({0, 1, _P25519 - 1, _Y8, _P25519 - _Y8}),
    ),
    "Ed448": _Curve(
        prime=_P448, a=1, d=-39081 % _P448, sign_bit=455, small_order=frozenset({0, 1, _P448 - 1})
    ),
}


def check_edwards_point(encoded: bytes, name: str) -> None:
    """Refuse what is not the one encoding of a point of large order.

    Args:
        encoded: The public key, as long as the curve's keys are.
        name: ``Ed25519`` or ``Ed448``.

    Raises:
        ConfigurationError: ``key.malformed``: not canonical, or not on the curve; ``key.weak``: of small
            order.
    """
    curve = _CURVES[name]
    y = int.from_bytes(encoded, "little") & ~(1 << curve.sign_bit)
    if y >= curve.prime:
        raise malformed(f"the {name} public key is not canonically encoded")
    if y in curve.small_order:
        raise weak(f"the {name} public key is a point of small order", "generate a new key")
    # x**2 = (1 - y**2) / (a - d*y**2), which Euler's criterion must find to be a square. The divisor is
    # never zero (a/d is no square), and multiplying by it instead of dividing keeps the criterion's answer.
    square = (1 - y * y) * (curve.a - curve.d * y * y) % curve.prime
    if pow(square, (curve.prime - 1) // 2, curve.prime) != 1:
        raise malformed(f"the {name} public key is not a point of its curve")
