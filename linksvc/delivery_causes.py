"""Why a message was refused or not delivered, in our own words, and what to do about it. For the sender, which stores the
cause, and for whoever shows it.

Operators' codes say the same in many ways. This table reads those that SMPP and GSM define; what an operator adds of its own
is told per route (`linksvc.route_errors`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """`temporary`: the same message may get through later. `of_route`: it tells of the route and not of the recipient or the
    message: another route may do better. `advice` is for whoever sends."""

    name: str
    temporary: bool
    of_route: bool
    meaning: str
    advice: str


SEND_ANEW = "It is not tried again. Open these messages and send to them anew."
"""To do about messages that were refused for a cause that may pass: its own advice holds while they are still tried."""

UNDELIVERABLE, UNKNOWN, GIVEN_UP, NOT_BOUND = "undeliverable", "unknown", "given_up", "not_bound"
ROUTE_ERROR, THROTTLED, QUEUE_FULL = "route_error", "throttled", "queue_full"
MESSAGE_INVALID = "message_invalid"

CAUSES = {
    cause.name: cause
    for cause in (
        Cause(
            "number_unknown",
            temporary=False,
            of_route=False,
            meaning="The number is not in use, or cannot receive messages.",
            advice="Take the number out of the list.",
        ),
        Cause(
            "number_barred",
            temporary=False,
            of_route=False,
            meaning="The recipient's operator or subscription bars messages like this one.",
            advice="Reach this person another way.",
        ),
        Cause(
            "not_reached",
            temporary=True,
            of_route=False,
            meaning="The phone was switched off or out of reach for as long as it was tried.",
            advice="Send again another day; if it goes on for months the number is out of use.",
        ),
        Cause(
            "handset_full",
            temporary=True,
            of_route=False,
            meaning="The phone or its card had no room for the message, or did not take it.",
            advice="Send again another day.",
        ),
        Cause(
            "sender_refused",
            temporary=False,
            of_route=False,
            meaning="The sender of the campaign may not be used on this route or in this country.",
            advice="Have the sender registered with the operator, or send from another one.",
        ),
        Cause(
            "content_refused",
            temporary=False,
            of_route=False,
            meaning="The text was taken for spam, or is not allowed.",
            advice="Ask the operator which rule it broke; change the text.",
        ),
        Cause(
            MESSAGE_INVALID,
            temporary=False,
            of_route=False,
            meaning="The message cannot be sent in this form: its length, coding or a field is not accepted.",
            advice="Shorten the text; the operator of Ricochet checks the route's long form and alphabet.",
        ),
        Cause(
            "rejected",
            temporary=False,
            of_route=False,
            meaning="The operator took the message and refused it afterwards, without saying why.",
            advice="Ask the operator; often it is the sender, the text or the contract.",
        ),
        Cause(
            "no_credit",
            temporary=False,
            of_route=True,
            meaning="The account has no credit left, or its contract does not cover this message.",
            advice="Have the account topped up, then try the route again.",
        ),
        Cause(
            "not_covered",
            temporary=False,
            of_route=True,
            meaning="The route does not reach this country or network.",
            advice="Tell the route's coverage (ricochet route cover), so that another one is used.",
        ),
        Cause(
            THROTTLED,
            temporary=True,
            of_route=False,
            meaning="More was handed over than the operator takes at a time.",
            advice="Nothing: the bind slows down by itself. If it goes on, lower the route's rate.",
        ),
        Cause(
            QUEUE_FULL,
            temporary=True,
            of_route=True,
            meaning="The operator has too many messages waiting.",
            advice="Nothing: it is tried again. If it goes on, tell the operator.",
        ),
        Cause(
            ROUTE_ERROR,
            temporary=True,
            of_route=True,
            meaning="The operator's system failed.",
            advice="Nothing: it is tried again, by another route if there is one. If it goes on, tell the operator.",
        ),
        Cause(
            NOT_BOUND,
            temporary=True,
            of_route=True,
            meaning="The session was not open any more.",
            advice="Nothing: the bind is made again.",
        ),
        Cause(
            GIVEN_UP,
            temporary=False,
            of_route=False,
            meaning="It was refused for the moment as often, or for as long, as the route allows.",
            advice="Find out why the route refuses; send again.",
        ),
        Cause(
            UNDELIVERABLE,
            temporary=False,
            of_route=False,
            meaning="The operator could not deliver it and does not say why.",
            advice="If many fail like this, ask the operator what its code means and tell the route (ricochet route error).",
        ),
        Cause(
            "withdrawn",
            temporary=False,
            of_route=False,
            meaning="The operator deleted the message before it was delivered.",
            advice="Ask the operator why.",
        ),
        Cause(
            UNKNOWN,
            temporary=False,
            of_route=False,
            meaning="The operator does not know what became of it.",
            advice="Count it as not delivered.",
        ),
    )
}

_OF_STATUS = {
    0x01: MESSAGE_INVALID,
    0x04: NOT_BOUND,
    0x06: MESSAGE_INVALID,
    0x07: MESSAGE_INVALID,
    0x08: ROUTE_ERROR,
    0x0A: "sender_refused",
    0x0B: "number_unknown",
    0x0D: NOT_BOUND,
    0x14: QUEUE_FULL,
    0x33: MESSAGE_INVALID,
    0x34: MESSAGE_INVALID,
    0x40: MESSAGE_INVALID,
    0x42: MESSAGE_INVALID,
    0x43: MESSAGE_INVALID,
    0x44: MESSAGE_INVALID,
    0x45: ROUTE_ERROR,
    0x48: "sender_refused",
    0x49: "sender_refused",
    0x50: "number_unknown",
    0x51: "number_unknown",
    0x53: MESSAGE_INVALID,
    0x54: MESSAGE_INVALID,
    0x55: MESSAGE_INVALID,
    0x58: THROTTLED,
    0x61: MESSAGE_INVALID,
    0x62: MESSAGE_INVALID,
    0x64: ROUTE_ERROR,
    0x65: ROUTE_ERROR,
    0x66: ROUTE_ERROR,
    0xC0: MESSAGE_INVALID,
    0xC1: MESSAGE_INVALID,
    0xC2: MESSAGE_INVALID,
    0xC3: MESSAGE_INVALID,
    0xC4: MESSAGE_INVALID,
    0xFE: ROUTE_ERROR,
    0xFF: ROUTE_ERROR,
}
"""SMPP v3.4, 5.1.3. A status that is not here is an operator's own."""

TEMPORARY_STATUSES = frozenset((0x04, 0x08, 0x14, 0x58, 0x64))
"""After these a part is handed over again, and after no other, unless the route says so. 0x04 says that the session was not
bound: what it answers was not taken."""

_OF_STATE = {
    "EXPIRED": "not_reached",
    "DELETED": "withdrawn",
    "UNDELIVERABLE": UNDELIVERABLE,
    "UNKNOWN": UNKNOWN,
    "REJECTED": "rejected",
    "SKIPPED": "withdrawn",
}
"""Final states of receipts (SMPP v3.4, 5.2.28) but for DELIVERED."""

_OF_GSM_ERROR = {
    1: "number_unknown",
    5: "number_unknown",
    6: "not_reached",
    9: "number_unknown",
    11: "number_barred",
    12: "number_barred",
    13: "number_barred",
    21: "number_barred",
    27: "not_reached",
    31: "not_reached",
    32: "handset_full",
    34: ROUTE_ERROR,
}
"""Errors of the GSM network itself: network_error_code of type 3 (SMPP v3.4, 5.3.2.31), whose values are those of MAP
(3GPP TS 29.002, 17.6)."""

_GSM_NETWORK = 3


def cause_of_status(status: int) -> str:
    """Why a submit_sm was refused; empty when it was not."""
    if status == 0:
        return ""
    return _OF_STATUS.get(status, UNDELIVERABLE)


def cause_of_state(state: str, network_error: tuple[int, int] | None = None) -> str:
    """Why a receipt's state is what it is; empty for those that are no failure. `network_error`: type and code, if the
    receipt has them. The `err` of a receipt's text is each operator's own, so it means nothing here."""
    if state not in _OF_STATE:
        return ""
    if state == "UNDELIVERABLE" and network_error and network_error[0] == _GSM_NETWORK:
        return _OF_GSM_ERROR.get(network_error[1], UNDELIVERABLE)
    return _OF_STATE[state]
