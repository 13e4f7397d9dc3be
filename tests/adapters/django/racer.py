"""A process of a Django service that refreshes whatever token it is told to, together with its rivals."""

from __future__ import annotations

import json
import sys

from tests.adapters.django.project import add_database, set_up


def main() -> None:
    order = json.loads(sys.stdin.readline())
    set_up()
    add_database("racing", order.pop("engine"), **order.pop("settings"))

    from jwtkit import RotationSecret, SigningKey, TokenAuthority
    from jwtkit.adapters.django import DjangoSessionStore
    from jwtkit.errors import JWTKitError

    with DjangoSessionStore("racing") as store:
        rotator = TokenAuthority(
            order["issuer"],
            audience="orders-api",
            keys=SigningKey.from_jwk(order["key"]),
            store=store,
            secret=RotationSecret.from_text(order["secret"]),
        ).rotator
        print("ready", flush=True)
        for token in sys.stdin:
            try:
                pair = rotator.rotate(token.strip())
            except JWTKitError as error:
                answer = {"error": error.code}
            else:
                answer = {"successor": pair.refresh_token, "retried": pair.retried}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
