"""What is simulated: an SMSC's account, how it writes ids, how often what goes wrong; how fast it and the people are.

Shares run from 0 to 1 and are drawn by (seed, number), so that the same seed does the same to the same people however
the messages arrive. Delays are divided by `speed`; protocol time-outs are not. Each field is a knob: `knobs` sets them by
name, and docs/knobs.md lists them with the help texts that stand here.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from sender.simulator.delays import Delay


class IdForm(StrEnum):
    """How a message id is written. Answer and receipt of one SMSC often disagree."""

    HEX = "hex"
    HEX_CAPITALS = "hex_capitals"
    HEX_PADDED = "hex_padded"
    DECIMAL = "decimal"
    DECIMAL_PADDED = "decimal_padded"

    def write(self, value: int) -> str:
        """The id in this form; padded ones have 16 (hex) or 20 (decimal) digits."""
        return {
            IdForm.HEX: f"{value:x}",
            IdForm.HEX_CAPITALS: f"{value:X}",
            IdForm.HEX_PADDED: f"{value:016x}",
            IdForm.DECIMAL: f"{value:d}",
            IdForm.DECIMAL_PADDED: f"{value:020d}",
        }[self]


class DateForm(StrEnum):
    """How receipts write dates."""

    MINUTES = "minutes"
    SECONDS = "seconds"
    CENTURY = "century"
    OFFSET = "offset"
    ZEROS = "zeros"

    def write(self, at: datetime) -> str:
        """The date in 10, 12 or 14 digits, in 12 with the zone's offset behind them, or as ten zeros."""
        pattern = {
            DateForm.MINUTES: "%y%m%d%H%M",
            DateForm.SECONDS: "%y%m%d%H%M%S",
            DateForm.CENTURY: "%Y%m%d%H%M%S",
            DateForm.OFFSET: "%y%m%d%H%M%S%z",
            DateForm.ZEROS: "0000000000",
        }[self]
        return at.strftime(pattern)


@dataclass(frozen=True)
class Mix:
    """Codes and the share of each; what is left of 1 has none of them."""

    shares: tuple[tuple[str, float], ...] = ()

    def draw(self, chance: float) -> str:
        """The code at this point of [0, 1), or none: an empty string."""
        for code, share in self.shares:
            if chance < share:
                return code
            chance -= share
        return ""

    def __str__(self) -> str:
        return ",".join(f"{code}:{share:g}" for code, share in self.shares)


@dataclass(frozen=True)
class SmscSettings:
    """See the module. `system_id` and `password` are those of the one account."""

    system_id: Annotated[str, "The account's name."] = "ricochet"
    password: Annotated[str, "The account's password."] = "secret"  # noqa: S105 - of a simulated account.
    seed: Annotated[int, "What happens to whom; the same seed tells the same story."] = 1
    speed: Annotated[float, "How many times faster than life delays, people and scenarios run."] = 1.0

    answer_delay: Annotated[Delay, "From a submit_sm to its answer."] = Delay(0.015, most_s=0.2)
    delivery_delay: Annotated[Delay, "From a message's last part to the phone."] = Delay(0.8, most_s=4.0)
    receipt_delay: Annotated[Delay, "From the phone to the receipt."] = Delay(0.1, most_s=1.0)
    late_delay: Annotated[Delay, "How much later a late receipt comes."] = Delay(30.0, most_s=300.0)

    refused: Annotated[float, "Messages refused for good, with a status of their own."] = 0.02
    throttled: Annotated[float, "Parts refused once with ESME_RTHROTTLED, then taken."] = 0.004
    errors: Annotated[
        Mix,
        "More refusals by status, as 0x08:0.01,0x0B:0.02: temporary ones of a part's first try, others for good.",
    ] = Mix()
    limit_per_s: Annotated[
        float,
        "submit_sm taken a second, of all connections; one more is throttled. 0: any number.",
    ] = 0.0
    limit_status: Annotated[int, "The command status of what is over the limit."] = 0x58
    lost_requests: Annotated[float, "Parts whose first submit_sm is neither taken nor answered."] = 0.0
    lost_answers: Annotated[float, "Parts that are taken but never answered."] = 0.0
    half_answers: Annotated[float, "Parts of whose answer half the bytes come; then the connection says nothing more."] = 0.0

    failed: Annotated[float, "Messages whose receipts say that they are undeliverable or rejected."] = 0.04
    expired: Annotated[float, "Messages whose receipts say that they expired."] = 0.02
    unknown: Annotated[float, "Messages whose receipts say that nobody knows."] = 0.02
    receipt_errors: Annotated[Mix, "err codes of bad receipts instead of the usual ones, as 011:0.5,4B:0.2."] = Mix()
    missing_receipts: Annotated[float, "Messages of which some part never gets a receipt."] = 0.03
    arriving_anyway: Annotated[
        float,
        "Of the messages that failed, expired, are unknown or unreported: those that the phone got all the same.",
    ] = 0.4
    fake_receipts: Annotated[float, "Messages that no phone gets though all their receipts say DELIVRD."] = 0.0
    early_receipts: Annotated[float, "Parts whose receipt comes before their answer."] = 0.10
    late_receipts: Annotated[float, "Parts whose receipt comes after late_delay."] = 0.0
    duplicate_receipts: Annotated[float, "Parts whose receipt comes twice."] = 0.06
    en_route_receipts: Annotated[float, "Parts of which an intermediate receipt tells that they are on their way."] = 0.05
    malformed_receipts: Annotated[float, "Parts whose receipt cannot be read, or names no message."] = 0.0
    unknown_id_receipts: Annotated[float, "Parts beside whose receipt another comes for an id that was never given."] = 0.0
    malformed_pdus: Annotated[float, "Parts before whose receipt a PDU comes that nobody can read."] = 0.0

    answer_id: Annotated[IdForm, "How the answer writes the id."] = IdForm.HEX_CAPITALS
    receipt_id: Annotated[IdForm, "How the receipt's text writes it."] = IdForm.DECIMAL_PADDED
    tlv_id: Annotated[
        IdForm | None,
        "How receipted_message_id writes it; none: receipts carry no optional parameters.",
    ] = IdForm.HEX
    receipt_dates: Annotated[
        DateForm, "How receipts write dates: minutes, seconds or century (10, 12, 14 digits), offset, zeros."
    ] = DateForm.MINUTES
    receipt_timezone: Annotated[str, "The zone of those dates (IANA)."] = "UTC"
    receipt_forms: Annotated[
        Mix, "Receipts in other forms, as payload:0.2,ucs2:0.1: payload, ucs2, nul, shuffled or data_sm."
    ] = Mix()
    alphabet: Annotated[str, "What data_coding 0 means of what is submitted: gsm, latin1, ascii or utf8."] = "gsm"
    first_id: Annotated[
        int | None,
        "The first id; none: the clock's milliseconds, so that a restarted SMSC does not give the same ids again.",
    ] = None

    inbound_per_s: Annotated[float, "Messages a second that phones write of their own."] = 0.0
    inbound_count: Annotated[int, "After so many of them they fall silent; 0: never."] = 0
    inbound_to: Annotated[str, "Where they write to."] = "36180"
    inbound_stops: Annotated[float, "Of those messages: a word that says STOP, in some manner."] = 0.1
    inbound_long: Annotated[float, "Of the others: those in several parts."] = 0.2
    shuffled_inbound: Annotated[float, "Of those in several parts: those whose parts come in any order."] = 0.5
    latin1_inbound: Annotated[float, "Of those that Latin-1 can write: those with data_coding 3 instead of 0 or 8."] = 0.0
    duplicate_inbound: Annotated[float, "Of all: those delivered a second time, as if the answer had been lost."] = 0.0

    max_binds: Annotated[int, "Connections bound at once; one more is answered ESME_RALYBND."] = 4
    bind_status: Annotated[int, "The command status each bind is answered with; 0: as it deserves."] = 0
    window: Annotated[int, "Unanswered submit_sm a connection may have; one more is throttled."] = 50
    delivery_window: Annotated[int, "Unanswered deliver_sm a connection gets."] = 10
    redeliver_after_s: Annotated[float, "A deliver_sm without an answer is sent again after this long."] = 10.0
    retry_after_s: Annotated[float, "One with a temporary error, after this long."] = 0.5
    bind_within_s: Annotated[float, "A connection that has not bound by then is closed."] = 10.0
    enquire_every_s: Annotated[
        float,
        "An idle connection is asked whether it lives; without an answer until the next time it is closed.",
    ] = 30.0
    disconnect_every_s: Annotated[float, "Each connection is cut about this long after its bind; 0: never."] = 0.0
    disconnect_after: Annotated[
        int,
        "Each connection is cut at about its so many-th submit_sm, in mid-window; 0: never.",
    ] = 0
    read_pause_s: Annotated[float, "A slow reader: how long it rests before it reads the next PDU."] = 0.0
    silent: Annotated[bool, "It reads, and neither answers nor sends anything."] = False


@dataclass(frozen=True)
class Pace:
    """How long people and machines take. Divided by the simulation's speed too, but for `quickest_s`."""

    machine: Delay = Delay(0.3, most_s=1.5)
    """From the phone's getting the message to a preview or a scanner."""
    reading: Delay = Delay(1.0, most_s=4.0)
    """To the first click, after `quickest_s`."""
    looking: Delay = Delay(0.4, most_s=1.5)
    """From a landing page's coming to whatever is pressed on it."""
    repeating: Delay = Delay(0.6, most_s=2.0)
    """From click to click."""
    buying: Delay = Delay(1.0, most_s=3.0)
    """From the last click, or from reading, to the till."""
    answering: Delay = Delay(1.2, most_s=4.0)
    quickest_s: float = 3.0
    """Nobody takes up a phone, reads and clicks sooner, however fast the rest is played: what is faster is taken for a
    machine, by those who judge clicks."""
