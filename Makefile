# The only list of commands; .ci/run calls its recipes.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: run build test soak lint format bench compat fuzz clean

run: build
	$(BIN)/pybroker serve --data-dir ./pybroker-data

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --group dev
	touch $@

build: $(STAMP)
	$(BIN)/maturin develop --quiet --release >/dev/null
	$(BIN)/python -m compileall -q pybroker

test: build
	cargo test --quiet --workspace --exclude pybroker-python
	$(BIN)/pytest --ignore=tests/sim
	$(BIN)/pytest -n auto tests/sim

# What `test` does in seconds, for minutes: SOAK_STEPS of the log's model from a seed of the moment (PYBROKER_SEED plays them again),
# SOAK_KILLS of a broker under load, and SOAK_SCHEDULES of groups.
SOAK_STEPS ?= 10000000
SOAK_KILLS ?= 200
SOAK_SCHEDULES ?= 200000
soak: build
	PYBROKER_MODEL_STEPS=$(SOAK_STEPS) cargo test --quiet -p pybroker-log --test model -- --nocapture
	PYBROKER_KILLS=$(SOAK_KILLS) $(BIN)/pytest -n 0 tests/crash/test_kill_while_producing.py
	PYBROKER_GROUP_SCHEDULES=$(SOAK_SCHEDULES) $(BIN)/pytest -n auto tests/sim

lint: build
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest pybroker._native --allowlist tests/stubtest-allowlist.txt --concise
	$(BIN)/lint-imports --no-cache

format:
	cargo fmt --all
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

bench: build
	$(BIN)/python -m benchmarks

compat: build
	$(BIN)/python -m compat

fuzz:
	rust/fuzz/run

clean:
	rm -rf target .venv
