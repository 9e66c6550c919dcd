from datetime import UTC, datetime, timedelta, timezone

import pytest

from sender.long_forms import Part
from sender.messages import OpenCampaign, Outgoing, Submission
from sender.pdus import decode, encode
from sender.submit_fields import absolute_time, fields_of, source_address


def submission(sender: str = "36180", *parts: Part) -> Submission:
    campaign = OpenCampaign(1, 1, "marketing", sender, "Bonjour", 100)
    return Submission(Outgoing(campaign, 0, 1, "+33639980001", 0, parts or (Part(b"Bonjour"),)), 1, 1)


@pytest.mark.parametrize(
    ("sender", "kind", "written"),
    [
        ("36180", "short", "36180"),
        ("38123456", "short", "38123456"),
        ("+33644990000", "long", "33644990000"),
        ("+441234", "long", "441234"),
        ("Lumen", "alphanumeric", "Lumen"),
        ("١٢٣", "alphanumeric", "١٢٣"),
    ],
)
def test_the_kind_of_a_sender_is_told_by_how_it_is_written(sender: str, kind: str, written: str) -> None:
    assert source_address(sender) == (kind, written)


def test_the_kinds_of_addresses_are_usual_unless_a_route_says_otherwise() -> None:
    fields = fields_of(submission())
    assert (fields["source_addr_ton"], fields["source_addr_npi"]) == (3, 0)
    assert (fields["dest_addr_ton"], fields["dest_addr_npi"], fields["destination_addr"]) == (1, 1, "33639980001")
    fields = fields_of(submission(), {"short": (0, 1), "recipient": (1, 0)})
    assert (fields["source_addr_ton"], fields["source_addr_npi"]) == (0, 1)
    assert (fields["dest_addr_ton"], fields["dest_addr_npi"]) == (1, 0)
    assert fields_of(submission("Lumen"), {"short": (0, 1)})["source_addr_ton"] == 5


def test_the_smsc_gives_up_when_the_campaign_ends() -> None:
    assert "validity_period" not in fields_of(submission())
    ends_at = datetime(2026, 11, 27, 22, 30, 15, tzinfo=timezone(timedelta(hours=1)))
    assert fields_of(submission(), ends_at=ends_at)["validity_period"] == "261127213015000+"
    assert absolute_time(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == "260102030405000+"


def test_every_form_is_written_and_read_again_by_the_codec() -> None:
    sar = {"sar_msg_ref_num": 513, "sar_total_segments": 2, "sar_segment_seqnum": 1}
    ends_at = datetime(2026, 11, 27, tzinfo=UTC)
    for part in (
        Part(b"\x05\x00\x03\x01\x02\x01a", 0x40),
        Part(b"a", tlvs=sar),
        Part(b"", tlvs={"message_payload": b"a" * 400}),
    ):
        pdu = decode(encode("submit_sm", 1, **fields_of(submission("36180", part), ends_at=ends_at)))
        assert pdu.number("esm_class") == part.esm_class
        assert pdu.payload == (part.short_message or part.tlvs["message_payload"])
        assert all(pdu.fields[name] == value for name, value in part.tlvs.items())
        assert pdu.number("registered_delivery") == 1
        assert pdu.text("validity_period") == "261127000000000+"
