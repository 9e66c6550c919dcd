"""Who does something on a page, and on which state of it. Made by the tracker for draws and surveys."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """The n-th recipient of a campaign, and the page as it was published when they did it."""

    workspace_id: int
    campaign_id: int
    n: int
    page_id: int
    page_version: int
    followed: bool = False
    """They consented to tracking, and their browser does not ask not to be followed: what they do may be told of them."""
