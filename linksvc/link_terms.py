"""On what terms a link leads to its destination: from when until when, and what it hands on. Ad-hoc links and the links of
campaigns have the same. Called by `linksvc.links`; trackers keep them (docs/flow.md, "a click")."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import orjson

from linksvc.destinations import check_fallback
from linksvc.errors import FieldError, InvalidRequest
from linksvc.local_days import moment_of
from linksvc.models import Link
from linksvc.snippet_origins import check_origins

PASSED_MOST = 20
UTM = ("source", "medium", "campaign", "term", "content")
UTM_LONGEST = 200
"""In characters."""

_PARAMETER = re.compile(r"[A-Za-z0-9_.~-]{1,64}")


@dataclass(frozen=True)
class LinkTerms:
    """Terms as somebody wrote them. The link is open in [activates_at, expires_at); a date alone is a day in the workspace's
    time zone: the start of it opens the link, the end of it closes it.

    `passed_parameters` are handed on from the query of a visit, `utm` (source, medium, campaign, term, content) is added to
    the destination. What the destination has already wins over `utm`, and both win over what is passed. Pages of
    `snippet_origins` may tell what visitors do there; a visit gets a token for them.
    """

    activates_at: datetime | date | None = None
    expires_at: datetime | date | None = None
    fallback_url: str = ""
    passed_parameters: tuple[str, ...] = ()
    utm: Mapping[str, str] = field(default_factory=dict)
    snippet_origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckedTerms:
    """Terms that a tracker can follow: times are moments in UTC."""

    activates_at: datetime | None = None
    expires_at: datetime | None = None
    fallback_url: str = ""
    passed_parameters: tuple[str, ...] = ()
    utm: Mapping[str, str] = field(default_factory=dict)
    snippet_origins: tuple[str, ...] = ()

    @classmethod
    def of(cls, link: Link) -> "CheckedTerms":
        """The terms of a stored link."""
        return cls(
            activates_at=link.activates_at,
            expires_at=link.expires_at,
            fallback_url=link.fallback_url,
            passed_parameters=tuple(link.passed_parameters.split()),
            utm=orjson.loads(link.utm),
            snippet_origins=tuple(link.snippet_origins.split()),
        )

    def as_written(self) -> LinkTerms:
        """The same, to be changed and checked again."""
        return LinkTerms(
            self.activates_at,
            self.expires_at,
            self.fallback_url,
            self.passed_parameters,
            self.utm,
            self.snippet_origins,
        )

    def columns(self) -> dict[str, datetime | str | None]:
        """What of a row of `link` says the terms."""
        return {
            "activates_at": self.activates_at,
            "expires_at": self.expires_at,
            "fallback_url": self.fallback_url,
            "passed_parameters": " ".join(self.passed_parameters),
            "utm": orjson.dumps(dict(self.utm)).decode(),
            "snippet_origins": " ".join(self.snippet_origins),
        }


def check_terms(terms: LinkTerms, zone: ZoneInfo) -> CheckedTerms:
    """The terms with their times in UTC. Raises InvalidRequest: window_empty, fallback_invalid, parameter_invalid,
    utm_invalid, origin_invalid, and invalid_request for a time that cannot be used."""
    activates_at = moment_of("activates_at", terms.activates_at, zone, "start") if terms.activates_at else None
    expires_at = moment_of("expires_at", terms.expires_at, zone, "end") if terms.expires_at else None
    if activates_at and expires_at and expires_at <= activates_at:
        raise _wrong("expires_at", "window_empty", f"A link ends after it begins, {activates_at:%Y-%m-%d at %H:%M} UTC.")
    return CheckedTerms(
        activates_at=activates_at,
        expires_at=expires_at,
        fallback_url=check_fallback(terms.fallback_url) if terms.fallback_url.strip() else "",
        passed_parameters=_check_parameters(terms.passed_parameters),
        utm=_check_utm(terms.utm),
        snippet_origins=check_origins(terms.snippet_origins),
    )


def check_still_open(terms: CheckedTerms, now: datetime) -> None:
    """Raises InvalidRequest (window_empty) for a new link that has ended before anybody saw it."""
    if terms.expires_at and terms.expires_at <= now:
        ended = f"{terms.expires_at:%Y-%m-%d at %H:%M} UTC"
        raise _wrong("expires_at", "window_empty", f"The link would have ended already, {ended}.")


def _check_parameters(names: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(names))
    if len(names) > PASSED_MOST:
        raise _wrong("passed_parameters", "parameter_invalid", f"At most {PASSED_MOST} parameters are passed on.")
    for name in names:
        if not _PARAMETER.fullmatch(name):
            raise _wrong(
                "passed_parameters",
                "parameter_invalid",
                f"“{name[:64]}” is no name of a parameter: 1 to 64 letters, digits and _ . ~ -, for example gclid.",
            )
    return names


def _check_utm(utm: Mapping[str, str]) -> dict[str, str]:
    for name, value in utm.items():
        if name not in UTM:
            raise _wrong("utm", "utm_invalid", f"There is no UTM parameter “{name[:64]}”. There are {', '.join(UTM)}.")
        if not value.strip() or len(value) > UTM_LONGEST or not value.isprintable():
            raise _wrong(f"utm.{name}", "utm_invalid", f"utm_{name} is one line of 1 to {UTM_LONGEST} characters.")
    return {name: utm[name].strip() for name in UTM if name in utm}


def _wrong(field: str, code: str, message: str) -> InvalidRequest:
    return InvalidRequest(message, code=code, errors=(FieldError(field, message),))
