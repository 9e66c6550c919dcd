"""What can be sent to a link that shows a page: POST /{code}/{action}/{argument}. A part that adds an action adds it to the
table that `tracker.landing.assembly` makes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tracker.landing.visits import PageVisit
from tracker.responses import Receive, Response

Answer = Callable[[PageVisit, str, Receive], Awaitable[Response]]
"""Given the visit, what stands behind the action in the path, and the way to read the body. May raise Problem."""


@dataclass(frozen=True, slots=True)
class Action:
    """`after_end`: it works on a link whose time is over, too: somebody may have its page open. `by_script`: only the page's
    script sends it, so trouble is told as a problem whatever is asked for; it has limits of its own, for it is no work for
    the database."""

    answer: Answer
    after_end: bool = False
    by_script: bool = False


Actions = Mapping[str, Action]
"""By name; the empty name is POST /{code} itself."""
