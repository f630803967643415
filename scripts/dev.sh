#!/usr/bin/env bash
# dev.sh (`make dev`): the whole system in the foreground, from a fresh clone on: builds, brings up the database, the schema
# and the demo tenant, runs the three services and says how to use them. Ctrl-C ends all of it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/services_lib.sh
source "$ROOT/scripts/services_lib.sh"

PIDS=()
STARTED_CLUSTER=''

finish() {
    trap '' INT TERM HUP
    trap - EXIT
    if ((${#PIDS[@]} > 0)) || [[ -n $STARTED_CLUSTER ]]; then
        say ''
        step 'stopping'
    fi
    ((${#PIDS[@]} == 0)) || end_processes "${PIDS[@]}"
    [[ -z $STARTED_CLUSTER ]] || "$ROOT/scripts/pg.sh" stop
    exit "$1"
}

# prefixed SERVICE: its output, line by line, on the terminal under its name and in .local/run. It outlives a Ctrl-C: the
# service has something to say while it drains.
prefixed() {
    trap '' INT TERM HUP
    local line
    : >"$RUN/$1.out"
    while IFS= read -r line; do
        printf '%-9s | %s\n' "${1%-service}" "$line" >&2
        printf '%s\n' "$line" >>"$RUN/$1.out"
    done
}

# launch SERVICE: in a process group of its own, so that Ctrl-C reaches this script alone, which then ends things in order.
launch() {
    set -m
    "$BIN_DIR/$1" > >(prefixed "$1") 2>&1 </dev/null &
    PIDS+=("$!")
    set +m
}

introduce() {
    local lines
    if ! lines=$("$BIN_DIR/auth-service" token); then
        say 'error: auth-service gave no token for the demo tenant'
        return 1
    fi
    eval "$lines"
    cat >&2 <<TEXT

  Google Analytics Intelligence is running.

    analytics   $(service_url analytics-service)   dashboard and task lists   $(service_url analytics-service)/docs
    data        $(service_url data-service)   ingestion                  $(service_url data-service)/docs
    auth        $(service_url auth-service)   sign-in and tenants        $(service_url auth-service)/docs

  Sign in      $(sign_in_hint)
  In a shell   eval "\$(make -s token)"     sets TOKEN and TENANT_ID for the calls in README.md
  Try it       curl -s "$(service_url analytics-service)/analytics/stats" -H "Authorization: Bearer $TOKEN" -H "X-Tenant-Id: $TENANT_ID"

  Ctrl-C ends everything.

TEXT
}

sign_in_hint() {
    local port
    port=$(service_port auth-service)
    printf 'open %s/auth/login in a browser and choose a demo person' "$(env_value BASE_URL "http://localhost:$port")"
}

! production || die 'ENVIRONMENT is PROD: make dev is for development, use make services_start'
check_tools && check_ports || exit 1
trap 'finish 0' INT TERM HUP
trap 'finish $?' EXIT
mkdir -p "$RUN"
cd "$ROOT"

step "building (profile $PROFILE; the first time takes a few minutes)"
"$ROOT/scripts/build.sh"
"$ROOT/scripts/env.sh"
if embedded; then
    step 'database'
    if ! "$ROOT/scripts/pg.sh" status >/dev/null; then STARTED_CLUSTER=yes; fi
    "$ROOT/scripts/pg.sh" start
else
    step "database: $(env_value POSTGRES_HOST):$(env_value POSTGRES_PORT 5432) (POSTGRES_HOST is set)"
fi
step 'schema'
"$BIN_DIR/data-service" db setup >&2
step 'demo tenant (the first time: 90 days of GA4 export rows, through the real import)'
"$BIN_DIR/data-service" demo --if-absent >&2
step 'services'
for service in "${SERVICES[@]}"; do launch "$service"; done
for i in "${!SERVICES[@]}"; do
    wait_ready "${SERVICES[i]}" "${PIDS[i]}" || exit 1
done
introduce

while true; do
    for i in "${!SERVICES[@]}"; do
        if ! kill -0 "${PIDS[i]}" 2>/dev/null; then
            wait "${PIDS[i]}" && code=0 || code=$?
            sleep 0.2
            say "error: ${SERVICES[i]} ended with code $code: $(last_error "${SERVICES[i]}")"
            exit 1
        fi
    done
    # In the background and waited for, so that a signal is acted on at once.
    sleep 1 &
    wait "$!" || true
done
