"""A time zone by the name that somebody gave. Called by whoever reads one: reports, offers, imports, the sender.

The names are not listed first: for that every file of the zone database is opened, which takes longer than most requests.
"""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORM = re.compile(r"[A-Za-z0-9_+/-]+")
"""Without a dot: a part of the name is looked up as if it were a Python package."""

_NOT_NAMES = ("posix/", "right/", "posixrules", "localtime", "Factory")
"""Files of the database under names that are no zone's: `localtime` is what the machine is set to, `Factory` nothing."""


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of an IANA name; None: there is none."""
    if not _FORM.fullmatch(name) or name.startswith(_NOT_NAMES):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A folder of the database, an absolute path, a file in it that is no zone, a name no file could have.
        return None
