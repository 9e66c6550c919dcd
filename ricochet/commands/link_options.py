"""Options on the terms of a link, shared by `ricochet link` and `ricochet campaign create`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated

import typer

from linksvc.errors import FieldError, InvalidRequest
from linksvc.link_terms import LinkTerms

_DAY = "A date alone is that day in the workspace's time zone"

Activates = Annotated[
    str | None,
    typer.Option(
        "--activates",
        help=f"From when on the link leads there: 2026-11-27, or 2026-11-27T09:00+01:00. {_DAY}, from its start.",
        show_default=False,
    ),
]
Expires = Annotated[
    str | None,
    typer.Option("--expires", help=f"Until when it does, in the same way. {_DAY}, to its end.", show_default=False),
]
Fallback = Annotated[
    str | None,
    typer.Option("--fallback", help="Where people are sent outside of that time; else a page says so.", show_default=False),
]
Passed = Annotated[
    list[str] | None,
    typer.Option(
        "--pass",
        help="Name of a query parameter that is handed on to the destination, whose own wins; repeat it.",
        show_default=False,
    ),
]
UtmSource = Annotated[str | None, typer.Option("--utm-source", help="Added to the destination.", show_default=False)]
UtmMedium = Annotated[str | None, typer.Option("--utm-medium", help="Added to the destination.", show_default=False)]
UtmCampaign = Annotated[str | None, typer.Option("--utm-campaign", help="Added to the destination.", show_default=False)]
UtmTerm = Annotated[str | None, typer.Option("--utm-term", help="Added to the destination.", show_default=False)]
UtmContent = Annotated[str | None, typer.Option("--utm-content", help="Added to the destination.", show_default=False)]
SnippetOrigins = Annotated[
    list[str] | None,
    typer.Option(
        "--snippet-origin",
        help="Origin of pages of your own that bear the snippet and may tell what visitors do, https://shop.example; repeat "
        "it. Only of the link of a campaign's messages.",
        show_default=False,
    ),
]


def changed_terms(
    terms: LinkTerms,
    activates: str | None,
    expires: str | None,
    fallback: str | None,
    passed: list[str] | None,
    utm: Mapping[str, str | None],
    origins: list[str] | None = None,
) -> LinkTerms:
    """The terms with what was given in place of what they have: None was not given, an empty text takes away."""
    if activates is not None:
        terms = replace(terms, activates_at=moment("activates", activates))
    if expires is not None:
        terms = replace(terms, expires_at=moment("expires", expires))
    if fallback is not None:
        terms = replace(terms, fallback_url=fallback)
    if passed:
        terms = replace(terms, passed_parameters=tuple(name for name in passed if name))
    if origins:
        terms = replace(terms, snippet_origins=tuple(origin for origin in origins if origin))
    given = {name: value for name, value in utm.items() if value is not None}
    return replace(terms, utm={name: value for name, value in {**terms.utm, **given}.items() if value})


def moment(option: str, written: str) -> datetime | date | None:
    """A moment with its zone, or a day; None for an empty text."""
    try:
        if not written or len(written) <= len("2026-11-27"):
            return date.fromisoformat(written) if written else None
        moment = datetime.fromisoformat(written)
    except ValueError:
        message = f"“{written}” is no time; write a day, 2026-11-27, or a moment, 2026-11-27T09:00+01:00."
    else:
        if moment.tzinfo is not None:
            return moment
        message = f"“{written}” lacks its zone; write 2026-11-27T09:00+01:00, or Z at the end for UTC."
    raise InvalidRequest(f"--{option}: {message}", errors=(FieldError(option, message),))
