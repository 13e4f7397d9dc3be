"""A process that rotates whatever refresh token it is told to, together with its rivals, over one Valkey.

Reads orders from standard input and writes one answer for each, as lines of JSON; see `racer.py`.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta

from jwtkit import Grant, RefreshPolicy, RotationSecret, SigningKey, TokenAuthority
from jwtkit.errors import JWTKitError
from jwtkit.stores.redis import RedisSessionStore, scripts


def authority(order, store):
    """The service as this order describes it."""

    def grant(session):
        # Between the read and the swap, which is where rivals meet.
        time.sleep(order["grant_takes"])
        return Grant(scopes=session.scopes)

    return TokenAuthority(
        "https://orders.example",
        audience="orders-api",
        keys=SigningKey.from_jwk(order["key"]),
        store=store,
        secret=RotationSecret.from_text(order["secret"]),
        policy=RefreshPolicy(retry_window=timedelta(seconds=order["retry_window"])),
        grant=grant,
    )


def answer(order, rotator):
    """One attempt of one client; the successor, or the code of the refusal."""
    try:
        pair = rotator.rotate(order["token"])
    except JWTKitError as error:
        return {"error": error.code, "oauth_error": error.oauth_error}
    return {"successor": pair.refresh_token, "retried": pair.retried}


def main():
    stores = {}
    careful, careless = scripts.SWAP, scripts.Script("redis.call('SET', KEYS[1], ARGV[2]) return 1")
    for line in sys.stdin:
        order = json.loads(line)
        # Without its comparison a swap always wins: how the tests show that they would notice.
        scripts.SWAP = careless if order["careless"] else careful
        prefix = order["prefix"]
        if prefix not in stores:
            stores[prefix] = RedisSessionStore(order["url"], prefix=prefix, cluster=order["cluster"])
        rotator = authority(order, stores[prefix]).rotator
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(answer(order, rotator)), flush=True)


if __name__ == "__main__":
    main()
