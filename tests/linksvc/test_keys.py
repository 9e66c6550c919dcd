import stat
import subprocess
import sys
from pathlib import Path

import pytest

from linksvc.errors import ConfigurationError
from linksvc.keys import MOST_KEYS, open_keyring, rotate
from linksvc.settings import Settings

SECRET = "a secret of more than thirty-two characters"

OPEN_KEYRING = """
import sys
from pathlib import Path
from linksvc.keys import MOST_KEYS, open_keyring, rotate
from linksvc.settings import Settings
sys.stdin.readline()
print(open_keyring(Settings(data_dir=Path(sys.argv[1]))).links[0].hex())
"""


def test_the_embedded_default_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    keyring = open_keyring(settings)
    path = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text()) >= 32
    assert open_keyring(settings) == keyring
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"]


def test_processes_that_start_at_once_get_one_key(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_KEYRING, str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    keys = {process.communicate()[0].strip() for process in processes}
    assert [process.returncode for process in processes] == [0] * 3
    assert len(keys) == 1


def test_postgresql_without_a_key_refuses_and_says_how_to_make_one(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url="postgresql://127.0.0.1/ricochet")
    with pytest.raises(ConfigurationError, match=r"RICOCHET_SECRET_KEY is not set(.|\n)*secrets\.token_urlsafe"):
        open_keyring(settings)
    assert not list(tmp_path.iterdir())


def test_a_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has 5 characters; it needs 32"):
        open_keyring(Settings(data_dir=tmp_path, secret_key="short"))


def test_each_purpose_has_a_key_of_its_own_and_another_secret_gives_others(tmp_path: Path) -> None:
    ours = open_keyring(Settings(data_dir=tmp_path, secret_key=SECRET))
    theirs = open_keyring(Settings(data_dir=tmp_path, secret_key=SECRET + "!"))
    keys = [*ours.links, ours.link_salt, ours.promo_code, ours.session, *ours.hit_tokens, *ours.visit_tokens]
    keys += [*theirs.links, theirs.link_salt, theirs.promo_code, theirs.session, *theirs.hit_tokens, *theirs.visit_tokens]
    assert len(set(keys)) == 12
    assert SECRET not in repr(ours)
    assert ours.links[0].hex() not in repr(ours)


def test_after_a_rotation_new_links_have_a_new_key_and_former_keys_stay(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    before = open_keyring(settings)
    assert rotate(settings) == 1
    after = open_keyring(settings)
    assert after.links[: len(before.links)] == before.links
    assert after.version == 1
    assert after.link_salt == before.link_salt
    assert after.session != before.session
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600


def test_keys_are_rotated_in_the_file_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{SECRET}\n")
    settings = Settings(data_dir=tmp_path / "data", database_url="postgresql://127.0.0.1/x", secret_key_file=file)
    assert rotate(settings) == 1
    assert len(open_keyring(settings).links) == 2
    assert file.read_text().startswith(f"{SECRET}\n")


def test_a_fifth_key_is_refused_and_the_four_stay(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    open_keyring(settings)
    for _ in range(MOST_KEYS - 1):
        rotate(settings)
    before = open_keyring(settings)
    with pytest.raises(ConfigurationError, match="4 secret keys already"):
        rotate(settings)
    assert open_keyring(settings) == before


def test_a_key_in_the_environment_is_not_rotated_and_it_is_said_how(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="RICOCHET_SECRET_KEY_FILE"):
        rotate(Settings(data_dir=tmp_path, secret_key=SECRET))


def test_a_file_of_keys_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere cannot be read: No such file"):
        open_keyring(Settings(data_dir=tmp_path, secret_key_file=tmp_path / "nowhere"))
