"""Short links as they are written: a code behind the installation's address, or behind a domain of the workspace's own."""

from linksvc.keys import Keyring
from linksvc.settings import Settings
from linksvc.short_codes import ShortCodes


class ShortLinks:
    """Writes links with the codes of this installation; `key_version` is that of new ones."""

    def __init__(self, keyring: Keyring, settings: Settings) -> None:
        self._codes = ShortCodes.of(keyring)
        self._installation = settings.short_url
        self.key_version = keyring.version

    def beginning(self, short_url: str) -> str:
        """What a link's codes stand behind; `short_url` is the link's own, empty for the installation's."""
        return short_url or self._installation

    def write(self, short_url: str, serial: int, key_version: int) -> str:
        """The short link of a serial."""
        return f"{self.beginning(short_url)}/{self._codes.encode(serial, key_version)}"
