"""The few points of Ed25519 that attackers like, worked out from the curve's equation (RFC 8032 §5.1)."""

from __future__ import annotations

from functools import cache
from typing import Final

__all__ = ["ORDER", "P", "off_curve_encodings", "second_encodings", "small_order_encodings"]

P: Final = 2**255 - 19
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""L: the order of the base point."""

_D: Final = -121665 * pow(121666, -1, P) % P


def _square_root(value: int) -> int | None:
    candidate = pow(value, (P + 3) // 8, P)
    for factor in (1, pow(2, (P - 1) // 4, P)):
        if (candidate * factor) ** 2 % P == value % P:
            return candidate * factor % P
    return None


@cache
def small_order_encodings() -> dict[str, bytes]:
    """The points whose order divides 8, with either sign bit.

    Doubling a point of order 8 gives one of order 4, which has y = 0: so d*y**4 + 2*y**2 - 1 = 0.
    """
    ordinates = {"order-1": 1, "order-2": P - 1, "order-4": 0}
    root = _square_root(1 + _D)
    assert root is not None
    for sign in (1, -1):
        y = _square_root((sign * root - 1) * pow(_D, -1, P))
        if y is not None:
            ordinates |= {"order-8": y, "order-8-negative": P - y}
    assert len(ordinates) == 5
    return {
        f"{name}{'-signed' if sign else ''}": _encoded(y, sign)
        for name, y in ordinates.items()
        for sign in (0, 1)
    }


def second_encodings() -> dict[str, bytes]:
    """What decoders that reduce y modulo p take for points: y from p to 2**255 - 1."""
    return {
        f"p+{more}{'-signed' if sign else ''}": _encoded(P + more, sign)
        for more in range(19)
        for sign in (0, 1)
    }


@cache
def off_curve_encodings(count: int = 10) -> tuple[bytes, ...]:
    """Values of y for which x**2 = (y**2 - 1) / (d*y**2 + 1) has no root."""
    found = [y for y in range(2, 60) if _square_root((y * y - 1) * pow(_D * y * y + 1, -1, P)) is None]
    return tuple(_encoded(y, 0) for y in found[:count])


def _encoded(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")
