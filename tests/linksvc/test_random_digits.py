import os
import re
from concurrent.futures import ThreadPoolExecutor

from linksvc.random_digits import AT_ONCE, DIGITS, draw_digits


def test_no_two_threads_draw_the_same_digits() -> None:
    with ThreadPoolExecutor(8) as threads:
        drawn = list(threads.map(lambda _: draw_digits(), range(AT_ONCE * 20)))
    assert len(set(drawn)) == len(drawn)
    assert all(re.fullmatch(f"[0-9a-f]{{{DIGITS}}}", one) for one in drawn)


def test_a_forked_child_does_not_go_on_with_its_parents_digits() -> None:
    draw_digits()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.write(write, draw_digits().encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    with os.fdopen(read) as told:
        theirs = told.read()
    assert len(theirs) == DIGITS
    assert theirs not in {draw_digits() for _ in range(AT_ONCE)}
