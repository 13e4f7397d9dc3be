"""The service as a process of its own, on a port the system chose, in a folder that goes away."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Final

from orders.settings import PREFIX, Settings, read_settings

__all__ = ["RunningService", "ServiceError", "running_service"]

_START_TIMEOUT: Final = 20
_STOP_TIMEOUT: Final = 5
_ANNOUNCEMENT: Final = "orders listens on "


class ServiceError(Exception):
    """The service did not start; the message holds what it said."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """Where the service is.

    Attributes:
        url: Its address.
        settings: Its settings.
        log: What it writes to its standard error.
    """

    url: str
    settings: Settings
    log: Path


@contextmanager
def running_service(**settings: str) -> Generator[RunningService]:
    """Run the service; however the block ends, its process and its folder are gone afterwards.

    Args:
        settings: Its settings, by their names without ``ORDERS_``.

    Raises:
        ServiceError: It does not start.
    """
    with tempfile.TemporaryDirectory(prefix="orders-demo-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment |= {f"{PREFIX}{name}": value for name, value in settings.items()}
        environment |= {f"{PREFIX}STATE_DIR": folder, f"{PREFIX}PORT": "0"}
        log = Path(folder) / "service.log"
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "orders"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # A group of its own: Ctrl-C comes to the demo alone, which then stops the service in order.
                process_group=0 if os.name == "posix" else None,
            )
        try:
            url = _announced(process, log)
            yield RunningService(url, read_settings(environment), log)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()


def _announced(process: subprocess.Popen[str], log: Path) -> str:
    """Return the address the service prints once it listens."""
    lines: Queue[str] = Queue()
    # A thread, because a pipe cannot be read with a timeout everywhere; it ends with the process.
    threading.Thread(
        target=lambda: lines.put(process.stdout.readline() if process.stdout else ""), daemon=True
    ).start()
    try:
        line = lines.get(timeout=_START_TIMEOUT)
    except Empty:
        line = ""
    if not line.startswith(_ANNOUNCEMENT):
        raise ServiceError(
            f"the service did not start: {log.read_text(encoding='utf-8').strip() or 'it said nothing'}"
        )
    return line.removeprefix(_ANNOUNCEMENT).strip()
