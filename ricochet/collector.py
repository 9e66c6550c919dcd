"""The garbage collector of a process that makes thousands of rows a second and forgets them. For `ricochet ingest`, `work`
and `send`."""

import gc

YOUNG_OBJECTS = 100_000
"""A batch makes 20,000 objects and more, which go when nobody names them any longer; to look for circles among them took a
fifth of the time."""


def tune_collector() -> None:
    """Makes the collector look seldom, and not at what is there already: modules stay. To be called once all is set up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 100)
