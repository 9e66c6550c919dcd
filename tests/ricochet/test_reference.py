from pathlib import Path

import pytest

from ricochet.cli import create_app
from ricochet.reference import pages

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.mark.parametrize("name", ["settings.md", "commands.md", "metrics.md", "knobs.md"])
def test_the_reference_says_what_is_so(name: str) -> None:
    assert (DOCS / name).read_text() == pages(create_app())[name], "Run scripts/write-docs."
