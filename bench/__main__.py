"""Run every measurement: `make bench`."""

from __future__ import annotations

import platform

import cryptography
import jwt

from bench import validation


def main() -> None:
    """Say what is measured on, and measure."""
    versions = f"cryptography {cryptography.__version__}, PyJWT {jwt.__version__}"
    print(f"Python {platform.python_version()}, {versions}")
    validation.report()


if __name__ == "__main__":
    main()
