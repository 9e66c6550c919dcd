"""A round of counting: as many hits are stored as requests were answered, exactly."""

from itertools import islice

from tests.ricochet.served import metrics, wait_until
from tests.rounds.campaigns import Links, compare
from tests.rounds.counting_client import send
from tests.rounds.killing import ready
from tests.rounds.processes import ANSWERS, finish, ingest, port_of, tracker
from tests.rounds.report import Report, Round


def requests_counted(links: Links, count: int) -> Round:
    """Two workers answer, ingest stores meanwhile."""
    report = Report(f"{count:,} requests to two workers, counted", links.where)
    with ingest(links.settings) as ingesting:
        with tracker(links.settings, workers=2) as pair:
            wait_until(lambda: ready(pair))
            client = send(port_of(pair), islice(links.requests(), count), connections=64)
            answers = [int(metrics(url)[f"{ANSWERS}:redirected"]) for url in pair.internal]
        finish(report, links.settings, ingesting, 60 + count / 1_000)
    stored = compare(report, links, client)
    report.tell(by_one_worker=answers[0], by_the_other=answers[1])
    report.promise("the workers count their answers", sum(answers) == count)
    report.promise("sent = answered = stored", client.sent == client.answered == stored.hits.total() == count)
    return report.end()
