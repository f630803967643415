#!/usr/bin/env bash
# pg.sh start|stop|status|bin|env|psql: the project's own PostgreSQL cluster, in .local/pg, for 127.0.0.1 only.
#
# MODE=test works on another one, .local/pg-test, that gives up durability for speed, MODE=bench on .local/pg-bench, that
# does not; both begin empty. MODE=crash works on .local/pg-crash, durable and kept, which a test kills. With POSTGRES_HOST set (for those two: TEST_POSTGRES_HOST) that server is used, and there is
# nothing to start or to stop.
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
    test | bench) NAME=pg-$MODE EXTERNAL=${TEST_POSTGRES_HOST-} ;;
    crash) NAME=pg-crash EXTERNAL='' ;;
    *) die "MODE is dev, test, bench or crash, not $MODE" ;;
esac
BASE=$LOCAL/$NAME
PORT_FILE=$LOCAL/$NAME.port
SECRET_FILE=$LOCAL/$NAME.secret

# shellcheck source=scripts/pg_find.sh
source "$ROOT/scripts/pg_find.sh"
# shellcheck source=scripts/pg_server.sh
source "$ROOT/scripts/pg_server.sh"

start() {
    own_or_die
    mkdir -p "$LOCAL"
    lock "$LOCAL/$NAME.lock"
    resolve_base
    server_programs
    prepare_base
    read_owner
    # What a test run left behind is of no use to the next one.
    if [[ $MODE == @(test|bench) && -d $BASE/data ]] && ! running; then as_server rm -rf "$BASE/data"; fi
    [[ -d $BASE/data ]] || make_cluster
    renew_password
    if running; then return; fi
    launch
    say "PostgreSQL $(cat "$BASE/data/PG_VERSION") runs on 127.0.0.1:$(cat "$PORT_FILE") (.local/$NAME)"
}

stop() {
    [[ -d $BASE/data ]] || return 0
    own_or_die
    resolve_base
    lock "$LOCAL/$NAME.lock"
    server_programs
    if ! running; then return; fi
    as_server "$BIN/pg_ctl" stop -D "$BASE/data" -m fast -w -t 60 >/dev/null
    say "PostgreSQL is stopped (.local/$NAME)"
}

status() {
    resolve_base
    if own_or_die && [[ -e $BASE/data ]] && server_programs && running; then
        echo "running on 127.0.0.1:$(cat "$PORT_FILE")"
    else
        echo 'not running'
        return 3
    fi
}

# What psql needs for the project's database; what the tests need for theirs.
print_env() {
    local names=(PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE) values i
    if [[ $MODE != dev && ${1-} != libpq ]]; then
        if [[ -n $EXTERNAL ]]; then return; fi
        names=(TEST_POSTGRES_HOST TEST_POSTGRES_PORT TEST_POSTGRES_USER TEST_POSTGRES_PASSWORD)
    fi
    read_owner
    if [[ -z $EXTERNAL ]]; then
        [[ -s $PORT_FILE ]] || die 'this cluster was never started: scripts/pg.sh start'
        values=(127.0.0.1 "$(cat "$PORT_FILE")")
    elif [[ $MODE != dev ]]; then
        values=("$EXTERNAL" "${TEST_POSTGRES_PORT:-5432}")
    else
        values=("$EXTERNAL" "$(env_value POSTGRES_PORT 5432)")
    fi
    values+=("$OWNER" "$PASSWORD" "$(env_value POSTGRES_DATABASE google_analytics_db)")
    for i in "${!names[@]}"; do
        printf 'export %s=%q\n' "${names[i]}" "${values[i]}"
    done
}

# psql on the project's database, as the owner, where the programs that were found bring one.
run_psql() {
    local settings libraries
    resolve_base
    server_programs
    [[ -x $BIN/psql ]] || die "there is no psql beside the server programs in $BIN"
    settings=$(print_env libpq)
    eval "$settings"
    libraries=$(pg_library_path "$BIN")
    exec env ${libraries:+"LD_LIBRARY_PATH=$libraries"} "$BIN/psql" "$@"
}

case ${1-} in
    start) [[ -n $EXTERNAL ]] || start ;;
    stop) [[ -n $EXTERNAL ]] || stop ;;
    status)
        if [[ -n $EXTERNAL ]]; then echo "POSTGRES_HOST is set: $EXTERNAL is used"; else status; fi
        ;;
    psql) shift && run_psql "$@" ;;
    bin) resolve_base && server_programs && echo "$BIN" ;;
    env) print_env ;;
    *) die 'usage: scripts/pg.sh start|stop|status|bin|env|psql' ;;
esac
