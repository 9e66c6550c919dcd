"""What a tracker loads: nothing that only pages need while there is none, and all of it before a visitor comes."""

import subprocess
import sys

SCRIPT = """
import sys
from tracker import app
from tracker.destinations import Destination
from tracker.known import News
from tracker.landing.known_pages import KnownPage
from tracker.visit_tokens import VisitTokens

tokens = VisitTokens([bytes(32)])
plain = Destination(1, 1, 1, 1, "w", "https://shop.example")
telling = Destination(1, 1, 1, 1, "w", "https://a.example", snippet_origins=("https://a.example",))
for news in News(), News(destinations=(plain,)), News(pages=(KnownPage(1, 1, 1, 1, "{}"),)), News(destinations=(telling,)):
    app._prepare(tokens, news)
    print(*(name for name in ("barcode", "segno", "cryptography") if name in sys.modules))
"""


def test_what_only_some_links_need_is_loaded_once_there_are_such() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["", "", "barcode segno", "barcode segno cryptography"]
