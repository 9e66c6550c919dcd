"""The names people give to things: a workspace, a shop, a key, an offer."""

from linksvc.errors import FieldError, InvalidRequest

LONGEST = 120
"""In characters."""


def check_name(name: str, field: str = "name") -> str:
    """The name without outer spaces. Raises InvalidRequest unless it is one line of 1 to 120 printable characters."""
    name = name.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        message = f"One line of 1 to {LONGEST} characters is asked for."
        raise InvalidRequest(f"The {field} cannot be used. {message}", errors=(FieldError(field, message),))
    return name
