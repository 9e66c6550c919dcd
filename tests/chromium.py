"""The real Chromium of the tests: how it is started, how long it is waited for, and a window that goes to numbers too."""

import time
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, Response, expect

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# Playwright's own five seconds are short for a Chromium on a machine that is busy.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)

AGAIN_AFTER_MS = 250


def launch(playwright: Playwright, *flags: str) -> Browser:
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])


def open_window(context: BrowserContext) -> Page:
    """A page whose `goto` tries again for a while where Chromium says that 127.0.0.1 cannot be resolved. It asks itself now
    and then whether there is a network of IPv4 at all, and on a machine without one, and busy, is wrong for a moment."""
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    go = page.goto

    def goto(url: str, **options: Any) -> Response | None:
        ends_at = time.monotonic() + PATIENCE_MS / 1_000
        while True:
            try:
                return go(url, **options)
            except Error as error:
                if "ERR_NAME_NOT_RESOLVED" not in error.message or time.monotonic() > ends_at:
                    raise
                page.wait_for_timeout(AGAIN_AFTER_MS)

    page.goto = goto  # type: ignore[method-assign]
    return page
