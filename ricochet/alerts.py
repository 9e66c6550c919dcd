"""Alerts worth being woken for, as Prometheus rules. docs/metrics.md shows them (`ricochet.metrics_page`)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Alert:
    """`lasting` is how long `when` must hold; `summary` is for whoever is woken: what it means and what to look at."""

    name: str
    when: str
    lasting: str
    severity: str
    summary: str


ALERTS = (
    Alert(
        "RicochetHitsLost",
        'increase(ricochet_tracker_hits_lost_total{reason!="unconfirmed"}[5m]) > 0',
        "0m",
        "page",
        "Redirects go on, their hits are lost. The reason says why: a full disk, a full spool, a failing disk.",
    ),
    Alert(
        "RicochetHitsWaitLong",
        "ricochet_ingest_oldest_hit_age_seconds > 900",
        "5m",
        "page",
        "Hits do not reach the database. They are safe until the spool is full. Is the database there, does ingest run?",
    ),
    Alert(
        "RicochetIngestGone",
        'up{job="ricochet-ingest"} == 0',
        "5m",
        "page",
        "A host has no ingest. Its hits are safe until its spool is full; they are in no report yet.",
    ),
    Alert(
        "RicochetTrackerGone",
        'up{job="ricochet-tracker"} == 0',
        "2m",
        "page",
        "A tracker does not answer its internal listener.",
    ),
    Alert(
        "RicochetTrackerBehind",
        "ricochet_tracker_poll_age_seconds > 60 or ricochet_tracker_database_reachable == 0",
        "5m",
        "page",
        "A tracker learns of no new links. Those it knows go on working; a campaign sent now would lead nowhere.",
    ),
    Alert(
        "RicochetLinksUnavailable",
        'increase(ricochet_tracker_answers_total{outcome="unavailable"}[5m]) > 0',
        "2m",
        "page",
        "People are told to come back: their link needs the database, and it does not answer.",
    ),
    Alert(
        "RicochetSpoolFills",
        "ricochet_tracker_spool_bytes > 2e9",
        "10m",
        "ticket",
        "The spool is half full (of the usual RICOCHET_SPOOL_MAX_BYTES). Ingest is slow or away.",
    ),
    Alert(
        "RicochetDiskSlow",
        "rate(ricochet_tracker_spool_commit_seconds_total[5m]) / rate(ricochet_tracker_spool_commits_total[5m]) > 0.1",
        "5m",
        "ticket",
        "Every redirect waits a tenth of a second for the disk. Is it shared, or failing?",
    ),
    Alert(
        "RicochetHitsSetAside",
        "increase(ricochet_ingest_set_aside_total[1h]) > 0",
        "0m",
        "ticket",
        "Ingest could not store something. `ricochet spool inspect` shows it; what the database refused can be replayed.",
    ),
    Alert(
        "RicochetReceiptsUnmatched",
        'delta(ricochet_sender_unmatched_receipts{kind="parked"}[1h]) > 100',
        "15m",
        "ticket",
        "Receipts find no message. `ricochet receipts unmatched` lists them; are the ids of a route written as it is told?",
    ),
    Alert(
        "RicochetGuessing",
        "increase(ricochet_tracker_guessing_alarms_total[15m]) > 0",
        "0m",
        "ticket",
        "Somebody tries codes. The network is slowed down by itself; the log names it.",
    ),
    Alert(
        "RicochetPromoCodesGuessed",
        "increase(ricochet_api_guessing_alarms_total[15m]) > 0",
        "0m",
        "ticket",
        "Somebody tries promo codes with a shop's key and is slowed down. `ricochet shop attempts` shows whose key it is.",
    ),
)
