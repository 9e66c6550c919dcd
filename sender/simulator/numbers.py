"""The telephone numbers reserved for fiction, in one fixed order: the simulated people can never be real ones'."""

from collections.abc import Iterable
from functools import cache

_CANADIAN_AREAS = (
    "204 226 236 249 250 289 306 343 365 403 416 418 431 437 438 450 506 514 519 579 581 587 604 613 639 647 705 "
    "709 778 780 807 819 825 867 873 902 905"
)
_US_AREAS = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 "
    "252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 "
    "319 320 321 323 325 330 334 336 337 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 "
    "415 417 419 423 424 425 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513 "
    "515 516 517 518 520 530 540 541 551 559 561 562 563 567 570 571 573 574 580 585 586 601 602 603 605 606 607 "
    "608 609 610 612 614 615 616 617 618 619 620 623 626 630 631"
)

_FRENCH_STEP = 7_919
"""Prime to 10,000, so that neighbours in the order are no neighbours in the range, and every number comes once."""


def _french() -> Iterable[tuple[str, str]]:
    """06 39 98 00 00 to 06 39 98 99 99 (ARCEP)."""
    return ((f"+3363998{i * _FRENCH_STEP % 10_000:04d}", "FR") for i in range(10_000))


def _british() -> Iterable[tuple[str, str]]:
    """07700 900000 to 07700 900999 (Ofcom)."""
    return ((f"+447700900{i:03d}", "GB") for i in range(1_000))


def _north_american() -> Iterable[tuple[str, str]]:
    """555-0100 to 555-0199 in each area (ATIS-0300115), an area's next number after every other area had its turn."""
    areas = [(area, "CA") for area in _CANADIAN_AREAS.split()] + [(area, "US") for area in _US_AREAS.split()]
    return ((f"+1{area}55501{i:02d}", country) for i in range(100) for area, country in areas)


@cache
def reserved_numbers() -> tuple[tuple[str, str], ...]:
    """Every reserved number (E.164) with its country (ISO 3166), the same at each call.

    Nine in ten are French while those last; the others are dealt among them, so that a small population is mixed too.
    """
    shares = ((_french(), 0.90), (_british(), 0.05), (_north_american(), 0.05))
    placed = [((i + 0.5) / share, entry) for entries, share in shares for i, entry in enumerate(entries)]
    return tuple(entry for _, entry in sorted(placed))
