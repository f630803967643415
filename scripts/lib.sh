# shellcheck shell=bash
# lib.sh: what the scripts share: where the project is, how it is configured, how a problem is said.
# Sourced, never run. Everything for people goes to stderr, so that stdout stays clean for `eval`.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LOCAL=$ROOT/.local
export ROOT LOCAL

say() { printf '%s\n' "$*" >&2; }
step() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# Without a terminal the escape codes would only be noise.
if [[ ! -t 2 ]]; then
    step() { printf '==> %s\n' "$*" >&2; }
fi

# env_value NAME [DEFAULT]: the setting as the services see it: the environment wins over .env, empty means the default.
env_value() {
    local name=$1 default=${2-} line='' value=''
    if [[ -n ${!name+set} ]]; then
        value=${!name}
    elif [[ -r $ROOT/.env ]]; then
        line=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?${name}[[:space:]]*=[[:space:]]*//p" "$ROOT/.env" | tail -n 1)
        case $line in
            \"*) value=${line#\"} value=${value%%\"*} ;;
            \'*) value=${line#\'} value=${value%%\'*} ;;
            *) value=${line%%[[:space:]]#*} value=${value%"${value##*[![:space:]]}"} ;;
        esac
        [[ $value == \#* ]] && value=''
    fi
    printf '%s' "${value:-$default}"
}

# random_hex BYTES
random_hex() {
    od -An -vtx1 -N "$1" /dev/urandom | tr -d ' \n'
}

# port_open PORT [HOST]: somebody listens there.
port_open() {
    (exec 3<>"/dev/tcp/${2:-127.0.0.1}/$1") 2>/dev/null
}

# port_holder PORT: "pid 123 (name)" where the system tells, else nothing.
port_holder() {
    local pid=''
    if have ss; then
        pid=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -nE 's/.*pid=([0-9]+).*/\1/p' | head -n 1)
    elif have lsof; then
        pid=$(lsof -nP -iTCP:"$1" -sTCP:LISTEN -t 2>/dev/null | head -n 1)
    fi
    [[ -z $pid ]] || printf 'pid %s (%s)' "$pid" "$(ps -o comm= -p "$pid" 2>/dev/null)"
}

# embedded: the project's own cluster is the database.
embedded() { [[ -z $(env_value POSTGRES_HOST) ]]; }

production() { [[ $(env_value ENVIRONMENT DEV | tr '[:lower:]' '[:upper:]') == PROD ]]; }

# Where cargo puts the programs.
PROFILE=${PROFILE:-dev}
case $PROFILE in
    dev) BIN_DIR=${CARGO_TARGET_DIR:-$ROOT/target}/debug ;;
    *) BIN_DIR=${CARGO_TARGET_DIR:-$ROOT/target}/$PROFILE ;;
esac
export PROFILE BIN_DIR

# check_tools: one line per missing tool, all of them at once.
check_tools() {
    local faults=0 tool wanted found
    while IFS='|' read -r tool hint; do
        have "$tool" && continue
        say "error: $tool is missing: $hint"
        faults=1
    done <<'TOOLS'
cargo|install Rust, https://rustup.rs
cc|install a C compiler (Debian, Ubuntu: apt-get install gcc libc6-dev)
make|apt-get install make
git|apt-get install git
curl|apt-get install curl
TOOLS
    if have cargo; then
        wanted=$(sed -nE 's/^rust-version *= *"([0-9.]+)".*/\1/p' "$ROOT/Cargo.toml" | head -n 1)
        if ! found=$(cd "$ROOT" && rustc --version 2>/dev/null | sed -nE 's/^rustc ([0-9]+\.[0-9]+).*/\1/p') || [[ -z $found ]]; then
            say "error: rustc does not run: $(cd "$ROOT" && rustc --version 2>&1 | tail -n 1)"
            faults=1
        elif [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) != "$wanted" ]]; then
            say "error: Rust $found is too old, $wanted is needed: rustup update stable"
            faults=1
        fi
    fi
    return "$faults"
}
