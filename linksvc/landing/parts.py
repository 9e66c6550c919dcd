"""What the parts of a page's document have in common: strict, frozen shapes, and the small values that stand in them."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from linksvc.destinations import check_destination
from linksvc.errors import InvalidRequest


class Part(BaseModel):
    """A piece of a document: nothing unknown stands in it, and a number in quotes is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def needless(self) -> frozenset[str]:
        """The fields whose texts a published page does without; said in one language, they are asked for in all."""
        return frozenset()


_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_BETWEEN_DIGITS = str.maketrans("", "", " .-()\u00a0\u202f")


def _web_address(url: str) -> str:
    """The address as `linksvc.destinations` writes it; empty where there is none yet. http and https only."""
    try:
        return check_destination(url) if url.strip() else ""
    except InvalidRequest as error:
        raise ValueError(error.errors[0].message) from None


def _phone_number(written: str) -> str:
    number = written.translate(_BETWEEN_DIGITS)
    if number and not _NUMBER.fullmatch(number):
        raise ValueError("A number with its country code is asked for, such as +33639980001")
    return number


Slug = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
"""A name within the page, that links, events and answers are told by."""

OptionalDigest = Annotated[str, StringConstraints(pattern="^([0-9a-f]{64})?$")]
"""The name of a picture of the workspace; empty: none was chosen."""

WebAddress = Annotated[str, StringConstraints(max_length=2_048), AfterValidator(_web_address)]
PhoneNumber = Annotated[str, StringConstraints(max_length=40), AfterValidator(_phone_number)]
