import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer

from linksvc.accounts import check_password, use_sign_in_link
from linksvc.api_keys import authenticate
from linksvc.clock import now
from linksvc.database import open_engine, reading, writing
from linksvc.models import Campaign, Contact, Route, Shop
from linksvc.settings import Settings
from ricochet.cli import ALONE, create_app
from tests import factories
from tests.conftest import DATA
from tests.dashboards import scenes
from tests.ricochet.conftest import Terminal


def test_ricochet_alone_shows_what_there_is(terminal: Terminal) -> None:
    shown = terminal.done()
    for command in ("migrate", "workspace", "user", "shop", "key", "contacts", "offer", "campaign", "route", "up", "demo"):
        assert re.search(rf"\b{command}\b", shown)


def test_the_version_is_that_of_the_package_whatever_command_follows(terminal: Terminal) -> None:
    assert terminal.done("--version") == terminal.done("--version", "migrate") == f"ricochet {version('ricochet-sms')}\n"


def test_a_command_that_is_started_alone_is_one_of_all() -> None:
    everything = names(create_app())
    assert set(ALONE) <= everything
    for name in ALONE:
        assert name in names(create_app(name)) < everything


def names(app: typer.Typer) -> set[str]:
    command = typer.main.get_command(app)
    assert isinstance(command, typer.core.TyperGroup)
    return set(command.commands)


def test_a_new_database_is_migrated_in_the_folder_that_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("RICOCHET_DATA_DIR", str(tmp_path / "elsewhere"))
    here = ("--data-dir", str(tmp_path / "here"))
    assert "Run `ricochet migrate`" in terminal.refused("workspace", "list", *here, status=1)
    first = terminal.done("migrate", *here)
    assert terminal.done("migrate", *here) == first
    assert terminal.done("workspace", "list", *here) == ""
    assert (tmp_path / "here" / "ricochet.db").exists()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("RICOCHET_SESSION_HOURS", "many", "“many” is no whole number."),
        ("RICOCHET_SESSION_HOURS", "0", "“0” is too small. It is at least 1."),
        ("RICOCHET_PUBLIC_URL", "javascript:x", "“javascript:x” is no web address of a server."),
        ("RICOCHET_LOG_LEVEL", "loud", "“loud” is no level of logs."),
        ("RICOCHET_DATABASE_URL", "mysql://x", "It is no address of an SQLite or PostgreSQL database."),
        ("RICOCHET_TRUSTED_PROXIES", "foo", "“foo” is no network."),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(terminal: Terminal, variable: str, value: str, told: str) -> None:
    terminal.monkeypatch.setenv(variable, value)
    refused = terminal.refused("workspace", "list", status=1)
    assert refused.startswith(f"ricochet: The settings cannot be used. {variable}: {told}")
    assert len(refused.splitlines()) == 1
    assert "Value error" not in refused


def test_a_database_of_another_kind_is_one_line_in_the_demonstration_too(terminal: Terminal) -> None:
    assert "SQLite or PostgreSQL" in terminal.refused("demo", "--database-url", "mysql://x", status=1)


def test_a_data_directory_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(tmp_path, monkeypatch, capsys)
    (tmp_path / "file").touch()
    for command in ("up", "migrate"):
        told = terminal.refused(command, "--data-dir", str(tmp_path / "file" / "x"), status=1)
        assert "cannot be written: Not a directory" in told
        assert len(told.splitlines()) == 1


@pytest.mark.parametrize("command", [("up",), ("smsc",), ("serve", "web"), ("serve", "tracker")])
def test_a_port_that_cannot_be_is_refused(terminal: Terminal, command: tuple[str, ...]) -> None:
    refused = terminal.run(*command, "--port", "99999")
    assert refused.status == 2
    assert "65535" in refused.err


def test_a_database_that_is_away_is_one_line(terminal: Terminal) -> None:
    terminal.monkeypatch.setenv("RICOCHET_DATABASE_URL", "postgresql://127.0.0.1:1/ricochet")
    assert "The database cannot be used" in terminal.refused("workspace", "list", status=1)


@pytest.mark.usefixtures("terminal")
def test_a_wrong_option_is_told_by_a_real_process_without_a_traceback() -> None:
    wrong = [sys.executable, "-m", "ricochet", "contacts", "import", str(DATA / "contacts_fr.csv")]
    result = subprocess.run(wrong, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "--country" in result.stderr
    assert "Traceback" not in result.stderr
    result = subprocess.run([*wrong[:3], "campaign", "show", b"\xff"], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (1, "ricochet: The arguments are not valid UTF-8.\n")


def test_workspaces_are_made_once_and_listed(lumen: Terminal) -> None:
    assert "already" in lumen.refused("workspace", "create", " Boutique Lumen ")
    lumen.done("workspace", "create", "Autre")
    assert lumen.done("workspace", "list") == "Autre\tEurope/Paris\tEUR\nBoutique Lumen\tEurope/Paris\tEUR\n"


def test_the_workspace_may_be_left_out_while_there_is_one(lumen: Terminal) -> None:
    lumen.done("shop", "create", "--name", "Lyon")
    lumen.done("workspace", "create", "Autre")
    assert "“Autre”, “Boutique Lumen”" in lumen.refused("shop", "create", "--name", "Nantes")
    assert "There is no workspace “Auttre”" in lumen.refused("shop", "create", "--name", "Nantes", "--workspace", "Auttre")
    lumen.done("shop", "create", "--name", "Nantes", "--workspace", "Autre")


def test_without_a_workspace_it_is_said_how_to_make_one(terminal: Terminal) -> None:
    assert "ricochet workspace create" in terminal.refused("shop", "create", "--name", "Lyon")


def test_a_user_signs_in_with_the_password_of_standard_input(lumen: Terminal, sqlite_url: str) -> None:
    lumen.done("user", "create", "Ana@Example.com", "--password-stdin", typed="correct horse battery\n")
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        assert check_password(session, "ana@example.com", "correct horse battery")
    engine.dispose()
    assert "already" in lumen.refused("user", "create", "ana@example.com", "--link")
    assert "10 to 1000" in lumen.refused("user", "create", "b@example.com", "--password-stdin", typed="short\n")


def test_a_user_gets_a_link_that_works_once(lumen: Terminal, sqlite_url: str) -> None:
    printed = lumen.done("user", "create", "ana@example.com", "--link")
    token = re.search(r"http://localhost:8000/sign-in/link/(\S+)", printed)
    assert token
    engine = open_engine(sqlite_url)
    with writing(engine) as session:
        assert use_sign_in_link(session, token[1], now())
        assert use_sign_in_link(session, token[1], now()) is None
    engine.dispose()


def test_a_key_is_printed_alone_and_works(lumen: Terminal, sqlite_url: str) -> None:
    lumen.done("shop", "create", "--name", "Lyon")
    scopes = ("--scope", "codes:redeem", "--scope", "codes:validate")
    result = lumen.run("key", "create", "--name", "till", *scopes, "--shop", "Lyon")
    assert result.status == 0
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        caller = authenticate(session, result.out.rstrip("\n"), now())
        shop = session.get(Shop, caller.shop_id)
    engine.dispose()
    assert caller.scopes == {"codes:redeem", "codes:validate"}
    assert shop
    assert shop.name == "Lyon"
    assert "Unknown: fly" in lumen.refused("key", "create", "--name", "x", "--scope", "fly")
    assert "no shop “Nice”" in lumen.refused("key", "create", "--name", "x", *scopes, "--shop", "Nice")


IMPORT = ("contacts", "import", str(DATA / "contacts_fr.csv"), "--country", "fr", "--tracking-consent")


def test_a_file_is_imported_and_its_rejected_rows_written(lumen: Terminal, tmp_path: Path) -> None:
    out = lumen.done(*IMPORT, "--rejected-to", str(tmp_path / "rejected.csv"))
    figures = dict(re.findall(r"^(\w[\w ]+?) +([\d,]+)$", out, re.MULTILINE))
    assert figures == {"rows": "528", "added": "500", "merged": "20", "rejected": "8", "without consent": "12"}
    assert len((tmp_path / "rejected.csv").read_text("utf-8-sig").splitlines()) == 9


def test_a_file_that_cannot_be_imported_is_one_line(lumen: Terminal, tmp_path: Path) -> None:
    image = tmp_path / "image.csv"
    image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    options = ("--country", "FR", "--no-tracking-consent")
    assert "it is an image" in lumen.refused("contacts", "import", str(image), *options)
    assert "There is no file" in lumen.refused("contacts", "import", str(tmp_path / "none.csv"), *options)
    assert "cannot be read" in lumen.refused("contacts", "import", str(tmp_path), *options)
    lumen.monkeypatch.setenv("RICOCHET_IMPORT_MAX_BYTES", "2000")
    assert "at most" in lumen.refused(*IMPORT)
    assert "is no country" in lumen.refused("contacts", "import", str(image), "--country", "ZZ", "--tracking-consent")


CAMPAIGN = ("campaign", "create", "--name", "BF", "--sender", "36180", "--destination", "https://shop.example/")
TEXT = "Bonjour {{ first_name }} {{ link }} {{ code }} {{ stop }}"


def test_a_campaign_is_written_sent_once_and_shown(lumen: Terminal, sqlite_url: str) -> None:
    lumen.done(*IMPORT)
    assert lumen.done("offer", "create", "--name", "-12,5 %", "--percent", "12,5", "--ends", "2099-12-31") == "off_1\n"
    created = lumen.done(*CAMPAIGN, "--text", TEXT, "--offer", "off_1", "--audience", "imp_1", "--rate", "50")
    assert created == "cmp_1\n"
    assert "draft" in lumen.done("campaign", "show", "cmp_1")
    lumen.done("campaign", "send", "cmp_1")
    assert "sent already" in lumen.refused("campaign", "send", "cmp_1")
    assert "producing" in lumen.done("campaign", "show", "cmp_1")
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        campaign = session.get(Campaign, 1)
        assert campaign
        assert (campaign.rate_per_s, campaign.audience_import_id, campaign.offer_id) == (50, 1, 1)
        assert session.get(Contact, 500)
    engine.dispose()


def test_an_offer_is_listed_and_shown_with_all_it_was_made_with(lumen: Terminal) -> None:
    lumen.done("shop", "create", "--name", "Nantes")
    limits = ("--cap", "900", "--minimum", "3000", "--uses-per-contact", "3", "--uses-in-all", "1000", "--budget", "500000")
    window = ("--timezone", "Pacific/Auckland", "--ends", "2099-12-24", "--days-after-delivery", "14")
    parcel = ("--name", "Parcel", "--free-delivery", "--currency", "CHF", "--uses", "2", "--stackable", "--shop", "Nantes")
    assert lumen.done("offer", "create", *parcel, *limits, *window) == "off_1\n"
    lumen.done("offer", "create", "--name", "Bag", "--gift", "A bag", "--ends", "2099-12-24T18:00:00Z")
    bag, listed = lumen.done("offer", "list").splitlines()
    assert (bag.split("\t")[1], listed.split("\t")[1:]) == (
        "gift: A bag",
        ["free delivery", *listed.split("\t")[2:4], "Parcel"],
    )
    shown = dict(
        line.split(maxsplit=1) for line in lumen.done("offer", "show", "off_1").replace(" in all", "_in_all").splitlines()
    )
    assert (shown["ends"], shown["shops"]) == ("2099-12-24T11:00:00Z", "Nantes")
    assert shown["budget"] == "500000 minor units of CHF, 500000 left"
    assert shown["uses_in_all"] == "1000, 1000 left"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("offer", "create", "--name", "x", "--amount", "5", "--gift", "A bag"), "Give one of"),
        (("offer", "create", "--name", "x", "--amount", "5", "--shop", "Nowhere"), "no shop"),
        (("offer", "create", "--name", "x", "--amount", "5", "--timezone", "Mars/Olympus"), "no time zone “Mars/Olympus”"),
        (("offer", "show", "off_9"), "There is no offer off_9"),
        ((*CAMPAIGN, "--text", "{{ link }}", "--audience", "all"), "{{ stop }}"),
        ((*CAMPAIGN, "--text", TEXT, "--audience", "all"), "{{ code }}"),
        ((*CAMPAIGN, "--text", "{{ link }} {{ stop }}", "--audience", "everybody"), "imp_12"),
        ((*CAMPAIGN, "--text", "{{ link }} {{ stop }}", "--audience", "imp_9"), "no such import"),
        (("campaign", "send", "cmp_9"), "no such campaign"),
        (("campaign", "show", "9"), "cmp_12"),
        (("offer", "create", "--name", "x", "--percent", "12.345"), "--percent"),
        (("offer", "create", "--name", "x", "--percent", "ten"), "--percent"),
        (("offer", "create", "--name", "x", "--percent", "nan"), "--percent"),
        (("offer", "create", "--name", "x", "--amount", "5", "--ends", "31/12/2099"), "--ends"),
        (("offer", "create", "--name", "x", "--amount", "5", "--currency", "XXX"), "ISO 4217"),
    ],
)
def test_what_is_refused_is_said_in_one_line(lumen: Terminal, arguments: tuple[str, ...], told: str) -> None:
    assert told in lumen.refused(*arguments)


def test_each_wrong_field_has_a_line(lumen: Terminal) -> None:
    told = lumen.refused("offer", "create", "--name", "x", "--percent", "200", "--uses", "0").splitlines()
    assert len(told) >= 3
    assert any(line.startswith("  uses_per_code: ") for line in told)
    told = lumen.refused("route", "add", "main", "--host", "h", "--system-id", "s", "--port", "0").splitlines()
    assert told[1:] == ["  port: A number from 1 to 65535."]
    assert len(lumen.refused("offer", "create", "--name", "x", "--percent", "ten").splitlines()) == 1


@pytest.mark.parametrize(
    ("state", "error", "told"),
    [
        ("refused", "The operator refused the password.", "Route main (refused): The operator refused the password."),
        ("unreachable", "", "Route main (unreachable): The route is unreachable."),
        ("failing", "It refuses.", "Route main (failing): It refuses."),
        ("", "", "There is no route to send by."),
    ],
)
def test_a_campaign_that_waits_is_shown_with_the_reason(
    lumen: Terminal, sqlite_url: str, state: str, error: str, told: str
) -> None:
    engine = open_engine(sqlite_url)
    campaign_id = scenes.new_campaign(engine, 1, 3)
    if state:
        factories.route(engine, state=state, error=error, state_at=now())
    engine.dispose()
    assert f"Waiting to be sent: 3. {told}" in lumen.done("campaign", "show", f"cmp_{campaign_id}")


def test_nobody_to_send_to_is_said(lumen: Terminal) -> None:
    lumen.done(*CAMPAIGN, "--text", "{{ link }} {{ stop }}", "--audience", "all")
    assert "Nobody may be sent to" in lumen.refused("campaign", "send", "cmp_1")


def test_routes_are_added_and_listed_and_a_missing_password_is_told(terminal: Terminal, sqlite_url: str) -> None:
    add = ("route", "add", "main-fr", "--host", "127.0.0.1", "--system-id", "lumen", "--port", "2776", "--window", "5")
    added = terminal.run(*add)
    assert added.status == 0
    assert "RICOCHET_ROUTE_MAIN_FR_PASSWORD" in added.err
    assert "already" in terminal.refused(*add)
    assert terminal.done("route", "list") == "main-fr\tlumen@127.0.0.1:2776\tidle\n"
    engine = open_engine(sqlite_url)
    with reading(engine) as session:
        route = session.get(Route, 1)
        assert route
        assert (route.window_size, route.rate_per_s) == (5, 100)
    engine.dispose()
    terminal.monkeypatch.setenv("RICOCHET_ROUTE_OTHER_PASSWORD", "secret")
    assert terminal.run("route", "add", "other", "--host", "h", "--system-id", "s").err == ""


def test_every_command_has_a_help(terminal: Terminal) -> None:
    for group in ("workspace", "user", "shop", "key", "contacts", "offer", "campaign", "route", "serve"):
        assert "Usage" in terminal.done(group, "--help")
    assert "RICOCHET_ROUTE_<NAME>_PASSWORD" in re.sub(r"[\s│]+", "", terminal.done("route", "add", "--help"))


def test_the_settings_of_the_environment_are_the_default(terminal: Terminal) -> None:
    assert Settings().data_dir == terminal.data_dir


@pytest.mark.parametrize("descriptor", ["9" * 23, "-1", "999"])
def test_a_descriptor_that_is_no_socket_is_told(lumen: Terminal, descriptor: str) -> None:
    told = lumen.refused("serve", "tracker", f"--fd={descriptor}")
    assert f"--fd {descriptor} is no open socket of this process." in told
