.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
VERSION := $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' app/__init__.py)
REVISION := $(or $(shell git rev-parse HEAD 2>/dev/null),unknown)
WORKFLOWS := $(wildcard .github/workflows/*.yml)
ISSUE_FORMS := $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

# Both install the same packages, whose hashes are locked; uv is faster.
ifneq ($(shell command -v uv),)
  CREATE_VENV := uv venv --quiet --clear --python $(PYTHON) .venv
  INSTALL := uv pip install --quiet --python $(BIN)/python --require-hashes -r
else
  CREATE_VENV := $(PYTHON) -m venv .venv || \
    { rm -rf .venv; echo "Python's venv module is needed: on Debian, apt-get install python3-venv" >&2; exit 1; }
  INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
endif

# The example's file, which is to be trained, if the folder of the model is the example's or none.
example = $(if $(filter-out $(abspath model),$(abspath $(or $(1),model))),,model/ml_trained_model.joblib)

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
  --no-emit-index-url --no-header
LOCK := $(COMPILE) --generate-hashes pyproject.toml
CLIENTS := $(wildcard tests/clients/*/requirements.in)
# Resolves as for an arm64 image, with nothing but the versions and hashes that are locked.
RESOLVE_ARM64 := $(BIN)/uv pip install --quiet --dry-run --target .venv/arm64 --no-build \
  --require-hashes --python-platform aarch64-manylinux_2_28 -r pyproject.toml

.PHONY: help version install run dev check test test-clients e2e lint lint-workflows format lock check-lock outdated \
  audit image sbom chart readme manifests sklearn-imports screenshot bench bench-quick bench-tuning bench-render \
  soak

help: ## list the commands
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

version: ## print the version
	@echo $(VERSION)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: set PYTHON=/path/to/one" >&2; exit 1; }
	@echo "Creating .venv"
	@$(CREATE_VENV)

.venv/runtime: requirements.txt | $(BIN)/python
	@echo "Installing the packages of requirements.txt into .venv: this may take a minute"
	@$(INSTALL) requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt | $(BIN)/python
	@echo "Installing the packages of requirements-dev.txt into .venv: this may take two minutes"
	@$(INSTALL) requirements-dev.txt
	@touch $@ .venv/runtime

model/ml_trained_model.joblib: model/train.py model/ml_trained_model.py .venv/runtime
	@echo "Training the example model"
	@$(BIN)/python model/train.py

install: .venv/dev ## install everything for development into .venv

run: .venv/runtime $(call example,$(MODEL_DIR)) ## serve the model in MODEL_DIR, by default the example, as in production
	@$(BIN)/python -m app install
	@echo "Starting the service"
	@exec $(BIN)/python -m gunicorn --config app/gunicorn.conf.py app.wsgi:app

dev: .venv/runtime $(call example,$(MODEL_DIR)) ## run with auto-reload and exception texts in responses
	@$(BIN)/python -m app install
	@exec $(BIN)/python -m app

check: .venv/runtime $(call example,$(or $(MODEL),$(MODEL_DIR))) ## load MODEL=path as a pod does, and print its API
	@$(BIN)/python -m app check $(if $(MODEL),"$(MODEL)")

test: .venv/dev model/ml_trained_model.joblib ## run all tests that need no cluster
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile

test-clients: .venv/dev model/ml_trained_model.joblib ## run other servers' clients, such as KServe's, against the service
	$(BIN)/python -m pytest tests/clients

e2e: .venv/dev model/ml_trained_model.joblib ## run the tests on a kind cluster (needs Docker, kind, helm, kubectl)
	$(BIN)/python -m pytest e2e

audit: .venv/dev ## look for known vulnerabilities of the locked packages
	@$(BIN)/python -m scripts.audit

image: ## build the image ml-rest-api:VERSION, on another base with BASE=…; with MODEL=path, one with this model
	docker build --tag ml-rest-api:$(VERSION) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION=$(REVISION) $(if $(BASE),--build-arg BASE=$(BASE)) .
ifdef MODEL
	@$(PYTHON) -m scripts.model_image ml-rest-api:$(VERSION) "$(MODEL)" "$(IMAGE)"
endif

sbom: .venv/dev image ## list the image's Python packages in dist/, as CycloneDX JSON
	$(BIN)/python -m scripts.sbom ml-rest-api:$(VERSION) dist/ml-rest-api-$(VERSION).cdx.json

chart: .venv/dev ## package the chart, for REPOSITORY=https://… and IMAGE=registry/name (needs helm)
	$(BIN)/python -m scripts.package_chart --repository="$(REPOSITORY)" --image="$(IMAGE)"

readme: .venv/dev ## render the tables of README.md and SECURITY.md
	$(BIN)/python -m scripts.readme

sklearn-imports: .venv/dev ## add what scikit-learn's pickles import to the allowed names (3 minutes)
	$(BIN)/python -m scripts.sklearn_imports

manifests: .venv/dev ## render the chart's schema, README and changes, and k8s/
	$(BIN)/python -m scripts.render_chart

screenshot: .venv/dev model/ml_trained_model.joblib ## take docs/swagger.png (needs Chromium)
	$(BIN)/python -m scripts.screenshot

bench: .venv/dev ## benchmark the service and its peers (75 minutes, needs wrk)
	$(BIN)/python -m bench.run
	$(BIN)/python -m bench.render

bench-quick: .venv/dev ## benchmark it beside FastAPI and the bare limits (4 minutes, needs wrk)
	$(BIN)/python -m bench.run --quick

bench-tuning: .venv/dev ## compare settings with their defaults (40 minutes, needs wrk)
	$(BIN)/python -m bench.run --tuning

bench-render: .venv/dev ## render bench/RESULTS.md and its chart from the results
	$(BIN)/python -m bench.render

soak: .venv/dev ## send mixed traffic to two replicas on kind for SOAK_MINUTES=30, and write docs/soak.md
	@E2E_CLUSTER=$(or $(E2E_CLUSTER),ml-rest-api-soak) \
	  $(BIN)/python -m bench.soak.run --minutes $(or $(SOAK_MINUTES),30)

lint: lint-workflows ## check formatting, ruff's rules, types, the Dockerfile, the workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/hadolint Dockerfile Dockerfile.model
	$(BIN)/shellcheck .ci/run .ci/make-run e2e/offline-kind/tools

lint-workflows: .venv/dev ## check what GitHub and CircleCI read (actionlint needs Go)
	$(BIN)/zizmor --offline --quiet --persona=auditor .github .pre-commit-config.yaml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema custom.github-workflows-require-timeout $(WORKFLOWS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms $(ISSUE_FORMS)
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.circle-ci .circleci/config.yml
ifneq ($(shell command -v go),)
	go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 -shellcheck=$(BIN)/shellcheck
else ifeq ($(CI),true)
	@echo "actionlint needs Go, which is not installed" >&2; exit 1
else
	@echo "actionlint is skipped, because Go is not installed"
endif

format: .venv/dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev ## lock the dependencies of pyproject.toml with their hashes
	$(LOCK) -o requirements.txt
	$(LOCK) -o requirements-compiled.txt --extra compiled -c requirements.txt
	$(LOCK) -o requirements-boosting.txt --extra boosting -c requirements-compiled.txt
	$(LOCK) -o requirements-otel.txt --extra otel -c requirements-compiled.txt -c requirements-boosting.txt
	$(LOCK) -o requirements-dev.txt --extra compiled --extra boosting --extra otel --extra dev \
	  -c requirements-compiled.txt -c requirements-boosting.txt -c requirements-otel.txt
	$(foreach file,$(CLIENTS),$(COMPILE) --no-annotate $(file) -o $(file:.in=.txt) &&) true

check-lock: .venv/dev ## check that the lock has all dependencies, with wheels for arm64
	$(RESOLVE_ARM64) --python-version 3.11 -c requirements.txt
	$(RESOLVE_ARM64) --python-version 3.13 -c requirements.txt
	$(RESOLVE_ARM64) --python-version 3.11 --extra compiled -c requirements-compiled.txt
	$(RESOLVE_ARM64) --python-version 3.13 --extra compiled -c requirements-compiled.txt
	$(RESOLVE_ARM64) --python-version 3.11 --extra boosting -c requirements-boosting.txt
	$(RESOLVE_ARM64) --python-version 3.13 --extra boosting -c requirements-boosting.txt
	$(RESOLVE_ARM64) --python-version 3.11 --extra otel -c requirements-otel.txt
	$(RESOLVE_ARM64) --python-version 3.13 --extra otel -c requirements-otel.txt

outdated: .venv/dev ## list direct dependencies with a newer version than the installed one
	@$(BIN)/uv pip install --dry-run --upgrade --no-deps --all-extras -r pyproject.toml
