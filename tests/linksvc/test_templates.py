import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linksvc.errors import InvalidRequest
from linksvc.templates import FIELDS, Template


def test_fields_are_filled_in() -> None:
    template = Template.parse("Bonjour {{ first_name }} : {{link}} {{ stop }}")
    assert template.fields == {"first_name", "link", "stop"}
    assert template.render({"first_name": "Zoé", "link": "https://r.example/a", "stop": "STOP 36180", "city": "x"}) == (
        "Bonjour Zoé : https://r.example/a STOP 36180"
    )


def test_a_field_without_a_value_is_empty_or_its_default() -> None:
    assert Template.parse("Bonjour {{ first_name }}!").render({}) == "Bonjour !"
    assert Template.parse("{{ first_name | default: 'vous' | upcase }}").render({"first_name": ""}) == "VOUS"


def test_values_are_never_read_as_templates() -> None:
    assert Template.parse("{{ first_name }}").render({"first_name": "{{ code }}", "code": "secret"}) == "{{ code }}"


def test_line_ends_are_one_character() -> None:
    assert Template.parse("a\r\nb").render({}) == "a\nb"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ surname }}", "template_unknown_field"),
        ("{{ first_name.size }}", "template_unknown_field"),
        ("{{ [link] }}", "template_unknown_field"),
        ("{{ first_name | default: nickname }}", "template_unknown_field"),
        ("{% for i in (1..9) %}{{ i }}{% endfor %}", "template_tag_not_allowed"),
        ("{% raw %}{{ x }}{% endraw %}", "template_tag_not_allowed"),
        ("{{ (1..999999999) }}", "template_invalid"),
        ("{{ first_name | default: (1..999999999) }}", "template_invalid"),
        ("{{ first_name | join: ',' }}", "template_invalid"),
        ("{{ first_name | append: first_name }}", "template_invalid"),
        ("{{ first_name | truncate: 'many' }}", "template_invalid"),
        ("{{ first_name", "template_invalid"),
        ("{{ first_name }", "template_invalid"),
        ("{{ }}", "template_invalid"),
        ("x" * 5_001, "template_invalid"),
    ],
)
def test_what_is_no_plain_field_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Template.parse(text)
    assert caught.value.code == code
    assert caught.value.errors[0].field == "text"


@pytest.mark.parametrize(
    "text",
    ["{{" * 2_400, "{{ " + " " * 4_900, "{{ 'a' " + "| upcase " * 20 + "}}", "{{ 'a' | truncate: " + "9" * 150 + " }}"],
)
def test_hostile_texts_cost_no_time(text: str) -> None:
    started = time.process_time()
    with suppress(InvalidRequest):
        Template.parse(text)
    assert time.process_time() - started < 1


@given(st.text(alphabet="{}%| '\"a.b[(1)]:,-_first_namelink\n", max_size=60))
def test_a_text_is_either_refused_with_a_code_or_renders(text: str) -> None:
    try:
        template = Template.parse(text)
    except InvalidRequest as error:
        assert error.code.startswith("template_")
    else:
        assert template.fields <= set(FIELDS)
        template.render({"first_name": "Zoé"})


pieces = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="{}%"), max_size=8),
        st.sampled_from([f"{{{{ {field} }}}}" for field in FIELDS]),
    ),
    max_size=6,
).map("".join)


@given(pieces, st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=8)))
def test_fields_without_filters_are_filled_in_as_the_library_does_it(text: str, values: dict[str, str]) -> None:
    template = Template.parse(text)
    assert template._pieces is not None
    assert template.render(values) == template._parsed.render(**{field: values.get(field, "") for field in template.fields})


def test_a_field_without_a_default_leaves_a_gap() -> None:
    assert Template.parse("{{ city }}. Code {{ code | upcase }}").gaps == {"city", "code"}
    assert Template.parse("{{ city | upcase | default: 'Lyon' }} {{ 'x' | default: first_name }} Lyon").gaps == frozenset()
    assert Template.parse("{{ city | default: first_name }} {{ city }}").gaps == {"city"}
