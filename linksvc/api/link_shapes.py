"""Links as they travel over the API: what is sent and answered for ad-hoc links and for the links of campaigns alike."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Self

from pydantic import Field, model_validator

from linksvc.api.operation import Failure
from linksvc.api.payloads import Answer, Day, Moment, Payload
from linksvc.destinations import MAX_CHARACTERS
from linksvc.link_terms import PASSED_MOST, UTM_LONGEST, CheckedTerms, LinkTerms
from linksvc.links import LinkDetails, NewLink
from linksvc.names import LONGEST
from linksvc.public_ids import format_id, parse_id
from linksvc.snippet_origins import ORIGINS_MOST

PAGE_FAILURES = (
    Failure(422, "page_and_destination", "A page and a destination were sent; a link leads to one of them."),
    Failure(422, "page_not_published", "The page was never published, so nobody could see it."),
    Failure(404, "page_not_found", "There is no such page in this workspace."),
)

TERMS_FAILURES = (
    Failure(422, "window_empty", "The link ends before it begins, or has ended already."),
    Failure(422, "fallback_invalid", "The fallback is no public http or https address."),
    Failure(422, "parameter_invalid", "What is to be passed on is no name of a parameter, or there are too many."),
    Failure(422, "utm_invalid", "A UTM parameter is empty or no single line."),
    Failure(422, "origin_invalid", "A snippet origin is no origin, there are too many, or the link names nobody."),
)

_DAY = "A date alone is a day in the workspace's time zone:"


class UtmPayload(Payload):
    """Parameters that are added to the destination. One that it has already stays as it is."""

    source: str | None = Field(None, max_length=UTM_LONGEST, examples=["sms"])
    medium: str | None = Field(None, max_length=UTM_LONGEST)
    campaign: str | None = Field(None, max_length=UTM_LONGEST)
    term: str | None = Field(None, max_length=UTM_LONGEST)
    content: str | None = Field(None, max_length=UTM_LONGEST)

    def given(self) -> dict[str, str]:
        return {name: value for name, value in self if value is not None}


class TermsPayload(Payload):
    activates_at: Moment | Day | None = Field(
        None, description=f"From when on the link leads to its destination; at once, unless told. {_DAY} its start."
    )
    expires_at: Moment | Day | None = Field(
        None, description=f"Until when, exclusive; for ever, unless told. {_DAY} its end."
    )
    fallback_url: str | None = Field(
        None, max_length=MAX_CHARACTERS, description="Where people are sent outside of that time; else a page says so."
    )
    passed_parameters: tuple[str, ...] = Field(
        (),
        max_length=PASSED_MOST,
        description="Names of query parameters that are handed on from a visit to the destination, utm_... among them. What "
        "the destination has already, its UTM parameters included, wins.",
        examples=[["gclid"]],
    )
    utm: UtmPayload | None = None
    snippet_origins: tuple[str, ...] = Field(
        (),
        max_length=ORIGINS_MOST,
        description="Origins of pages of your own that bear the snippet /t.js and may tell what visitors do there. "
        "Of the link of a campaign's messages alone.",
        examples=[["https://shop.example"]],
    )

    def values(self) -> Mapping[str, Any]:
        """The terms by their names in LinkTerms."""
        return {
            "activates_at": self.activates_at,
            "expires_at": self.expires_at,
            "fallback_url": self.fallback_url or "",
            "passed_parameters": self.passed_parameters,
            "utm": self.utm.given() if self.utm else {},
            "snippet_origins": self.snippet_origins,
        }

    def terms(self) -> LinkTerms:
        return LinkTerms(**self.values())


class DestinationChanges(TermsPayload):
    """What is left out stays as it is; null takes a term away. `utm` is replaced as a whole."""

    destination_url: str = Field("", max_length=MAX_CHARACTERS)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Nothing is to be changed; send at least one field.")
        return self

    def applied_to(self, link: NewLink) -> NewLink:
        """The link with what was sent in place of what it has."""
        sent = self.model_fields_set
        terms = replace(link.terms, **{name: value for name, value in self.values().items() if name in sent})
        link = replace(link, terms=terms)
        return replace(link, destination_url=self.destination_url) if "destination_url" in sent else link


class CampaignLinkChanges(DestinationChanges):
    """What is left out stays as it is; null takes a term away. `utm` is replaced as a whole. A link leads to a destination
    or to a page: the one that is sent takes the other's place."""

    page_id: str | None = Field(None, description="A published landing page, instead of a destination.", examples=["pag_3"])

    def applied_to(self, link: NewLink) -> NewLink:
        """Raises NotFound for what is no page's id."""
        link, sent = super().applied_to(link), self.model_fields_set
        if "page_id" in sent:
            link = replace(link, page_id=parse_id("page", self.page_id) if self.page_id else None)
            return link if "destination_url" in sent or link.page_id is None else replace(link, destination_url="")
        return replace(link, page_id=None) if "destination_url" in sent else link


class LinkChanges(DestinationChanges):
    title: str = Field("", max_length=LONGEST)

    def applied_to(self, link: NewLink) -> NewLink:
        link = super().applied_to(link)
        return replace(link, title=self.title) if "title" in self.model_fields_set else link


class TermsAnswer(Answer):
    activates_at: datetime | None
    expires_at: datetime | None
    fallback_url: str | None
    passed_parameters: tuple[str, ...]
    utm: dict[str, str]
    snippet_origins: tuple[str, ...]


class CampaignLinkAnswer(TermsAnswer):
    destination_url: str | None = Field(description="Null where it leads to a page.")
    page_id: str | None = Field(description="The landing page that it leads to; null where it leads to a destination.")
    short_url: str = Field(description="What each recipient's own link begins with.")
    created_at: datetime
    updated_at: datetime | None

    @classmethod
    def of(cls, link: LinkDetails) -> Self:
        return cls(
            destination_url=link.destination_url or None,
            page_id=format_id("page", link.page_id) if link.page_id else None,
            short_url=link.short_url,
            created_at=link.created_at,
            updated_at=link.updated_at,
            **answered(link.terms),
        )


def answered(terms: CheckedTerms) -> dict[str, Any]:
    """The fields of a TermsAnswer."""
    return {
        "activates_at": terms.activates_at,
        "expires_at": terms.expires_at,
        "fallback_url": terms.fallback_url or None,
        "passed_parameters": terms.passed_parameters,
        "utm": dict(terms.utm),
        "snippet_origins": terms.snippet_origins,
    }
