"""Run the service: ``python -m orders``. Its settings come from the environment; see the README."""

from __future__ import annotations

import socket
import sys

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from jwtkit.errors import JWTKitError
from orders.app import create_app
from orders.settings import SettingsError, read_settings

__all__ = ["main"]


def main() -> int:
    """Serve until stopped; returns the exit status."""
    try:
        settings = read_settings()
        app = create_app(settings)
        # Bound here and not by uvicorn: with port 0 nobody can take the port between choosing and listening.
        listener = socket.create_server((settings.host, settings.port))
    except (SettingsError, JWTKitError, SQLAlchemyError, ImportError, OSError) as error:
        print(f"orders cannot start: {error}", file=sys.stderr)
        return 1
    host, port = listener.getsockname()[:2]
    print(f"orders listens on http://{host}:{port}", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, server_header=False, log_level="warning"))
    server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
