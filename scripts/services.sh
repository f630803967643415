#!/usr/bin/env bash
# services.sh start|stop|status: the three services in the background, each with a pid file and its output in .local/run.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=scripts/services_lib.sh
source "$ROOT/scripts/services_lib.sh"

# pid_of SERVICE: its process, while that is alive and still the service.
pid_of() {
    local pid
    [[ -s $RUN/$1.pid ]] || return 1
    pid=$(cat "$RUN/$1.pid")
    kill -0 "$pid" 2>/dev/null || return 1
    # A number may have been given to another program since.
    [[ ! -r /proc/$pid/cmdline ]] || grep -aq "$1" "/proc/$pid/cmdline" || return 1
    printf '%s\n' "$pid"
}

launch() {
    local detach=()
    if have setsid; then detach=(setsid); fi
    nohup ${detach[@]+"${detach[@]}"} "$BIN_DIR/$1" >"$RUN/$1.out" 2>&1 </dev/null &
    printf '%s\n' "$!" >"$RUN/$1.pid"
}

start() {
    local service faults=0
    mkdir -p "$RUN"
    for service in "${SERVICES[@]}"; do
        pid_of "$service" >/dev/null || check_port "$service" || faults=1
    done
    ((faults == 0)) || exit 1
    cd "$ROOT"
    for service in "${SERVICES[@]}"; do
        pid_of "$service" >/dev/null || launch "$service"
    done
    for service in "${SERVICES[@]}"; do
        if ! wait_ready "$service" "$(cat "$RUN/$service.pid")"; then
            stop
            exit 1
        fi
        say "$service is ready: $(service_url "$service") (pid $(cat "$RUN/$service.pid"))"
    done
}

stop() {
    local service pid pids=()
    for service in "${SERVICES[@]}"; do
        if pid=$(pid_of "$service"); then
            pids+=("$pid")
            say "stopping $service (pid $pid)"
        fi
    done
    ((${#pids[@]} == 0)) || end_processes "${pids[@]}"
    for service in "${SERVICES[@]}"; do rm -f "$RUN/$service.pid"; done
}

# stop_cluster: unless services that were not started here (make dev) still work on it.
stop_cluster() {
    local service
    for service in "${SERVICES[@]}"; do
        if port_open "$(service_port "$service")" "$(service_host)"; then return; fi
    done
    "$ROOT/scripts/pg.sh" stop
}

status() {
    local service pid
    for service in "${SERVICES[@]}"; do
        if pid=$(pid_of "$service"); then
            echo "$service: pid $pid, $(service_url "$service")"
        else
            echo "$service: not running"
        fi
    done
}

case ${1-} in
    start) start ;;
    stop) stop && stop_cluster ;;
    status) status ;;
    *) die 'usage: scripts/services.sh start|stop|status' ;;
esac
