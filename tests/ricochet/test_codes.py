import csv
from pathlib import Path

import pytest

from tests.ricochet.conftest import Terminal


@pytest.fixture
def offer(lumen: Terminal) -> str:
    return lumen.done("offer", "create", "--name", "10 %", "--percent", "10").strip()


def exported(lumen: Terminal, offer: str, path: Path, *options: str) -> list[dict[str, str]]:
    lumen.done("code", "export", offer, str(path), *options)
    return list(csv.DictReader(path.read_text("utf-8-sig").splitlines()))


def test_codes_are_made_for_print_and_written_to_a_file(lumen: Terminal, offer: str, tmp_path: Path) -> None:
    assert lumen.done("code", "generate", offer, "12") == f"Made 12 codes of {offer}.\n"
    rows = exported(lumen, offer, tmp_path / "codes.csv")
    assert len({row["code"] for row in rows}) == 12
    assert {(row["source"], row["state"]) for row in rows} == {("generated", "free")}
    assert "generated           12\n" in lumen.done("code", "show", offer)
    assert "There is no offer off_99" in lumen.refused("code", "generate", "off_99", "1")
    assert "cannot be written" in lumen.refused("code", "export", offer, str(tmp_path / "no" / "folder.csv"))
    assert "none of generated" in lumen.refused("code", "export", offer, str(tmp_path / "x.csv"), "--source", "stolen")


def test_a_list_is_imported_and_its_faults_are_told_by_line(lumen: Terminal, offer: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Code promo;Magasin\nNOËL-1;Lyon\nnoël 1;Lyon\nNOËL-2;Lyon\n")
    refused = lumen.refused("code", "import", offer, str(path))
    assert "1 of 3 lines cannot be taken, so nothing was imported" in refused
    assert "line 3: The code stands on line 2 already" in refused
    assert "--skip-faults" in refused
    told = lumen.run("code", "import", offer, str(path), "--skip-faults")
    assert told.status == 0
    assert [line.split() for line in told.out.splitlines()] == [
        ["rows", "3"],
        ["added", "2"],
        ["there", "already", "0"],
        ["left", "out", "1"],
    ]
    assert told.err.startswith("line 3: ")
    path.write_text("NOËL-3\n")
    lumen.done("code", "import", offer, str(path), "--no-header", "--uses", "5")
    rows = exported(lumen, offer, path, "--source", "imported")
    assert sorted((row["code"], row["uses"]) for row in rows) == [("NOËL-1", "1"), ("NOËL-2", "1"), ("NOËL-3", "5")]
    shown = lumen.done("code", "show", offer)
    assert "left of its lists   3\n" in shown
    assert shown.count("finished") == 2
    assert "There is no file" in lumen.refused("code", "import", offer, str(tmp_path / "none.csv"))


def test_one_code_is_shared_by_all(lumen: Terminal, offer: str) -> None:
    assert lumen.done("code", "share", offer, "Noël 25", "--uses", "500") == "Noël 25 may be used 500 times.\n"
    assert "Noël 25, used 0 of 500 times" in lumen.done("code", "show", offer)
    assert "has a shared code already" in lumen.refused("code", "share", offer, "OTHER", "--uses", "1")


def test_codes_are_taken_back_one_or_all(lumen: Terminal, offer: str, tmp_path: Path) -> None:
    lumen.done("code", "generate", offer, "2")
    path = tmp_path / "codes.csv"
    typed = exported(lumen, offer, path)[0]["code"].lower()
    lumen.done("code", "disable", typed)
    assert sorted(row["state"] for row in exported(lumen, offer, path)) == ["disabled", "free"]
    lumen.done("code", "enable", typed)
    lumen.done("code", "withdraw", offer)
    assert "Withdrawn on" in lumen.done("code", "show", offer)
    assert {row["state"] for row in exported(lumen, offer, path)} == {"disabled"}
    lumen.done("code", "restore", offer)
    assert {row["state"] for row in exported(lumen, offer, path)} == {"free"}
    assert "no such code" in lumen.refused("code", "disable", "ELSE")


def test_a_campaign_says_where_its_codes_come_from(lumen: Terminal, offer: str) -> None:
    lumen.done("code", "share", offer, "NOEL25", "--uses", "500")
    new = ("campaign", "create", "--name", "x", "--text", "{{ code }} {{ stop }}", "--sender", "36180", "--audience", "all")
    assert "generated or shared" in lumen.refused(*new, "--offer", offer)
    assert "none of generated, imported, shared" in lumen.refused(*new, "--offer", offer, "--codes", "stolen")
    assert lumen.done(*new, "--offer", offer, "--codes", "shared") == "cmp_1\n"
