"""A campaign's text with its fields, `{{ first_name }}`: checked when the campaign is written, rendered by the sender.

Liquid's output statements and a few filters, nothing else: no tag (so no loop), no range, no property of a field. A template
that parses renders in time and space bounded by its own length and its fields'.
"""

from collections.abc import Iterable, Mapping
from io import StringIO

from liquid import Environment
from liquid.builtin import content, illegal, output
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path, StringLiteral
from liquid.builtin.expressions.primitive import IntegerLiteral
from liquid.builtin.filters.misc import default
from liquid.builtin.filters.string import capitalize, downcase, strip, truncate, upcase
from liquid.exceptions import LiquidError
from liquid.expression import Expression
from liquid.template import BoundTemplate

from linksvc.errors import FieldError, InvalidRequest

FIELDS = ("first_name", "last_name", "city", "link", "code", "stop")
FILTERS = {
    "default": default,
    "upcase": upcase,
    "downcase": downcase,
    "capitalize": capitalize,
    "strip": strip,
    "truncate": truncate,
}
MAX_CHARACTERS = 5_000
"""Far above what an SMS takes."""

MAX_FIELD_CHARACTERS = 200
"""Between two braces. The library's scanner needs time in the cube of a run of spaces, so runs are kept short."""

_SAMPLES: tuple[dict[str, str], ...] = ({}, dict.fromkeys(FIELDS, "Zoé"))


class _Environment(Environment):
    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002
        for tag in (content.Literal, output.Output, illegal.Illegal):
            self.add_tag(tag)
        self.filters.update(FILTERS)


_ENVIRONMENT = _Environment()


class Template:
    """A text whose fields are known to exist."""

    def __init__(self, text: str, fields: frozenset[str], parsed: BoundTemplate) -> None:
        self.text = text
        self.fields = fields
        self._parsed = parsed
        self._pieces = _pieces(parsed)

    @classmethod
    def parse(cls, text: str) -> "Template":
        """Reads a template. Raises InvalidRequest: template_invalid, template_unknown_field, template_tag_not_allowed."""
        text = text.replace("\r\n", "\n")
        if len(text) > MAX_CHARACTERS:
            raise _invalid(f"The text has {len(text):,} characters; {MAX_CHARACTERS:,} are the most.")
        if "{%" in text:
            raise _invalid("Only fields such as {{ first_name }} may stand in a text, no {% ... %}.", "tag_not_allowed")
        _check_braces(text)
        try:
            parsed = _ENVIRONMENT.from_string(text)
            template = cls(text, frozenset(_fields(_expressions(parsed))), parsed)
            for sample in _SAMPLES:
                template.render(sample)
        except (LiquidError, ValueError, OverflowError, RecursionError) as error:
            raise _invalid(f"The text cannot be read: {_reason(error)}.") from error
        return template

    @property
    def gaps(self) -> frozenset[str]:
        """The fields that leave nothing in their place where nothing is known: no `default` stands behind them."""
        expressions = [expression for node in self._parsed.nodes for expression in node.expressions()]
        return frozenset(
            _field(one.left)
            for one in expressions
            if isinstance(one, FilteredExpression) and isinstance(one.left, Path)
            if not any(filter_.name == "default" for filter_ in one.filters or ())
        )

    def render(self, values: Mapping[str, str]) -> str:
        """The text for one recipient; a field without a value is empty."""
        if self._pieces is not None:
            return "".join([values.get(piece, "") if is_field else piece for is_field, piece in self._pieces])
        return self._parsed.render(**{field: values.get(field, "") for field in self.fields})

    def pieces(self, values: Mapping[str, str]) -> list[tuple[bool, str]]:
        """The same, piece by piece, in order: whether each was filled in, and its text."""
        filled = {field: values.get(field, "") for field in self.fields}
        context = self._parsed.context_class(self._parsed, globals=self._parsed.make_globals(filled))
        made = []
        for node in self._parsed.nodes:
            buffer = StringIO()
            node.render(context, buffer)
            made.append((not isinstance(node, ContentNode), buffer.getvalue()))
        return made


def _pieces(parsed: BoundTemplate) -> list[tuple[bool, str]] | None:
    """A text whose fields have no filters, which most have not, as its pieces: whether each is a field, and its name or the
    text itself. They are put together several times faster than the library renders. None for any other."""
    pieces = []
    for node in parsed.nodes:
        if isinstance(node, ContentNode):
            pieces.append((False, node.text))
            continue
        (expression,) = node.expressions()
        if not (isinstance(expression, FilteredExpression) and isinstance(expression.left, Path)) or expression.filters:
            return None
        pieces.append((True, _field(expression.left)))
    return pieces


def _invalid(detail: str, code: str = "invalid") -> InvalidRequest:
    return InvalidRequest(detail, code=f"template_{code}", errors=(FieldError("text", detail),))


def _check_braces(text: str) -> None:
    for after in text.split("{{")[1:]:
        end = after.find("}}")
        if end < 0:
            raise _invalid("A field is opened with {{ and never closed with }}.")
        if end > MAX_FIELD_CHARACTERS:
            raise _invalid(f"There are more than {MAX_FIELD_CHARACTERS} characters between {{{{ and }}}}.")


def _reason(error: Exception) -> str:
    return str(error.message) if isinstance(error, LiquidError) and error.message else "it is not a valid template"


def _expressions(parsed: BoundTemplate) -> Iterable[Expression]:
    """Every expression of a template, the arguments of its filters included."""
    waiting = [expression for node in parsed.nodes for expression in node.expressions()]
    while waiting:
        expression = waiting.pop()
        yield expression
        waiting.extend(expression.children())


def _fields(expressions: Iterable[Expression]) -> Iterable[str]:
    """The names of all fields. Raises InvalidRequest for what is neither a known field, a literal nor a known filter."""
    for expression in expressions:
        if isinstance(expression, Path):
            yield _field(expression)
        elif isinstance(expression, FilteredExpression):
            for filter_ in expression.filters or ():
                if filter_.name not in FILTERS:
                    raise _invalid(f"There is no filter {filter_.name}. The filters are {', '.join(FILTERS)}.")
        elif not isinstance(expression, StringLiteral | IntegerLiteral):
            raise _invalid("A field may be followed by filters with texts and whole numbers, nothing else.")


def _field(path: Path) -> str:
    if len(path.path) == 1 and path.path[0] in FIELDS:
        return str(path.path[0])
    raise _invalid(f"There is no field {path}. The fields are {', '.join(FIELDS)}.", "unknown_field")
