#!/usr/bin/env bash
# sqlx_prepare.sh [--check]: renews .sqlx/, the data that queries are checked with in a build without a database; or compares
# it, with clippy's warnings denied, and fails naming what differs.
#
# sqlx's macros ask the database when SQLX_OFFLINE is false and write what they learn into SQLX_OFFLINE_DIR, but only where the
# compiler runs again. An argument for clippy that is new each time makes it run, for the crates of the workspace alone.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ${1-} != --inside ]]; then
    exec "$ROOT/scripts/with_test_db.sh" "$ROOT/scripts/sqlx_prepare.sh" --inside "$@"
fi
CHECK=${2-}
cd "$ROOT"
mkdir -p .local
WORK=$(mktemp -d "$LOCAL/sqlx.XXXXXX")
trap 'rm -rf "$WORK"' EXIT

# An empty database beside those of the tests; the cluster's end is its end.
SCRATCH=sqlx_prepare_$$
export POSTGRES_HOST=$TEST_POSTGRES_HOST POSTGRES_PORT=$TEST_POSTGRES_PORT POSTGRES_USER=$TEST_POSTGRES_USER
export POSTGRES_PASSWORD=$TEST_POSTGRES_PASSWORD POSTGRES_DATABASE=$SCRATCH ENVIRONMENT=DEV
export POSTGRES_APP_USER=sqlx_prepare_app POSTGRES_APP_PASSWORD
POSTGRES_APP_PASSWORD=$(random_hex 24)
JWT_SECRET_KEY=$(random_hex 32)
SECRETS_KEY=$(random_hex 32)
export JWT_SECRET_KEY SECRETS_KEY
url() { printf 'postgres://%s:%s@%s:%s/%s' "$POSTGRES_USER" "$POSTGRES_PASSWORD" "$POSTGRES_HOST" "$POSTGRES_PORT" "$1"; }

# bootstrap: data-service itself does not compile with a query that .sqlx/ does not have yet. Its own schema by psql, only to
# compile it: the data come from the schema that the compiled program makes.
bootstrap() {
    local psql=(env MODE=test "$ROOT/scripts/pg.sh" psql --no-psqlrc --quiet --set ON_ERROR_STOP=1)
    say 'a query is new: compiling data-service against a first draft of the schema'
    "${psql[@]}" --dbname postgres --command "create database ${SCRATCH}_draft"
    {
        cat migrations/*.sql
        echo 'set check_function_bodies = off;'
        find sql/functions -name '*.sql' -print0 | sort -z | xargs -0 cat
    } | "${psql[@]}" --dbname "${SCRATCH}_draft" --file - >/dev/null
    touch crates/*/src/lib.rs crates/data/src/main.rs
    SQLX_OFFLINE=false DATABASE_URL=$(url "${SCRATCH}_draft") cargo build --quiet --bin data-service
}

if [[ $CHECK == --check ]]; then
    cargo build --quiet --bin data-service ||
        die 'data-service does not compile; if query data are missing: make sqlx_prepare'
    lints=(-D warnings)
else
    cargo build --quiet --bin data-service 2>/dev/null || bootstrap
    lints=(--cap-lints allow)
fi
"${CARGO_TARGET_DIR:-target}/debug/data-service" db setup >/dev/null

SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$WORK DATABASE_URL=$(url "$SCRATCH") \
    cargo clippy --workspace --all-targets -- "${lints[@]}" --cfg "sqlx_prepare_$(random_hex 6)"

if [[ $CHECK != --check ]]; then
    mkdir -p .sqlx
    rm -f .sqlx/query-*.json
    find "$WORK" -name 'query-*.json' -exec cp {} .sqlx/ \;
    say "$(find .sqlx -name 'query-*.json' | wc -l) queries in .sqlx/"
elif ! diff --recursive --brief "$WORK" .sqlx >"$WORK.diff"; then
    say 'the query data in .sqlx/ are not those of the code and the schema:'
    sed -e "s|Only in $WORK: |missing: |" -e 's|Only in .sqlx: |unused: |' -e "s|Files $WORK/\(.*\) and .* differ|changed: \1|" \
        "$WORK.diff" >&2
    rm -f "$WORK.diff"
    die 'run make sqlx_prepare and commit .sqlx/'
else
    rm -f "$WORK.diff"
    say "$(find .sqlx -name 'query-*.json' | wc -l) queries in .sqlx/ agree with the schema"
fi
