"""Changes the languages of a page that is edited. What was typed in one that is taken away stays in the form, out of sight,
until the page is saved. For `dashboards.pages.landing_editor`."""

from dashboards.editor.changes import Changed
from dashboards.editor.conversion import languages_of
from dashboards.editor.trees import Tree, text_at
from linksvc.landing.words import LANGUAGES_MOST
from linksvc.languages import languages


def change_languages(tree: Tree, wish: str, code: str) -> Changed | None:
    """`add` takes the language that was chosen, `first` and `remove` the one they name. None if that makes no sense."""
    present = list(languages_of(tree))
    if wish == "add":
        code = text_at(tree, "new_language")
        if code not in languages() or code in present:
            return None
        if len(present) >= LANGUAGES_MOST:
            return Changed(is_full=True)
        return _set(tree, [*present, code])
    if code not in present or len(present) == 1:
        return None
    others = [one for one in present if one != code]
    return _set(tree, [code, *others] if wish == "first" else others)


def _set(tree: Tree, wanted: list[str]) -> Changed:
    tree["languages"] = " ".join(wanted)
    return Changed(focus="languages")
