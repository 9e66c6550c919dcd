"""The background work, as one table: each task goes round in a thread of its own for as long as `ricochet work` runs."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from linksvc import (
    applier,
    campaign_control,
    code_holds,
    code_import,
    holds,
    idempotency,
    payments,
    production,
    single_messages,
)
from linksvc.clock import Clock
from linksvc.database import BATCH_ROWS, PAUSE_S, reading, writing
from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.webhooks import retention
from ricochet.webhook_sender import WebhookSender
from sender import inbound
from tracker import judging

IDLE_S = 0.2
"""How long a task rests when nothing more is waiting."""

SELDOM_S = 1.0
"""The same for what figures alone wait for, or what is due a minute later anyway."""

AFTER_A_FAILURE_S = 2.0

UNDO_EVERY_S = 10.0
"""How often dead imports of codes are looked for."""

UNHOLD_EVERY_S = 1.0
"""A till that asks for the code itself need not wait for it."""

HOLDS_AT_ONCE = 500
"""Each takes a few statements, so the transaction stays as short as others of the worker."""

PAYMENTS_AT_ONCE = 500
"""As many for the same reason."""

FORGET_EVERY_S = 60.0
"""What is forgotten is days old; a minute more is nothing."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=5)

log = structlog.get_logger()


@dataclass(frozen=True)
class Task:
    """`run` returns once the event is set."""

    name: str
    purpose: str
    run: Callable[[Event], None]


def tasks(engine: Engine, keyring: Keyring, settings: Settings, clock: Clock) -> tuple[Task, ...]:
    holder = f"{socket.gethostname()}:{os.getpid()}"

    def produce() -> bool:
        with reading(engine) as session:
            due = campaign_control.has_due(session, clock())
        if due:
            with writing(engine) as session:
                campaign_control.start_due(session, clock())
        with reading(engine) as session:
            waiting = production.campaigns_to_produce(session)
        went_on = [_alone(production.produce_batch, engine, keyring, campaign_id, clock) for campaign_id in waiting]
        return any(went_on)

    def apply() -> bool:
        waiting = applier.campaigns_with_pending_facts(engine)
        applied = [_alone(applier.apply_batch, engine, campaign_id, holder, clock) for campaign_id in waiting]
        return BATCH_ROWS in applied

    def withdraw() -> bool:
        with reading(engine) as session:
            over = campaign_control.campaigns_to_withdraw(session, clock())
        return sum(_alone(campaign_control.withdraw_batch, engine, campaign_id, clock) for campaign_id in over) > 0

    released_until = _LONG_AGO

    def release() -> bool:
        nonlocal released_until
        began = clock()
        with reading(engine) as session:
            over = holds.campaigns_to_release(session, released_until, began)
        released = [_alone(holds.release, engine, campaign_id, released_until, clock) for campaign_id in over]
        if any(released):
            return True
        # Nothing that ended before is left. Clocks of hosts differ a little.
        released_until = began - _CLOCKS_DIFFER
        return False

    def judge() -> bool:
        return judging.judge_due(engine, clock)

    def undo() -> bool:
        return code_import.undo_dead(engine, clock)

    def unhold() -> bool:
        with reading(engine) as session:
            if not code_holds.is_due(session, clock()):
                return False
        with writing(engine) as session:
            return code_holds.sweep(session, clock(), HOLDS_AT_ONCE) == HOLDS_AT_ONCE

    def join() -> bool:
        return inbound.store_lapsed(engine, clock)

    def expire() -> bool:
        with reading(engine) as session:
            past = single_messages.past_campaigns(session, clock())
            if not past and not payments.is_due(session, clock()):
                return False
        with writing(engine) as session:
            ended = payments.expire_due(session, clock(), PAYMENTS_AT_ONCE)
            for campaign_id in past:
                single_messages.close_past(session, campaign_id, clock())
        return ended == PAYMENTS_AT_ONCE

    def forget() -> bool:
        with writing(engine) as session:
            before = clock() - timedelta(days=settings.idempotency_days)
            return idempotency.forget(session, before, BATCH_ROWS) == BATCH_ROWS

    def forget_webhooks() -> bool:
        with writing(engine) as session:
            return retention.forget(session, clock() - timedelta(days=settings.webhook_log_days)) > 0

    return (
        Task("produce", "makes messages, blocks and codes of campaigns that were sent", lambda stop: _repeat(produce, stop)),
        Task("apply", "turns facts into stamps and counters", lambda stop: _repeat(apply, stop)),
        Task(
            "withdraw",
            "takes back what a cancelled or expired campaign had still to send",
            lambda stop: _repeat(withdraw, stop, SELDOM_S),
        ),
        Task(
            "release",
            "lets messages go whose hours, caps or schedules they waited for",
            lambda stop: _repeat(release, stop, SELDOM_S),
        ),
        Task("judge", "judges hits again, beside those around them", lambda stop: _repeat(judge, stop, SELDOM_S)),
        Task("undo", "takes back lists of codes whose import died half way", lambda stop: _repeat(undo, stop, UNDO_EVERY_S)),
        Task(
            "unhold", "gives back what holds of codes reserved too long", lambda stop: _repeat(unhold, stop, UNHOLD_EVERY_S)
        ),
        Task(
            "expire",
            "ends payments whose time is over, and the campaigns of past months' single messages",
            lambda stop: _repeat(expire, stop, SELDOM_S),
        ),
        Task("join", "stores long replies whose missing parts did not come", lambda stop: _repeat(join, stop, SELDOM_S)),
        Task(
            "forget",
            "deletes the answers that were kept for repetitions long enough",
            lambda stop: _repeat(forget, stop, FORGET_EVERY_S),
        ),
        Task(
            "forget_webhooks",
            "deletes the events of webhooks that were kept long enough",
            lambda stop: _repeat(forget_webhooks, stop, FORGET_EVERY_S),
        ),
    )


def run_worker(
    engine: Engine, keyring: Keyring, settings: Settings, stop: Event, clock: Clock, webhooks: WebhookSender
) -> None:
    """Runs all tasks until `stop` is set."""
    sending = Task("webhooks", "sends events to webhooks", webhooks.run)
    table = (*tasks(engine, keyring, settings, clock), sending)
    threads = [threading.Thread(target=task.run, args=(stop,), name=task.name) for task in table]
    for task, thread in zip(table, threads, strict=True):
        log.info("background task starts", action=f"work.{task.name}", purpose=task.purpose)
        thread.start()
    for thread in threads:
        thread.join()


def _repeat(step: Callable[[], bool], stop: Event, idle_s: float = IDLE_S) -> None:
    """Steps again and again: soon while more is waiting, else after a rest, so that facts gather and one transaction
    takes many. A failed step has rolled back and is tried again."""
    while not stop.is_set():
        try:
            stop.wait(PAUSE_S if step() else idle_s)
        except Exception:
            log.exception("background task failed and will be tried again", action=f"work.{step.__name__}")
            stop.wait(AFTER_A_FAILURE_S)


def _alone(step: Callable[..., int], engine: Engine, *arguments: object) -> int:
    """One campaign's step: what is wrong with it holds up no other campaign."""
    try:
        return step(engine, *arguments)
    except (InterfaceError, OperationalError):
        # The database is away, for all of them.
        raise
    except Exception:
        log.exception("a campaign's step failed and will be tried again", action=f"work.{step.__name__}")
        return 0
