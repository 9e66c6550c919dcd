"""Claims and marks a campaign's messages for a bind until none is left, as a process of its own. For `test_at_most_once`."""

import os
import sys

from linksvc.clock import now
from linksvc.database import open_engine, reading
from sender.binds import holding
from sender.claims import claim_batches, find_due
from sender.long_forms import Part
from sender.marks import mark
from sender.messages import Outgoing
from tests.sender.marking import held_bind, the_open_campaign


def main(route_id: int) -> None:
    engine = open_engine(os.environ["RICOCHET_DATABASE_URL"])
    campaign, bind = the_open_campaign(engine), held_bind(engine, route_id)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    due = {campaign.id}
    while campaign.id in due:
        with holding(engine, bind, now) as session:
            claims = claim_batches(session, campaign.id, bind.worker, 100, now())
        messages = [Outgoing(campaign, one.n, one.contact_id, one.number, 0, (Part(b"x"),)) for one in claims]
        for first in range(0, len(messages), 50):
            with holding(engine, bind, now) as session:
                mark(session, bind, campaign, messages[first : first + 50], now())
        with reading(engine) as session:
            due = find_due(session, now())
    engine.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]))
