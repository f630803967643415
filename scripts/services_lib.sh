# shellcheck shell=bash
# services_lib.sh: the three services as the scripts see them: their ports, starting, waiting, ending. Sourced after lib.sh.

SERVICES=(analytics-service data-service auth-service)
RUN=$LOCAL/run

# port_variable SERVICE: the setting that holds its port.
port_variable() {
    local name=${1%-service}
    printf '%s_SERVICE_PORT' "$(tr '[:lower:]' '[:upper:]' <<<"$name")"
}

service_port() {
    local default
    case $1 in
        analytics-service) default=8001 ;;
        data-service) default=8002 ;;
        *) default=8003 ;;
    esac
    env_value "$(port_variable "$1")" "$default"
}

# The address to call a service under: one that listens everywhere is called here.
service_host() {
    local host
    host=$(env_value SERVICE_HOST 127.0.0.1)
    case $host in
        0.0.0.0 | ::) echo 127.0.0.1 ;;
        *) echo "$host" ;;
    esac
}

service_url() { printf 'http://%s:%s' "$(service_host)" "$(service_port "$1")"; }

# check_port SERVICE: fails with one line that names the port, its setting and who holds it.
check_port() {
    local port holder
    port=$(service_port "$1")
    port_open "$port" "$(service_host)" || return 0
    if [[ -s $RUN/$1.pid ]] && kill -0 "$(cat "$RUN/$1.pid")" 2>/dev/null; then
        say "error: port $port ($(port_variable "$1")) is taken by the $1 that make services_start started: make stop_services"
        return 1
    fi
    holder=$(port_holder "$port")
    say "error: port $port ($(port_variable "$1")) is taken${holder:+ by $holder}: end that program or set another $(port_variable "$1") in .env"
    return 1
}

check_ports() {
    local service faults=0
    for service in "${SERVICES[@]}"; do
        check_port "$service" || faults=1
    done
    return "$faults"
}

# last_error SERVICE: the line of its output that says best what went wrong.
last_error() {
    local line
    line=$(grep -aE 'ERROR|[Ee]rror|panicked' "$RUN/$1.out" 2>/dev/null | tail -n 1)
    [[ -n $line ]] || line=$(tail -n 1 "$RUN/$1.out" 2>/dev/null)
    printf '%s' "${line:-it said nothing}"
}

# wait_ready SERVICE PID: until /health/ready says yes; fails when the process ends before, or after a minute.
wait_ready() {
    local url try
    url=$(service_url "$1")/health/ready
    for try in {1..300}; do
        if curl --silent --fail --max-time 2 --output /dev/null "$url"; then return 0; fi
        if ! kill -0 "$2" 2>/dev/null; then
            say "error: $1 ended: $(last_error "$1")"
            return 1
        fi
        sleep 0.2
    done
    say "error: $1 is not ready after $((try / 5)) s: $(curl --silent --max-time 2 "$url" || last_error "$1")"
    return 1
}

# end_processes PID…: asks all to end, waits for them to drain, and only then insists.
end_processes() {
    local pid try
    for pid in "$@"; do kill -TERM "$pid" 2>/dev/null || true; done
    for pid in "$@"; do
        for try in {1..150}; do
            kill -0 "$pid" 2>/dev/null || continue 2
            sleep 0.2
        done
        say "process $pid did not end within $((try / 5)) s of being asked to: killing it"
        kill -KILL "$pid" 2>/dev/null || true
    done
}
