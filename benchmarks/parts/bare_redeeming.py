"""The ceiling of `redeem.py`: `BEGIN; UPDATE; INSERT; COMMIT` of the bare driver, one thread a connection.

bare_redeeming.py ADDRESS CONNECTIONS SECONDS: in that PostgreSQL database, on tables of its own, made anew each time. Prints
the number of transactions a second; a thread that could not go on ends it with the reason.
"""

import sys
import threading
import time
from contextlib import suppress
from itertools import count

import psycopg
from redeeming import CODES_A_SECOND, code_of

TABLES = """
DROP TABLE IF EXISTS bare_code, bare_ledger;
CREATE TABLE bare_code (code text PRIMARY KEY, used int NOT NULL);
CREATE TABLE bare_ledger (id text PRIMARY KEY, code text, order_ref text, at timestamptz);
"""


class Load:
    def __init__(self, address: str, connections: int) -> None:
        self.done = [0] * connections
        self.failed: list[Exception] = []
        self.stop = threading.Event()
        self._address = address
        self._numbers = count()
        self._ready = threading.Barrier(connections + 1)

    def run(self, seconds: float) -> None:
        threads = [threading.Thread(target=self._client, args=(place,)) for place in range(len(self.done))]
        for thread in threads:
            thread.start()
        self._ready.wait()
        time.sleep(seconds)
        self.stop.set()
        for thread in threads:
            thread.join()

    def _client(self, place: int) -> None:
        try:
            with psycopg.connect(self._address, autocommit=True) as connection:
                self._ready.wait()
                while not self.stop.is_set():
                    redeem(connection, next(self._numbers))
                    self.done[place] += 1
        except Exception as error:  # Told by whoever started it.
            self.failed.append(error)
            self.stop.set()
            self._ready.abort()


def redeem(connection: psycopg.Connection, number: int) -> None:
    code = code_of(number)
    with connection.transaction():
        updated = connection.execute("UPDATE bare_code SET used = used + 1 WHERE code = %s AND used < 1", [code])
        if updated.rowcount != 1:
            raise RuntimeError(f"there is no code {number}: CODES_A_SECOND is too small for this machine")
        row = [f"rdm_{number}", code, f"R-{number}"]
        connection.execute("INSERT INTO bare_ledger VALUES (%s, %s, %s, now())", row)


def prepare(address: str, codes: int) -> None:
    with psycopg.connect(address) as connection:
        connection.execute(TABLES)
        with connection.cursor() as cursor, cursor.copy("COPY bare_code FROM STDIN") as copy:
            for number in range(codes):
                copy.write_row((code_of(number), 0))


def main(address: str, connections: int, seconds: float) -> None:
    prepare(address, round(seconds * CODES_A_SECOND))
    load = Load(address, connections)
    with suppress(threading.BrokenBarrierError):
        load.run(seconds)
    if load.failed:
        sys.exit(f"the ceiling did not run: {load.failed[0]}")
    print(sum(load.done) / seconds)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
