"""A long campaign against the quick SMSC: does the sender's memory grow with what it has sent?"""

import time
from collections.abc import Callable, Mapping
from statistics import median

from sqlalchemy import Engine
from sqlmodel import col, func, select

from linksvc.database import open_engine, reading
from linksvc.models import Fact, SendBatch
from linksvc.settings import Settings
from tests import factories
from tests.rounds.campaigns import produced
from tests.rounds.report import Report, Round
from tests.rounds.senders import SEND, WORK, processes, resident_kib, smsc
from tests.rounds.sending import open_campaign

WINDOW = 100
RATE_PER_S = 100_000
EVERY_S = 0.2
GROWTH = 1.05
SLACK_KIB = 4_096
"""What the interpreter takes and gives back by itself."""

STANDS_STILL_S = 300


def memory_flat(settings: Settings, messages: int) -> Round:
    """The database is migrated and empty."""
    engine = open_engine(settings.database)
    report = Report(f"{messages:,} messages by one sender", engine.dialect.name)
    campaign_id = produced(settings, messages).campaign_id
    with smsc(settings, "--quick") as port:
        factories.route(engine, port=port, window_size=WINDOW, rate_per_s=RATE_PER_S)
        with processes(settings, SEND, WORK) as running:
            open_campaign(engine, campaign_id, RATE_PER_S)
            samples = watch(engine, campaign_id, messages, lambda: resident_kib(running.running[0]))
            report.promise("no process ends by itself", not running.ended())
            wrong = running.stop()
            report.promise(f"each process ends as it should, but {', '.join(wrong)}", not wrong)
    second, last = quarter(samples, messages, 1), quarter(samples, messages, 3)
    report.tell(second_quarter_KiB=second, last_quarter_KiB=last, most_KiB=max(samples.values(), default=0))
    report.promise("there was time to measure", bool(second and last))
    report.promise("the last quarter takes no more memory than the second", last <= second * GROWTH + SLACK_KIB)
    engine.dispose()
    return report.end()


def watch(engine: Engine, campaign_id: int, messages: int, measure: Callable[[], int]) -> dict[int, int]:
    """What is measured while a campaign is sent, by how many of its messages were claimed and marked by then. Ends when all
    of them are submitted and every fact is applied. Raises TimeoutError when it does not get on."""
    samples: dict[int, int] = {}
    moved, last = time.monotonic(), (-1, -1)
    while (left := open_work(engine, campaign_id)) != (0, 0):
        if left != last:
            moved, last = time.monotonic(), left
        if time.monotonic() > moved + STANDS_STILL_S:
            raise TimeoutError(f"{left[0]} messages and {left[1]} facts are left, and nothing moves")
        samples[messages - left[0]] = measure()
        time.sleep(EVERY_S)
    return samples


def open_work(engine: Engine, campaign_id: int) -> tuple[int, int]:
    """How many messages are queued, and how many facts are to be applied."""
    with reading(engine) as session:
        queued = session.exec(select(func.sum(SendBatch.size)).where(SendBatch.campaign_id == campaign_id)).one()
        pending = select(func.count()).select_from(Fact).where(col(Fact.applied_at).is_(None))
        return int(queued or 0), session.exec(pending.where(Fact.campaign_id == campaign_id)).one()


def quarter(samples: Mapping[int, int], messages: int, which: int) -> int:
    """The median of what was measured in a quarter (from 0) of the campaign."""
    first, end = messages * which // 4, messages * (which + 1) // 4
    return round(median([kib for sent, kib in samples.items() if first <= sent < end] or [0]))
