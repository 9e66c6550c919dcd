"""A landing page as a phone shows it: what its script would ask for and tell, done with nothing but what the page says.

Called by `sender.simulator.handsets`. A page without a token tells nothing: its reader is not followed.
"""

import html
import json
import re
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

from sender.simulator.agents import Headers
from sender.simulator.web import Web

_BODY = re.compile(r'<body data-path="([^"]*)" data-token="([^"]*)"')
_BLOCK = re.compile(r'data-block="([^"]*)" data-type="([^"]*)"')
_PRESSED = {"button": "button", "call": "button", "map": "button", "code": "copied"}
"""What a thumb does to a block, by the block's type."""

_FORM: Headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
_BEACON: Headers = (("Content-Type", "text/plain;charset=UTF-8"), ("Accept", "*/*"))
OK, NO_CONTENT = 200, 204


class PageTrouble(Exception):
    """The page asked for something and was answered what it should not be."""


@dataclass(frozen=True)
class Page:
    """`pressed`: what can be pressed on it, as (event, block)."""

    address: str
    token: str
    pressed: tuple[tuple[str, str], ...]


def read_page(url: str, text: str) -> Page | None:
    """The page that came back from `url`; None for one that is no landing page."""
    body = _BODY.search(text)
    if body is None:
        return None
    path, token = map(html.unescape, body.groups())
    pressed = tuple((_PRESSED[type], block) for block, type in _BLOCK.findall(text) if type in _PRESSED)
    return Page(urljoin(url, path), token, pressed)


class Reader:
    """Somebody who looks at a page, with their browser's headers and from their address."""

    def __init__(self, web: Web, headers: Headers, address: str) -> None:
        kept = {"User-Agent", "Accept-Language", "Sec-GPC"}
        self._web = web
        self._headers: Headers = tuple(header for header in headers if header[0] in kept)
        self._address = address

    async def look(self, page: Page, *, presses: bool) -> bool:
        """Reads what is the reader's own, and presses something if they do; whether anything was told that proves a person.
        Raises PageTrouble, Unanswered."""
        await self._post(f"{page.address}/me", _FORM, urlencode({"language": "fr"}), OK)
        if not page.token:
            return False
        events: list[dict[str, object]] = [{"number": 0, "name": "view", "at": 400}]
        if presses and page.pressed:
            name, block = page.pressed[0]
            events.append({"number": 1, "name": name, "block": block, "at": 2_500})
        events.append({"number": len(events), "name": "visible", "value": 3, "at": 3_000})
        await self._post(f"{page.address}/events", _BEACON, json.dumps({"token": page.token, "events": events}), NO_CONTENT)
        return len(events) > 2

    async def _post(self, url: str, headers: Headers, content: str, expected: int) -> None:
        reply = await self._web.request(
            "POST", url, headers + self._headers, address=self._address, content=content.encode()
        )
        if reply.status != expected:
            raise PageTrouble(f"{url.rpartition('/')[2]} was answered {reply.status}")
