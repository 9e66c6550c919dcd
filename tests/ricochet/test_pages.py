"""Landing pages and pictures on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.linksvc.landing.documents_by_example import block, with_block, written
from tests.ricochet.conftest import Terminal


def stored(folder: Path, document: dict[str, Any]) -> str:
    file = folder / "page.json"
    file.write_text(json.dumps(document))
    return str(file)


def test_a_page_is_made_shown_edited_published_copied_and_deleted(lumen: Terminal, tmp_path: Path) -> None:
    file = stored(tmp_path, with_block(**block("button")))
    assert lumen.done("page", "create", file, "--name", "Sale") == "pag_1\n"
    assert lumen.done("page", "list") == "pag_1\t1\t-\tSale\n"
    assert "block               buy (button)" in lumen.done("page", "show", "pag_1")
    document = json.loads(lumen.done("page", "show", "pag_1", "--document"))
    document["blocks"].append(block("code"))
    assert "at version 2" in lumen.done("page", "edit", "pag_1", stored(tmp_path, document), "--version", "1")
    late = stored(tmp_path, with_block(**block("call")))
    assert "at version 2, and this is about version 1" in lumen.refused("page", "edit", "pag_1", late, "--version", "1")
    assert "published at version 2" in lumen.done("page", "publish", "pag_1")
    shown = lumen.done("page", "show", "pag_1")
    assert "recipients see      version 2" in shown
    assert "need an offer" in shown
    assert lumen.done("page", "copy", "pag_1", "--name", "Again") == "pag_2\n"
    assert lumen.done("page", "list") == "pag_2\t1\t-\tAgain\npag_1\t2\t2\tSale\n"
    lumen.done("page", "delete", "pag_2")
    assert "no such page" in lumen.refused("page", "delete", "pag_2")


def test_a_page_that_is_not_finished_says_what_it_lacks(lumen: Terminal, tmp_path: Path) -> None:
    file = stored(tmp_path, written(blocks=[block("picture"), block("button") | {"url": ""}]))
    lumen.done("page", "create", file, "--name", "Sale")
    told = "Block “buy”, url: Say where the button leads to."
    assert f"Missing: {told}" in lumen.done("page", "show", "pag_1")
    refused = lumen.refused("page", "publish", "pag_1")
    assert told in refused
    assert "Block “shop”, picture: There is no such picture" in refused


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            '{"languages": ["fr"], "blocks": [{"id": "a", "type": "button", "url": "javascript:x"}]}',
            "Block “a”, url: It must",
        ),
        ("{", "no JSON"),
        ('{"languages": ["fr"], "blocks": []}' + " " * 70_000, "65,536 are the most"),
    ],
)
def test_a_wrong_document_is_a_sentence(lumen: Terminal, tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "page.json"
    file.write_text(content)
    assert told in lumen.refused("page", "create", str(file), "--name", "Sale")


def test_a_file_that_is_not_there_is_told(lumen: Terminal, tmp_path: Path) -> None:
    assert "There is no file" in lumen.refused("page", "create", str(tmp_path / "none.json"), "--name", "x")
    assert "There is no file" in lumen.refused("picture", "add", str(tmp_path / "none.png"))
    assert "cannot be read" in lumen.refused("picture", "add", str(tmp_path))


def test_a_picture_is_added_shown_on_a_page_and_deleted(lumen: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "shop.png"
    Image.new("RGB", (2_400, 1_200), "red").save(file)
    digest = lumen.done("picture", "add", str(file)).strip()
    assert lumen.done("picture", "add", str(file), "--name", "Again").strip() == digest
    shown, size, length, name = lumen.done("picture", "list").strip().split("\t")
    assert (shown, size, name) == (digest, "1200x600", "shop.png")
    assert int(length) > 0
    page = stored(tmp_path, with_block(**block("picture") | {"picture": digest}))
    lumen.done("page", "create", page, "--name", "Sale")
    assert "stands on “Sale”" in lumen.refused("picture", "delete", digest)
    lumen.done("page", "delete", "pag_1")
    lumen.done("picture", "delete", digest)
    assert lumen.done("picture", "list") == ""


def test_a_picture_that_is_none_is_a_sentence(lumen: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    file.write_text("<svg><script>alert(1)</script></svg>")
    assert "an SVG may hold a program" in lumen.refused("picture", "add", str(file))


def test_a_campaign_shows_a_page_instead_of_leading_away(lumen: Terminal, tmp_path: Path) -> None:
    lumen.done("page", "create", stored(tmp_path, with_block(**block("button"))), "--name", "Sale")
    campaign = (
        "campaign",
        "create",
        "--name",
        "x",
        "--text",
        "{{ link }} {{ stop }}",
        "--sender",
        "36180",
        "--audience",
        "all",
    )
    assert "never published" in lumen.refused(*campaign, "--page", "pag_1")
    lumen.done("page", "publish", "pag_1")
    assert "only one of them" in lumen.refused(*campaign, "--page", "pag_1", "--destination", "https://shop.example/")
    lumen.done(*campaign, "--page", "pag_1")
    assert "leads to            pag_1" in lumen.done("link", "show", "cmp_1")
    lumen.done("link", "edit", "cmp_1", "--destination", "https://shop.example/")
    assert "leads to            https://shop.example/" in lumen.done("link", "show", "cmp_1")
    assert "utm is about a destination" in lumen.refused("link", "edit", "cmp_1", "--page", "pag_1", "--utm-source", "sms")
    lumen.done("link", "edit", "cmp_1", "--page", "pag_1")
    assert "lead to this page" in lumen.refused("page", "delete", "pag_1")
    lumen.done("link", "create", "https://shop.example/")
    assert "Only the link of a campaign's messages" in lumen.refused("link", "edit", "lnk_1", "--page", "pag_1")
