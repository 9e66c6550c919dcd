from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlmodel import update

from linksvc.database import reading, writing
from linksvc.destinations import check_destination
from linksvc.models import Contact, Message
from linksvc.personal_destinations import FIELDS, fill, is_personal, read_fields
from tests import factories


def test_a_message_is_read_with_its_code_and_its_recipient(engine: Engine) -> None:
    campaign_id = factories.produced_campaign(engine, factories.workspace(engine), 2)
    with writing(engine) as session:
        session.exec(update(Message).where(Message.n == 1).values(code="0223456789BC"))  # type: ignore[arg-type]
        session.exec(update(Contact).values(city="Lyon", external_id="A 7"))
    with reading(engine) as session:
        values = read_fields(session, campaign_id, 1)
        assert read_fields(session, campaign_id, 2) is None
        assert read_fields(session, campaign_id + 1, 0) is None
    assert values == {
        "code": "0223-4567-89BC",
        "first_name": "Zoé",
        "last_name": "",
        "city": "Lyon",
        "external_id": "A 7",
    }


def test_a_destination_is_filled_in_for_one_recipient() -> None:
    url = check_destination("https://pay.example/{{ code }}?for={{ first_name }}&x=%7B%7Bcode%7D%7D", personal=True)
    assert is_personal(url)
    assert fill(url, {"code": "AB-1", "first_name": "Zoé"}) == "https://pay.example/AB-1?for=Zo%C3%A9&x=%7B%7Bcode%7D%7D"
    assert fill(url, {}) == "https://pay.example/?for=&x=%7B%7Bcode%7D%7D"
    assert not is_personal("https://pay.example/%7B%7Bcode%7D%7D")


@pytest.mark.parametrize("value", [".", "..", "..."])
def test_a_value_never_climbs_to_the_folder_above(value: str) -> None:
    assert fill("https://pay.example/a/{{code}}{{city}}/b", {"code": value, "city": value}) == "https://pay.example/a//b"


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
def test_no_value_leads_elsewhere_or_adds_a_parameter(values: dict[str, str]) -> None:
    filled = fill("https://pay.example/{{city}}/pay?a={{code}}&b={{first_name}}#{{last_name}}", values)
    parts = urlsplit(filled)
    assert parts.netloc == "pay.example"
    assert parts.path.count("/") == 2
    assert list(parse_qs(parts.query, keep_blank_values=True)) == ["a", "b"]
    assert filled.isascii() and filled.isprintable() and " " not in filled
    assert check_destination(filled) == filled.rstrip("#")
