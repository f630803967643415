# shellcheck shell=bash
# pip_lib.sh: programs of PyPI at pinned versions, each in a folder of its own under .local. Sourced after lib.sh, never run.
# Who sources it has set WHAT (how it is called in a sentence), HERE (its folder) and PINS (the file of pinned packages).

# cannot WHY: this machine cannot have it, which is no fault.
cannot() {
    say "no $WHAT here: $1"
    exit 3
}

# version: of the pinned packages together.
version() { cksum <"$PINS" | tr ' ' '-'; }

# check_python: the oldest Python that the pinned packages run on, with what makes an environment.
check_python() {
    local found
    have python3 || cannot 'python3 is missing'
    found=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    [[ $(printf '%s\n' 3.11 "$found" | sort -V | head -n 1) == 3.11 ]] ||
        cannot "Python $found is too old, 3.11 is needed"
    python3 -c 'import venv, ensurepip' 2>/dev/null ||
        cannot 'python3 has no venv or no pip (Debian, Ubuntu: apt-get install python3-venv)'
}

# empty_environment: in $HERE/venv; what was in $HERE before is gone.
empty_environment() {
    rm -rf "$HERE"
    mkdir -p "$HERE"
    python3 -m venv "$HERE/venv"
}

# get_packages FILE [OPTION…]: those of a requirements file. pip tells a registry that does not answer only in words.
get_packages() {
    local log=$HERE/pip.log file=$1
    shift
    if "$HERE/venv/bin/python3" -m pip install --quiet --disable-pip-version-check --only-binary=:all: "$@" \
        --requirement "$file" >"$log" 2>&1; then
        return
    fi
    if grep -qE 'Retrying \(|Max retries|Connection|Timeout|ProxyError|SSLError|HTTP error|Server Error' "$log"; then
        cannot "the package registry does not answer: $(grep -E 'ERROR|WARNING' "$log" | tail -n 1)"
    fi
    die "$WHAT: pip: $(grep -E 'ERROR' "$log" | tail -n 1) (${log#"$ROOT/"})"
}
