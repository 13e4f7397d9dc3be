"""A rotation secret in a file that nobody else can read, made once however many processes ask for it."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from jwtkit.errors import ConfigurationError

__all__ = ["create_secret_file", "read_secret_file"]

_LARGEST: Final = 65536


def read_secret_file(path: Path) -> str:
    """Return the file's text.

    Raises:
        ConfigurationError: ``rotation_secret.missing``, ``rotation_secret.permissions`` when others may read
            or change it, ``rotation_secret.format`` when it cannot be a secret file.
    """
    try:
        # Opened without blocking: a named pipe in the file's place must not hang the start.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise ConfigurationError(
            f"the rotation secret file {path} cannot be opened: {error.strerror}",
            code="rotation_secret.missing",
            hint="create it with RotationSecret.from_file(path, create=True), or correct the path",
        ) from error
    try:
        # Of the open file, not of the path: what is judged is what is read.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _wrong_content(path)
        _check_permissions(path, status)
        data = os.read(descriptor, _LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > _LARGEST or not data.isascii():
        raise _wrong_content(path)
    return data.decode("ascii")


def create_secret_file(path: Path, text: str) -> None:
    """Write the file, readable by its owner only, unless one is there already.

    It appears under its name complete or not at all, and of several processes that try at once exactly
    one succeeds: each writes a file of its own and links it to the name, which never replaces anything.

    Raises:
        ConfigurationError: ``rotation_secret.missing``: it cannot be written.
    """
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(f"{text}\n")
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            Path(draft).unlink()
        _make_durable(path.parent)
    except OSError as error:
        raise ConfigurationError(
            f"the rotation secret file {path} cannot be created: {error.strerror}",
            code="rotation_secret.missing",
            hint="make its folder writable for this process, or create the file beforehand",
        ) from error


def _make_durable(folder: Path) -> None:
    """Write the new name to the disk: sessions outlive a power cut, so must the secret that reads them."""
    directory_flag = getattr(os, "O_DIRECTORY", None)
    if directory_flag is None:
        return  # no such thing on Windows
    descriptor = os.open(folder, os.O_RDONLY | directory_flag)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_permissions(path: Path, status: os.stat_result) -> None:
    if not hasattr(os, "geteuid"):
        return  # Windows keeps no such bits
    # A file of our own is for us alone. One of another owner (root, mounting a Kubernetes secret for our
    # group) must be readable by the group, or we could not read it.
    forbidden = 0o077 if status.st_uid == os.geteuid() else 0o037
    if stat.S_IMODE(status.st_mode) & forbidden:
        raise ConfigurationError(
            f"the rotation secret file {path} is open to other users",
            code="rotation_secret.permissions",
            hint="chmod 600 the file; for a mounted Kubernetes secret set defaultMode: 0400",
        )


def _wrong_content(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not a rotation secret file: expected one RotationSecret.to_text() per line",
        code="rotation_secret.format",
    )
