"""Which messages of a campaign are meant, as bodies tell it: by the names and values that the query of their list has."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from pydantic import Field

from linksvc.api.operation import Failure
from linksvc.api.payloads import Payload
from linksvc.message_filters import MessageFilter
from linksvc.stages import STAGES

_MOST = 2_000
"""Characters of a value: several may be told, with commas between."""


class FilterPayload(Payload):
    """The messages behind one number, as GET /v1/campaigns/{campaign_id}/messages lists them. What is left out limits
    nothing."""

    stage: str = Field("produced", max_length=_MOST, description=f"One of: {', '.join(STAGES)}.", examples=["reached"])
    without: str = Field(
        "",
        alias="not",
        max_length=_MOST,
        description="Stages, with commas between them, at which the messages do not stand.",
        examples=["clicked"],
    )
    by: str = Field("", max_length=_MOST, description="What `value` is one of, such as country.", examples=["country"])
    value: str = Field("", max_length=_MOST, examples=["FR"])
    since: str = Field("", alias="from", max_length=_MOST, description="Of the messages submitted from then on.")
    until: str = Field("", alias="to", max_length=_MOST, description="Of the messages submitted before then.")
    at_from: str = Field("", max_length=_MOST, description="At the stage from then on.")
    at_to: str = Field("", max_length=_MOST, description="At the stage before then.")

    def read(self) -> MessageFilter:
        """Raises InvalidRequest, as `MessageFilter.parse` does."""
        # A value may be empty: those of whom it is not known.
        told = self.model_dump(by_alias=True)
        return MessageFilter.parse({name: value for name, value in told.items() if value or (name == "value" and self.by)})


def filter_as_sent(query: str) -> Mapping[str, str]:
    """A stored filter by the same names."""
    return dict(parse_qsl(query, keep_blank_values=True))


FILTER_FAILURES = (
    Failure(422, "unknown_stage", "There is no such stage."),
    Failure(422, "breakdown_unknown", "Messages are not told apart by that."),
    Failure(422, "value_invalid", "There is no such value of what they are told apart by."),
    Failure(422, "moment_invalid", "A moment cannot be read, or lacks its zone."),
    Failure(422, "cohort_invalid", "`from` or `to` is on no quarter of an hour, or `to` is not after `from`."),
    Failure(422, "segment_empty", "Nobody stands behind this number."),
)
"""Of whatever takes a filter and keeps its people."""
