"""What an entry of a segment turns out to be: a hit, what a page told, or something to set aside. For ingest and replay."""

from tracker.event_store import ToldRecord
from tracker.hit_store import JudgedHit, appraise
from tracker.hits import unpack
from tracker.segment_reader import Entry
from tracker.set_aside import Fault
from tracker.told_events import is_told, unpack_told


def judge_entry(entry: Entry) -> JudgedHit | ToldRecord | Fault:
    """A hit comes with its first verdict."""
    if not entry.sound:
        return Fault.DAMAGED
    payload = entry.payload
    try:
        if is_told(payload):
            return ToldRecord(entry.id, unpack_told(payload))
        hit = unpack(payload)
        return JudgedHit(entry.id, hit, appraise(hit))
    except ValueError:
        return Fault.MALFORMED
