"""How uvicorn must be told to serve a tracker. Used by `ricochet serve tracker` and by whoever else puts it on a socket."""

from typing import Any

import uvicorn

from tracker.app import Tracker
from tracker.protocol import TrackerProtocol

KEEP_ALIVE_S = 75
"""Longer than the idle time-out of usual proxies (60 s), or they find connections closed under their requests."""

GRACE_S = 5


def server_config(tracker: Tracker, **listening: Any) -> uvicorn.Config:
    """A configuration of uvicorn; `listening` is its host and port, or its fd."""
    return uvicorn.Config(
        tracker,
        lifespan="on",
        http=TrackerProtocol,
        # An access log would hold every code, and a code is a bearer token.
        access_log=False,
        # Uvicorn believes X-Forwarded-For from 127.0.0.1 unasked; we believe it from `trusted_proxies` alone.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
        ws="none",
        log_config=None,
        **listening,
    )
