"""Who opens links: the programs that a short link meets, as they name themselves. For the handsets.

A visitor of MACHINES can be recognised by its agent, a header or its method; one of DISGUISED cannot: it sends what a
browser sends. Agents as seen in the field (the reference on redirects).
"""

from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]

PERSON = "person"
MACHINE = "machine"
DISGUISED_MACHINE = "disguised_machine"
"""What truly stands behind a hit."""


@dataclass(frozen=True)
class Visitor:
    """A program and how it asks. `own_address`: it runs on the phone itself, so it comes from the person's address."""

    user_agent: str
    method: str = "GET"
    headers: Headers = ()
    own_address: bool = False


_IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.6 Mobile/15E148 Safari/604.1"
)
_ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"

PHONES = (
    _IPHONE,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1",
    _ANDROID,
    "Mozilla/5.0 (Linux; Android 14; SM-A546B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 "
    "Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0",
    # Phones whose names hold "bot": whoever matches that word alone takes their owners for machines.
    "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Linux; Android 8.1.0; B BOT 50) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Mobile "
    "Safari/537.36",
)

MACHINES = {
    "imessage": Visitor(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
        "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
        own_address=True,
    ),
    "google messages, older": Visitor(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/56.0.2924.87 Safari/537.36 "
        "Google-PageRenderer Google (+https://developers.google.com/+/web/snippet/)"
    ),
    "google messages": Visitor(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36 "
        "GoogleMessages"
    ),
    "whatsapp": Visitor("WhatsApp/2.25.31.76 A", own_address=True),
    "meta": Visitor("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"),
    "slack": Visitor("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"),
    "prefetch": Visitor(_ANDROID, headers=(("Sec-Purpose", "prefetch"),), own_address=True),
    "prerender": Visitor(_ANDROID, headers=(("Sec-Purpose", "prefetch;prerender"),), own_address=True),
    "preview by header": Visitor(_IPHONE, headers=(("X-Purpose", "preview"),), own_address=True),
    "head with a browser's agent": Visitor(_IPHONE, method="HEAD", own_address=True),
    "curl": Visitor("curl/8.14.1"),
    "python": Visitor("python-requests/2.32.5"),
    "go": Visitor("Go-http-client/1.1"),
    "okhttp": Visitor("okhttp/4.12.0"),
    "headless browser": Visitor(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36"
    ),
    "no agent": Visitor(""),
}

DISGUISED = {
    "mail gateway": Visitor(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
    ),
    "security suite": Visitor(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 "
        "Edg/141.0.0.0"
    ),
    "phone farm": Visitor(_ANDROID),
    # Its referrer raises a suspicion, and no more: a person may follow the same path.
    "safe links": Visitor(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
        headers=(("Referer", "https://eur01.safelinks.protection.outlook.com/"),),
    ),
}
