PYTHON ?= python3
BIN := .venv/bin
DATA_DIR ?= data

.PHONY: install run test interop soak check bench clean

install: .venv/installed

# The lock first, with hashes; then the project itself, which pip could not check by hash.
.venv/installed: requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

run: install
	$(BIN)/ricochet migrate --data-dir $(DATA_DIR)
	$(BIN)/ricochet up --data-dir $(DATA_DIR) --demo 2000

# On every core, each with a PostgreSQL and a Chromium of its own; whoever has nothing left to do takes half of what another has.
test: install
	sh scripts/need-chromium
	$(BIN)/python -m pytest -n logical --dist worksteal

# Peers that others wrote: the npm package smpp as the sender's SMSC, Debian's Kannel as the simulator's client, and the
# languages of docs/redeem-your-first-code.md.
interop: install
	sh scripts/need-interop
	$(BIN)/python -m pytest tests/interop/node_smpp.py tests/interop/kannel.py tests/interop/redeem_guide.py

# Kills, outages, full disks, guessers and chaos, then a million messages: about an hour; ROUNDS="kills outage" or ROUNDS=--quick for less.
soak: install
	$(BIN)/python -m tests.soak $(ROUNDS)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: install
	$(BIN)/python benchmarks/run.py $(BENCH)

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
