"""What somebody does on a page: the token that stands for a hit, and what an interaction changes."""

import string
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer
from sqlalchemy import Engine
from sqlmodel import select

from linksvc.applier import apply_batch
from linksvc.database import reading, writing
from linksvc.errors import Forbidden
from linksvc.funnel import read_funnel
from linksvc.keys import Keyring
from linksvc.models import Fact, Hit
from tests import factories
from tests.factories import NOW
from tracker.evidence import LIFETIME, HitRef, HitTokens, tell_interaction

SEGMENT = UUID("5f0c1c1e-9e8e-4c0e-8d4c-6f8f4c1b2a3d")
REF = HitRef(7, 123_456, SEGMENT, 42)

tokens = HitTokens(Keyring.derive("a secret key for the tests, of 42 characters").hit_tokens)


def refused(opened_by: HitTokens, token: str, after: timedelta = timedelta()) -> str:
    with pytest.raises(Forbidden) as refusal:
        opened_by.open(token, NOW + after)
    return refusal.value.code


def test_a_token_opens_to_its_hit_for_a_day() -> None:
    token = tokens.issue(REF, NOW)
    assert tokens.open(token, NOW) == tokens.open(token, NOW + LIFETIME) == REF
    assert refused(tokens, token, LIFETIME + timedelta(seconds=1)) == "hit_token_expired"


def test_a_token_needs_no_escaping_in_an_address() -> None:
    assert set(tokens.issue(REF, NOW)) <= {*string.ascii_letters, *string.digits, *"-_."}
    assert len(tokens.issue(REF, NOW)) == 108


big = st.integers(0, 2**63 - 1)


@given(st.builds(HitRef, big, big, st.uuids(), big))
def test_any_hit_comes_back_from_its_token(hit: HitRef) -> None:
    assert tokens.open(tokens.issue(hit, NOW), NOW) == hit


@given(st.integers(0, 107), st.sampled_from("Aa0_-.=é\x00\udcff"))
def test_a_token_that_was_changed_is_refused(at: int, character: str) -> None:
    token = tokens.issue(REF, NOW)
    changed = token[:at] + character + token[at + 1 :]
    # The last character holds two bits more than the signature has.
    if changed != token and at != 107:
        assert refused(tokens, changed) == "hit_token_invalid"


@given(st.text(max_size=200))
def test_what_is_no_token_is_refused(text: str) -> None:
    assert refused(tokens, text) == "hit_token_invalid"


def test_a_token_that_was_cut_is_refused() -> None:
    token = tokens.issue(REF, NOW)
    assert {refused(tokens, token[:length]) for length in range(len(token))} == {"hit_token_invalid"}


def test_what_was_signed_with_another_key_or_for_another_purpose_is_refused() -> None:
    other = Keyring.derive("another secret key for the tests, 45 characters")
    assert refused(tokens, HitTokens(other.hit_tokens).issue(REF, NOW)) == "hit_token_invalid"
    payload = tokens.issue(REF, NOW).partition(".")[0]
    keys = list(Keyring.derive("a secret key for the tests, of 42 characters").hit_tokens)
    assert refused(tokens, Signer(keys).sign(payload).decode()) == "hit_token_invalid"


def test_a_page_that_was_open_while_keys_were_replaced_may_still_tell_what_happens_on_it() -> None:
    old, new = "a secret key for the tests, of 42 characters", "another secret key for the tests, 45 characters"
    both = HitTokens(Keyring.derive(old, new).hit_tokens)
    assert both.open(tokens.issue(REF, NOW), NOW) == REF
    assert HitTokens(Keyring.derive(new).hit_tokens).open(both.issue(REF, NOW), NOW) == REF


def tell(engine: Engine, hit: Hit, event_id: str = "event-1") -> None:
    """A page tells what happened on it, by the token it was given."""
    assert hit.n is not None
    token = tokens.issue(HitRef(hit.campaign_id, hit.n, UUID(hit.segment), hit.position), NOW)
    with writing(engine) as session:
        tell_interaction(session, tokens.open(token, NOW), event_id, NOW, NOW)


def test_an_interaction_makes_its_own_hit_a_persons_and_no_other(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 2)
    seen = {"segment": str(SEGMENT), "reason": "preview", "user_agent": "WhatsApp/2.25.31.76 A"}
    hits = [factories.hit(campaign_id, i, n, "machine", **seen) for i, n in enumerate((0, 0, 1))]
    factories.learn_hits(engine, *hits)
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    for event_id in ("event-1", "event-1", "event-2"):
        tell(engine, hits[1], event_id)
        apply_batch(engine, campaign_id, "test", lambda: NOW)
    with reading(engine) as session:
        rows = session.exec(select(Hit).order_by(Hit.position))  # type: ignore[arg-type]
        assert [(row.verdict, row.reason, row.rules) for row in rows] == [
            ("machine", "preview", 1),
            ("human", "interaction", 0),
            ("machine", "preview", 1),
        ]
        funnel = read_funnel(session, workspace_id, campaign_id)
        assert [funnel[name] for name in ("clicked", "machine", "hit_human", "hit_machine")] == [1, 1, 1, 2]
        told = session.exec(select(Fact).where(Fact.source == f"{SEGMENT}:1").order_by(Fact.kind))
        assert [(fact.kind, fact.value, fact.detail, fact.n) for fact in told] == [
            ("hit", "machine", "preview", 0),
            ("interaction", "human", "event-1", 0),
        ]


def test_an_interaction_may_be_told_before_its_hit_is_stored(engine: Engine) -> None:
    workspace_id = factories.workspace(engine)
    campaign_id = factories.produced_campaign(engine, workspace_id, 1)
    hit = factories.hit(campaign_id, 0, 0, "suspect", segment=str(SEGMENT))
    tell(engine, hit)
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    factories.learn_hits(engine, hit)
    apply_batch(engine, campaign_id, "test", lambda: NOW)
    with reading(engine) as session:
        assert read_funnel(session, workspace_id, campaign_id)["clicked"] == 1
