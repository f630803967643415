#!/usr/bin/env bash
# pg.sh start|stop|status|bin|env: the project's own PostgreSQL cluster, in .local/pg, for 127.0.0.1 only.
#
# MODE=test works on a second one, .local/pg-test, that gives up durability for speed. With POSTGRES_HOST set (or
# TEST_POSTGRES_HOST for MODE=test) that server is used and there is nothing to start or to stop.
#
#   .local/pg/          data/ and server.log; a link, where the server's user cannot reach this folder
#   .local/pg.port      the port, chosen once; the services read it
#   .local/pg.secret    name and password of the owner, as the cluster knows them
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

MODE=${MODE:-dev}
case $MODE in
    dev) NAME=pg EXTERNAL=$(env_value POSTGRES_HOST) ;;
    test) NAME=pg-test EXTERNAL=${TEST_POSTGRES_HOST-} ;;
    *) die "MODE is dev or test, not $MODE" ;;
esac
BASE=$LOCAL/$NAME
PORT_FILE=$LOCAL/$NAME.port
SECRET_FILE=$LOCAL/$NAME.secret

# shellcheck source=scripts/pg_server.sh
source "$ROOT/scripts/pg_server.sh"

start() {
    local bin
    mkdir -p "$LOCAL"
    own_or_die
    lock "$LOCAL/$NAME.lock"
    prepare_base
    bin=$(server_programs)
    read_owner
    [[ -d $BASE/data ]] || make_cluster "$bin"
    renew_password "$bin"
    if running "$bin"; then return; fi
    launch "$bin"
    say "PostgreSQL $(cat "$BASE/data/PG_VERSION") runs on 127.0.0.1:$(cat "$PORT_FILE") (.local/$NAME)"
}

stop() {
    local bin
    [[ -d $BASE/data || -L $BASE ]] || return 0
    own_or_die
    lock "$LOCAL/$NAME.lock"
    bin=$(server_programs)
    if ! running "$bin"; then return; fi
    as_server "$bin/pg_ctl" stop -D "$BASE/data" -m fast -w -t 60 >/dev/null
    say "PostgreSQL is stopped (.local/$NAME)"
}

status() {
    if [[ -e $BASE/data ]] && own_or_die && running "$(server_programs)"; then
        echo "running on 127.0.0.1:$(cat "$PORT_FILE")"
    else
        echo 'not running'
        return 3
    fi
}

# What psql needs for the project's database, what the tests need for theirs.
print_env() {
    local names=(PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE) values
    if [[ $MODE == test && -n $EXTERNAL ]]; then return; fi
    if [[ $MODE == test ]]; then
        names=(TEST_POSTGRES_HOST TEST_POSTGRES_PORT TEST_POSTGRES_USER TEST_POSTGRES_PASSWORD)
    fi
    read_owner
    if [[ -n $EXTERNAL ]]; then
        values=("$EXTERNAL" "$(env_value POSTGRES_PORT 5432)")
    else
        values=(127.0.0.1 "$(cat "$PORT_FILE")")
    fi
    values+=("$OWNER" "$PASSWORD" "$(env_value POSTGRES_DATABASE google_analytics_db)")
    local i
    for i in "${!names[@]}"; do
        printf 'export %s=%q\n' "${names[i]}" "${values[i]}"
    done
}

case ${1-} in
    start) [[ -n $EXTERNAL ]] || start ;;
    stop) [[ -n $EXTERNAL ]] || stop ;;
    status)
        if [[ -n $EXTERNAL ]]; then echo "POSTGRES_HOST is set: $EXTERNAL is used"; else status; fi
        ;;
    bin) server_programs ;;
    env) print_env ;;
    *) die 'usage: scripts/pg.sh start|stop|status|bin|env' ;;
esac
