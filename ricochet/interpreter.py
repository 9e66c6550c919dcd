"""How the interpreter of a long-running process is set, one that makes thousands of objects a second and forgets them. For
`serve`, `ingest`, `work` and `send`."""

import gc
import sys

YOUNG_OBJECTS = 100_000
"""A batch of rows makes 20,000 objects and more, which go when nobody names them any longer, and a redirect leaves none; to
look for circles among them took a tenth of a tracker's time and a fifth of ingest's."""

YOUNG_BETWEEN_ANSWERS = 10_000
"""Of a process whose answers may leave circles: to take 100,000 objects apart lasts a tenth of a second, and whoever asks
meanwhile waits for it."""

TURN_S = 0.001
"""How long a thread computes while another one waits for its turn."""


def tune_collector(young_objects: int = YOUNG_OBJECTS) -> None:
    """Makes the collector look seldom, and not at what is there already: modules stay. To be called once all is set up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(young_objects, 20, 100)


def shorten_turns() -> None:
    """For a process one of whose threads asks a database while another computes. Each answer of the database waits for the
    end of a turn, five milliseconds by default, and a batch asks a dozen times."""
    sys.setswitchinterval(TURN_S)
