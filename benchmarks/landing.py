"""How fast landing pages are beside a bare Jinja2 render of the same template in the same run, on one core.

A page as everybody sees it is rendered once and then joined from parts that are kept, with its link's path and a signed
token of its hit: that is what is measured (`tracker.landing.serving`), headers and all. Bare is Jinja2 alone, with every
value made beforehand. Told beside them: the same page with what is one recipient's own, made and rendered anew each time;
and the whole answer in process, its hit on disk before it leaves.
Rounds of all interleaved; a ratio is the median of those within a round, for machines change their speed.

Run by itself it prints progress on stderr and one line of JSON: .venv/bin/python benchmarks/landing.py [--quick]
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from report import Metric, report
from sqlmodel import col, update

from linksvc.addresses import NOBODY
from linksvc.database import open_engine, writing
from linksvc.keys import Keyring
from linksvc.landing.documents import parse_document
from linksvc.landing.pages import create_page, publish_page
from linksvc.links import add_campaign_link
from linksvc.migrations import migrate
from linksvc.models import Campaign, Link, SerialBlock, Workspace
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes
from tracker.app import Tracker, create_tracker
from tracker.blocks import Block
from tracker.destinations import Destination
from tracker.evidence import HitTokens
from tracker.landing.files import PageAddresses
from tracker.landing.known_pages import KnownPage
from tracker.landing.rendering import Renderer, environment, page_values, render_page
from tracker.landing.scenes import Personal, Scene
from tracker.landing.serving import PageShowing
from tracker.landing.views import view_of
from tracker.resolving import Opened
from tracker.segments import HitId

SECRET = "a secret key of the benchmark, forty characters"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RECIPIENTS = 100_000
CODE = "0lJP0n4gb21"
PHONE = b"Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
HEADERS = {b"host": b"localhost", b"user-agent": PHONE, b"accept-language": b"fr-FR,fr;q=0.9,en;q=0.8"}

DOCUMENT: dict[str, Any] = {
    "title": {"fr": "Votre offre", "en": "Your offer"},
    "languages": ["fr", "en"],
    "blocks": [
        {
            "id": "hello",
            "type": "text",
            "heading": {"fr": "Bonjour {{ first_name }}", "en": "Hello {{ first_name }}"},
            "text": {"fr": "**Merci** de votre fidélité.\n\nÀ bientôt !", "en": "**Thank you**.\n\nSee you soon!"},
        },
        {"id": "buy", "type": "button", "label": {"fr": "Acheter", "en": "Buy"}, "url": "https://shop.example/sale"},
        {
            "id": "until",
            "type": "countdown",
            "label": {"fr": "Fin dans", "en": "Ends in"},
            "ends_at": "2026-11-28T18:00",
            "timezone": "Europe/Paris",
            "finished": {"fr": "Fini", "en": "Over"},
        },
        {"id": "code", "type": "code", "label": {"fr": "Votre code", "en": "Your code"}, "forms": ["copy", "qr"]},
        {"id": "stop", "type": "opt_out", "label": {"fr": "Ne plus recevoir de SMS", "en": "Get no more texts"}},
        {"id": "data", "type": "privacy", "text": {"fr": "Vos données.", "en": "Your data."}},
    ],
}


@dataclass(frozen=True)
class Stage:
    """What is rendered, and for whom."""

    showing: PageShowing
    opened: Opened
    page: KnownPage
    scene: Scene
    hit: HitId


def set_stage() -> Stage:
    document = parse_document(orjson.dumps(DOCUMENT))
    page = KnownPage(1, 1, 1, 1, document.dump())
    showing = PageShowing(HitTokens(Keyring.derive(SECRET).hit_tokens), PageAddresses(), Renderer())
    block = Block(0, RECIPIENTS, 1, 0, 1, True)
    opened = Opened(CODE, block, 7, Destination(1, 1, 1, 1, "Boutique Lumen", "", page_id=1), NOBODY)
    return Stage(showing, opened, page, showing.scene(opened, page, HEADERS, NOW), HitId(uuid4(), 1))


def bare_render(scene: Scene) -> Callable[[], object]:
    """Jinja2 with values that are ready."""
    views = {block.id: view_of(block, scene) for block in scene.document.blocks}
    values = {**page_values(scene, CODE, ""), "view_of": lambda block, _: views[block.id]}
    template = environment().get_template("page.html")
    return lambda: template.render(values).encode()


def per_s(work: Callable[[], object], seconds: float) -> float:
    done, began = 0, time.perf_counter()
    until = began + seconds
    while time.perf_counter() < until:
        for _ in range(20):
            work()
        done += 20
    return done / (time.perf_counter() - began)


def make(folder: Path) -> tuple[Tracker, list[str]]:
    """A tracker on a database with one campaign that leads to the page, and paths of its recipients."""
    settings = Settings(data_dir=folder, secret_key=SECRET)
    engine = open_engine(settings.database)
    migrate(engine)
    with writing(engine) as session:
        owner = Workspace(name="Boutique Lumen", created_at=NOW)
        session.add(owner)
        session.flush()
        draft = create_page(session, owner.id or 0, "Page", parse_document(orjson.dumps(DOCUMENT)), NOW)
        page = publish_page(session, owner.id or 0, draft.id, draft.version, NOW)
        campaign = Campaign(
            workspace_id=owner.id, name="Sale", kind="marketing", sender="36180", text="", rate_per_s=1, created_at=NOW
        )
        session.add(campaign)
        session.flush()
        campaign_id = campaign.id or 0
        add_campaign_link(session, owner.id or 0, campaign_id, "https://shop.example/", NOW)
        session.flush()
        session.exec(update(Link).where(col(Link.campaign_id) == campaign_id).values(page_id=page.id, destination_url=""))
        session.add(
            SerialBlock(campaign_id=campaign_id, first_serial=0, size=RECIPIENTS, first_n=0, link_id=1, tracked=True)
        )
    keyring = Keyring.derive(SECRET)
    codes = ShortCodes.of(keyring)
    return create_tracker(settings, engine, keyring), [f"/{codes.encode(n)}" for n in range(0, RECIPIENTS, 50)]


async def answers_per_s(tracker: Tracker, paths: list[str], seconds: float, at_once: int = 64) -> float:
    """Whole answers of the ASGI application, `at_once` waiting for the disk together."""
    asked = {"type": "http", "method": "GET", "query_string": b"", "headers": list(HEADERS.items())}
    scope = asked | {"client": ("127.0.0.1", 1)}
    done, until = 0, time.perf_counter() + seconds

    async def visit(turn: int) -> None:
        nonlocal done
        while time.perf_counter() < until:
            turn += at_once

            async def send(message: Any) -> None:
                assert message.get("status", 200) == 200, message

            await tracker({**scope, "path": paths[turn % len(paths)]}, _nothing, send)
            done += 1

    began = time.perf_counter()
    await asyncio.gather(*(visit(i) for i in range(at_once)))
    return done / (time.perf_counter() - began)


async def _nothing() -> Any:
    return {"type": "http.disconnect"}


async def measure(rounds: int, seconds: float) -> list[Metric]:
    stage = set_stage()
    fields = {"first_name": "Zoé", "last_name": "", "city": "", "code": "2F4K-9QTX-07BM"}
    own = replace(stage.scene, personal=Personal(fields, "2F4K9QTX07BM", "", ZoneInfo("Europe/Paris")))
    works: dict[str, Callable[[], object]] = {
        "bare": bare_render(stage.scene),
        "shown": lambda: stage.showing.show(stage.opened, stage.page, HEADERS, stage.hit, NOW),
        "personal": lambda: render_page(own, CODE, "").encode(),
    }
    seen: dict[str, list[float]] = {name: [] for name in (*works, "answers")}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        tracker, paths = make(Path(folder))
        await tracker.spool.open()
        await tracker.watch.start()
        for turn in range(rounds + 1):
            figures = {name: per_s(work, seconds) for name, work in works.items()}
            figures["answers"] = await answers_per_s(tracker, paths, seconds)
            tell(" ".join(f"{name} {figure:,.0f}/s" for name, figure in figures.items()))
            # The first warms up: templates are compiled, the page is kept.
            if turn:
                for name, figure in figures.items():
                    seen[name].append(figure)
        await tracker.watch.stop()
        await tracker.spool.close()
    return metrics(seen)


def metrics(seen: dict[str, list[float]]) -> list[Metric]:
    bare = median(seen["bare"])

    def ratio(name: str) -> float:
        return median(ours / theirs for ours, theirs in zip(seen[name], seen["bare"], strict=True))

    shown, personal, answers = ratio("shown"), ratio("personal"), ratio("answers")
    return [
        Metric("page renders, path and token in place", median(seen["shown"]), "/s", bare, shown, ">= 0.5", shown >= 0.5),
        Metric("pages with what is personal, QR drawn", median(seen["personal"]), "/s", bare, personal, "told", True),
        Metric("whole answers, on disk before they leave", median(seen["answers"]), "/s", bare, answers, "told", True),
    ]


def tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="five short rounds")
    quick = options.parse_args().quick
    os.sched_setaffinity(0, {0})
    report("landing", asyncio.run(measure(5 if quick else 15, 0.5 if quick else 1.5)))
