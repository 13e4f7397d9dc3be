"""Run the demo; exits with 0 only if every step did what it says."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from types import FrameType

import httpx2

from orders.demo.process import ServiceError, running_service
from orders.demo.story import LIFETIME, WINDOW, tell
from orders.demo.transcript import StepError, Transcript

__all__ = ["main"]


def main() -> int:
    """Start the service, tell the story, leave nothing behind; returns the exit status."""
    signal.signal(signal.SIGTERM, _leave)  # so that the service and its folder go on a kill, too
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    begun = time.monotonic()
    try:
        with (
            running_service(
                ACCESS_TOKEN_LIFETIME=str(LIFETIME), LEEWAY="0", RETRY_WINDOW=str(WINDOW)
            ) as service,
            httpx2.Client(base_url=service.url, timeout=10, trust_env=False) as http,
        ):
            story = Transcript(http, sys.stdout, colour=colour)
            print(f"The order service runs at {service.url}, from an empty folder.")
            try:
                tell(story, service)
            except BaseException:
                print(service.log.read_text(encoding="utf-8"), file=sys.stderr, end="")
                raise
    except StepError:
        print("\nThe demo FAILED: the service did not do what the last line says.", file=sys.stderr)
        return 1
    except (ServiceError, httpx2.HTTPError) as error:
        print(f"\nThe demo FAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130
    story.verdict(
        f"All {story.checks} checks held, in {time.monotonic() - begun:.0f} seconds. Nothing is left behind."
    )
    return 0


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
