"""What a tracker counts, as Prometheus metrics. Told by its internal listener, listed in docs/metrics.md.

Nothing is counted here: the numbers are read where the work keeps them, when somebody asks.
"""

from linksvc.metrics import Metric
from tracker.app import Tracker
from tracker.losses import Loss
from tracker.page_events import OUTCOMES

ANSWERS = ("redirected", "shown", "fallback", "early", "expired", "paid", "unknown", "throttled", "unavailable", "other")


TRACKER_METRICS: tuple[Metric[Tracker], ...] = (
    Metric(
        "ricochet_tracker_answers_total",
        "counter",
        "Requests for links, by what was answered.",
        lambda tracker: tracker.answered,
        "outcome",
        ANSWERS,
    ),
    Metric(
        "ricochet_tracker_hits_spooled_total",
        "counter",
        "Hits, and beacons of pages, brought to the disk before their answer left.",
        lambda tracker: tracker.spool.hits,
    ),
    Metric(
        "ricochet_tracker_hits_lost_total",
        "counter",
        "Hits whose redirect went on without them, by the reason.",
        lambda tracker: tracker.losses.counts,
        "reason",
        tuple(Loss),
    ),
    Metric(
        "ricochet_tracker_beacons_total",
        "counter",
        "What pages told, by what became of it: lost is what the disk did not take.",
        lambda tracker: tracker.page_events.answered,
        "outcome",
        OUTCOMES,
    ),
    Metric(
        "ricochet_tracker_spool_commits_total",
        "counter",
        "Group commits of hits to the disk.",
        lambda tracker: tracker.spool.commits,
    ),
    Metric(
        "ricochet_tracker_spool_commit_seconds_total",
        "counter",
        "Time the group commits took together; over their number it is what an answer waits for.",
        lambda tracker: tracker.spool.commit_seconds,
    ),
    Metric(
        "ricochet_tracker_spool_bytes",
        "gauge",
        "Size of the spool's files, all trackers of the host together; each has up to 256 KiB ahead of its hits.",
        lambda tracker: tracker.spool.total_bytes,
    ),
    Metric(
        "ricochet_tracker_spool_segments",
        "gauge",
        "Segments in the spool, all trackers of the host together, those being written included.",
        lambda tracker: tracker.spool.total_segments,
    ),
    Metric(
        "ricochet_tracker_blocks",
        "gauge",
        "Blocks of links that this tracker answers from.",
        lambda tracker: len(tracker.watch.known.blocks),
    ),
    Metric(
        "ricochet_tracker_serials",
        "gauge",
        "Links that this tracker answers for.",
        lambda tracker: sum(block.size for block in tracker.watch.known.blocks.all()),
    ),
    Metric(
        "ricochet_tracker_poll_age_seconds",
        "gauge",
        "Time since the database last told of new links; absent before the first time.",
        lambda tracker: tracker.watch.silence_s,
    ),
    Metric(
        "ricochet_tracker_database_reachable",
        "gauge",
        "1 if the database answered when it was last asked for new links, else 0.",
        lambda tracker: tracker.watch.reachable,
    ),
    Metric(
        "ricochet_tracker_networks_throttled",
        "gauge",
        "Networks that guess codes and are slowed down now.",
        lambda tracker: tracker.guessing.throttled,
    ),
    Metric(
        "ricochet_tracker_guessing_alarms_total",
        "counter",
        "Times that a network began to guess codes.",
        lambda tracker: tracker.guessing.alarms,
    ),
    Metric(
        "ricochet_tracker_requests_refused_total",
        "counter",
        "Requests of guessing networks answered 429 without a look at their code.",
        lambda tracker: tracker.guessing.refused,
    ),
)
