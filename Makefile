# Thin names for the scripts and for the commands of the three programs. `make` alone lists them.
# PROFILE=release builds and runs optimised programs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

DEMO_TENANT := 00000000-0000-7000-8000-00000000d001
# One of the demo people, who then sees the tenant after signing in, too.
OWNER_EMAIL ?= olivia.owner@example.com

##@ Start here

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	    /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	    /^[a-z_]+:.*## / { gsub(/[$$][$$]/, "$$"); printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: dev
dev: ## everything in the foreground, from a fresh clone on: build, database, demo data, services; Ctrl-C ends it
	@scripts/dev.sh

.PHONY: setup
setup: ## check the tools, write .env, build, bring up database and schema
	@source scripts/lib.sh && check_tools
	@scripts/env.sh
	@scripts/build.sh
	@scripts/with_db.sh data-service db setup

.PHONY: build
build: ## build the three programs
	@scripts/build.sh

##@ Database

.PHONY: db_setup
db_setup: ## create or upgrade the schema and its functions
	@scripts/with_db.sh data-service db setup

.PHONY: db_clean
db_clean: ## remove all data and the schema (asks, FORCE=1 does not; never in PROD)
	@scripts/db_clean.sh

##@ Services

.PHONY: services_start
services_start: ## start the three services in the background
	@scripts/with_db.sh
	@scripts/services.sh start

.PHONY: stop_services
stop_services: ## stop them, and the private cluster
	@scripts/services.sh stop

.PHONY: service_analytics
service_analytics: ## analytics-service in the foreground
	@scripts/with_db.sh analytics-service

.PHONY: service_data
service_data: ## data-service in the foreground
	@scripts/with_db.sh data-service

.PHONY: service_auth
service_auth: ## auth-service in the foreground
	@scripts/with_db.sh auth-service

.PHONY: logs
logs: ## follow the services' logs (SERVICE=data for one, FOLLOW=0 to only print)
	@scripts/logs.sh

##@ Data and tenants

.PHONY: demo
demo: ## make the demo tenant, or extend its data up to yesterday
	@scripts/with_db.sh data-service demo

.PHONY: token
token: ## two export lines for the demo tenant, for `eval "$$(make -s token)"` (TENANT=<uuid> for another)
	@scripts/with_db.sh auth-service token $(if $(TENANT),--tenant "$$TENANT")

.PHONY: tenant
tenant: ## a new, empty tenant: NAME="Acme" [OWNER_EMAIL=a@b.c]; prints the same two lines
# Not from the environment: some systems have a NAME there.
ifneq ($(origin NAME),command line)
	@echo 'usage: make -s tenant NAME="Acme" [OWNER_EMAIL=someone@example.com]' >&2; exit 2
else
# As it was typed: make would expand a $ in it.
tenant: export TENANT_NAME := $(value NAME)
tenant:
	@scripts/with_db.sh auth-service tenant create --name "$$TENANT_NAME" --owner "$$OWNER_EMAIL" --print-token
endif

.PHONY: api_key
api_key: ## a key for machines that post events, printed once: TENANT=<uuid> NAME="Website" [SCOPE=ingest]
ifneq ($(origin NAME),command line)
	@echo 'usage: make -s api_key TENANT=<uuid> NAME="Website" [SCOPE=ingest]' >&2; exit 2
else
api_key: export KEY_NAME := $(value NAME)
api_key:
	@scripts/with_db.sh auth-service api-key create --tenant "$${TENANT:-$(DEMO_TENANT)}" --name "$$KEY_NAME" --scope "$${SCOPE:-ingest}"
endif

.PHONY: rotate_keys
rotate_keys: ## a new key pair that signs access tokens from now on, where JWT_ALGORITHM is RS256, ES256 or EdDSA
	@scripts/with_db.sh auth-service keys rotate

.PHONY: import
import: ## load export files: FILES="a.ndjson.gz b.parquet users.csv" [TENANT=<uuid>]
ifneq ($(origin FILES),command line)
	@echo 'usage: make import FILES="file …" [TENANT=<uuid>]' >&2; exit 2
else
	@scripts/with_db.sh data-service import --tenant "$${TENANT:-$(DEMO_TENANT)}" $$FILES
endif

##@ Work on the code

.PHONY: fmt
fmt: ## format the code
	@cargo fmt --all

.PHONY: lint
lint: ## formatting, clippy, sqlx query data, licences and bans, shell scripts
	@scripts/lint.sh

.PHONY: test
test: ## every test, with a database of its own (ARGS="-p common" for some); scripts/bqemulator.sh, oidc_provider.sh, aiosmtpd.sh install: more
	@scripts/test.sh $(ARGS)

.PHONY: api_check
api_check: ## the three services against their API documents, with schemathesis (SERVICE=data for one); scripts/schemathesis.sh install first
	@scripts/schemathesis.sh run $(SERVICE)

.PHONY: check
check: lint test ## what CI runs: lint and test

.PHONY: bench
bench: ## the measurements in benches/, with optimised programs
	@scripts/bench.sh $(ARGS)

.PHONY: sqlx_prepare
sqlx_prepare: ## renew .sqlx/ after a query or the schema changed
	@scripts/sqlx_prepare.sh

.PHONY: openapi
openapi: ## renew the three documents in openapi/
	@scripts/openapi.sh

.PHONY: clean
clean: ## remove what was built (never .local/ or .env)
	@cargo clean

export TENANT FILES OWNER_EMAIL FORCE SERVICE FOLLOW
