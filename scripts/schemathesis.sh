#!/usr/bin/env bash
# schemathesis.sh install|run [SERVICE…] (`make api_check`): PyPI's schemathesis calls every operation of the OpenAPI documents
# with good and with bad input, and holds the answers against the document. It lives in .local/schemathesis. Its rules, and
# what is left out for which reason, are in scripts/schemathesis/.
#
# `run` starts the three services on free ports and a database of their own, with a week of demo data. Without a SERVICE (auth, data,
# analytics) all are checked. Reports and logs are in .local/schemathesis/run.
#
# Exits with 3 when this machine cannot have it, and with 1 when something is wrong; one line says why.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/services_lib.sh
source "$ROOT/scripts/services_lib.sh"

WHAT=schemathesis
HERE=$LOCAL/schemathesis
PINS=$ROOT/scripts/schemathesis/packages.txt
# shellcheck source=scripts/pip_lib.sh
source "$ROOT/scripts/pip_lib.sh"
RULES=$ROOT/scripts/schemathesis
# Written last: where it is, all is whole.
STAMP=$HERE/version
# What the services and schemathesis leave behind.
RUN=$HERE/run
# Operations that end the session or the tenant that calls them: each call has a session and a tenant of its own.
ENDING=(logout end_session end_sessions change_tenant)

whole() { [[ -f $STAMP && $(<"$STAMP") == "$(version)" && -x $HERE/venv/bin/schemathesis ]]; }

install() {
    check_python
    say 'installing schemathesis from PyPI into .local/schemathesis (90 MB)'
    empty_environment
    get_packages "$PINS"
    version >"$STAMP"
}

# settings: a database, ports and secrets of this run's own; nobody is sent a mail, and no address is limited.
settings() {
    local ports
    ports=$("$HERE/venv/bin/python3" -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(one.getsockname()[1] for one in held))')
    read -r ANALYTICS_SERVICE_PORT DATA_SERVICE_PORT AUTH_SERVICE_PORT <<<"$ports"
    export ANALYTICS_SERVICE_PORT DATA_SERVICE_PORT AUTH_SERVICE_PORT SERVICE_HOST=127.0.0.1
    export POSTGRES_HOST=$TEST_POSTGRES_HOST POSTGRES_PORT=$TEST_POSTGRES_PORT
    export POSTGRES_USER=$TEST_POSTGRES_USER POSTGRES_PASSWORD=$TEST_POSTGRES_PASSWORD
    export POSTGRES_DATABASE=api_check_$$ POSTGRES_APP_USER=api_check_$$ POSTGRES_APP_PASSWORD
    export ENVIRONMENT=DEV LOG_LEVEL=INFO LOG_DIR=$RUN/logs DATA_ROOT=$RUN/data JWT_SECRET_KEY SECRETS_KEY
    POSTGRES_APP_PASSWORD=$(random_hex 16) JWT_SECRET_KEY=$(random_hex 32) SECRETS_KEY=$(random_hex 32)
    # Mails go into files, and no tenant's server can be one: nobody answers at that port.
    export MAIL_DIR=$RUN/mail SMTP_ALLOWED_PORTS=1
    export RATE_LIMIT_TENANT_PER_SECOND=0 RATE_LIMIT_KEY_PER_SECOND=0 RATE_LIMIT_SIGN_IN_PER_MINUTE=0
    export RATE_LIMIT_MAIL_TEST_PER_MINUTE=0
}

PIDS=()

finish() {
    local code=$?
    trap - EXIT
    ((${#PIDS[@]} == 0)) || end_processes "${PIDS[@]}"
    "$BIN_DIR/data-service" db clean >/dev/null || true
    ((code == 0)) || say 'reports and logs: .local/schemathesis/run'
    exit "$code"
}

start_services() {
    local service
    cd "$RUN"
    "$BIN_DIR/data-service" db setup >"$RUN/setup.out"
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    "$BIN_DIR/data-service" demo --days 7 >"$RUN/demo.out" 2>&1 || die "the demo data: $(tail -n 1 "$RUN/demo.out")"
    for service in "${SERVICES[@]}"; do
        "$BIN_DIR/$service" >"$RUN/$service.out" 2>&1 </dev/null &
        PIDS+=("$!")
    done
    for service in "${!SERVICES[@]}"; do wait_ready "${SERVICES[service]}" "${PIDS[service]}"; done
}

# check NAME RULES SERVICE [FILTER…]: one pass over a service's document, as the service itself gives it out.
check() {
    local name=$1 rules=$2 url code=0 began=$SECONDS
    url=$(service_url "$3-service")
    shift 3
    step "schemathesis: $name"
    "$HERE/venv/bin/schemathesis" --config-file "$RULES/$rules.toml" run "$url/openapi.json" --no-color \
        --report ndjson --report-ndjson-path "$RUN/$name.ndjson" "$@" >"$RUN/$name.txt" 2>&1 || code=$?
    if ((code == 0)); then
        say "$(grep -E '^ *[0-9]+ generated' "$RUN/$name.txt"), $((SECONDS - began)) s"
    else
        cat "$RUN/$name.txt"
        FAILED+=("$name")
    fi
}

# still_in: the caller of a pass was let in to its end; else it said little.
still_in() {
    local status
    status=$(curl --silent --output /dev/null --write-out '%{http_code}' --header "Authorization: Bearer $TOKEN" \
        "$(service_url auth-service)/auth/tenants/$TENANT_ID/audit?limit=1")
    [[ $status == 200 ]] || FAILED+=("the caller was an owner when $1 began, and now is answered with $status")
}

run() {
    local service lines FAILED=()
    whole || cannot 'scripts/schemathesis.sh install'
    rm -rf "$RUN"
    mkdir -p "$RUN"
    settings
    start_services
    lines=$("$BIN_DIR/auth-service" token)
    eval "$lines"
    API_SECRET=$("$BIN_DIR/auth-service" api-key create --tenant "$TENANT_ID" --name 'API check' --scope ingest)
    export TOKEN TENANT_ID API_SECRET AUTH_SERVICE=$BIN_DIR/auth-service
    for service in "$@"; do
        if [[ $service == auth ]]; then
            check auth auth auth "${ENDING[@]/#/--exclude-operation-id=}"
            still_in auth
            SCHEMATHESIS_HOOKS=$RULES/own_tenant.py check auth-endings endings auth "${ENDING[@]/#/--include-operation-id=}"
        else
            SCHEMATHESIS_HOOKS=$RULES/bodies.py check "$service" "$service" "$service"
            still_in "$service"
        fi
    done
    ((${#FAILED[@]} == 0)) || die "schemathesis: $(printf '%s; ' "${FAILED[@]}")see above"
}

case ${1-} in
    install) whole || install ;;
    run)
        shift
        if (($# == 0)); then set -- auth data analytics; fi
        "$ROOT/scripts/build.sh" --quiet
        exec "$ROOT/scripts/with_test_db.sh" "$ROOT/scripts/schemathesis.sh" --inside "$@"
        ;;
    --inside) shift && run "$@" ;;
    *) die 'usage: scripts/schemathesis.sh install|run [SERVICE…]' ;;
esac
