# Every target sets up what it needs: `make demo` on a fresh machine is enough.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.ready
BENCH_STAMP := .venv-bench/.ready

.PHONY: setup demo test lint bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[cpu,int8,medical,onnx,parquet,tensorboard,test]'
	@touch $@

demo: setup
	@test -f demo/demo.png || $(BIN)/septum demo --out demo
	@echo "Look at demo/demo.png; remove the folder demo to run it again."

test: setup
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

# About ten minutes on two cores, with nothing else running.
bench: $(BENCH_STAMP)
	.venv-bench/bin/septum bench --write docs/performance.md

# Peers are installed only here.
$(BENCH_STAMP): pyproject.toml constraints.txt benchmarks/requirements-peers.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[cpu,int8,onnx]' \
	    --requirement benchmarks/requirements-peers.txt
	@touch $@

clean:
	rm -rf .venv .venv-bench demo build dist src/*.egg-info
