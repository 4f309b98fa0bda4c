.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help install run dev test e2e lint format lock readme manifests screenshot bench bench-quick bench-tuning bench-render

help: ## list the commands
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/one" >&2; exit 1; }
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "Python's venv module is needed: on Debian, apt-get install python3-venv" >&2; exit 1; }

.venv/runtime: requirements.txt | $(BIN)/python
	@echo "Installing the packages of requirements.txt into .venv: this takes about a minute"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt | $(BIN)/python
	@echo "Installing the packages of requirements-dev.txt into .venv: this takes two minutes"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/runtime

model/ml_trained_model.joblib: model/train.py model/ml_trained_model.py .venv/runtime
	@echo "Training the example model"
	@$(BIN)/python model/train.py

install: .venv/dev ## install everything for development into .venv

run: .venv/runtime model/ml_trained_model.joblib ## train the example model and serve it as in production
	@echo "Starting the service"
	@exec $(BIN)/python -m gunicorn --config app/gunicorn.conf.py app.wsgi:app

dev: .venv/runtime model/ml_trained_model.joblib ## run with auto-reload and exception texts in responses
	@exec $(BIN)/python -m app

test: .venv/dev model/ml_trained_model.joblib ## run all tests that need no cluster
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile

e2e: .venv/dev model/ml_trained_model.joblib ## run the tests on a kind cluster (needs Docker, kind, helm, kubectl)
	$(BIN)/python -m pytest e2e

readme: .venv/dev ## render the tables of README.md and SECURITY.md
	$(BIN)/python -m scripts.readme

manifests: .venv/dev ## render the chart's schema and README, and k8s/, from their sources
	$(BIN)/python -m scripts.render_chart

screenshot: .venv/dev model/ml_trained_model.joblib ## take docs/swagger.png (needs Chromium)
	$(BIN)/python -m scripts.screenshot

bench: .venv/dev ## benchmark the service and its peers (an hour, needs wrk)
	$(BIN)/python -m bench.run
	$(BIN)/python -m bench.render

bench-quick: .venv/dev ## benchmark it beside FastAPI and the bare limits (4 minutes, needs wrk)
	$(BIN)/python -m bench.run --quick

bench-tuning: .venv/dev ## compare settings with their defaults (40 minutes, needs wrk)
	$(BIN)/python -m bench.run --tuning

bench-render: .venv/dev ## render bench/RESULTS.md and its chart from the results
	$(BIN)/python -m bench.render

lint: .venv/dev ## check formatting, ruff's rules, types, the Dockerfile
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/hadolint Dockerfile

format: .venv/dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## lock the dependencies of pyproject.toml with their hashes (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra compiled -c requirements.txt pyproject.toml -o requirements-compiled.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra compiled --extra dev -c requirements-compiled.txt pyproject.toml -o requirements-dev.txt
