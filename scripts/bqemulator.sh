#!/usr/bin/env bash
# bqemulator.sh install|path: PyPI's bqemulator, which answers BigQuery's REST API by running the queries it gets, for the
# tests of data-service's BigQuery source. It lives in .local/bqemulator; `path` prints its program.
#
# Exits with 3 when this machine cannot have it, and with 1 when installing it went wrong; one line says why.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HERE=$LOCAL/bqemulator
PROGRAM=$HERE/bin/bqemulator
PINS=$ROOT/scripts/bqemulator.txt

cannot() {
    say "no BigQuery emulator here: $1"
    exit 3
}

# version: of the pinned packages together. The program carries it, and is written last: where it is, all is whole.
version() { cksum <"$PINS" | tr ' ' '-'; }

whole() { [[ -x $PROGRAM ]] && grep -q "^# version $(version)\$" "$PROGRAM"; }

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

# get_packages: pip tells a registry that does not answer only in words.
get_packages() {
    local log=$HERE/pip.log
    if "$HERE/venv/bin/python3" -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
        --requirement "$PINS" >"$log" 2>&1; then
        return
    fi
    if grep -qE 'Retrying \(|Max retries|Connection|Timeout|ProxyError|SSLError|HTTP error|Server Error' "$log"; then
        cannot "the package registry does not answer: $(grep -E 'ERROR|WARNING' "$log" | tail -n 1)"
    fi
    die "bqemulator: pip: $(grep -E 'ERROR' "$log" | tail -n 1) (.local/bqemulator/pip.log)"
}

install() {
    check_python
    say 'installing the BigQuery emulator from PyPI into .local/bqemulator (750 MB)'
    rm -rf "$HERE"
    mkdir -p "$HERE/bin" "$HERE/home"
    python3 -m venv "$HERE/venv"
    get_packages
    # duckdb keeps its extensions in the user's home folder: this one is the emulator's own.
    HOME=$HERE/home "$HERE/venv/bin/python3" -c 'from duckdb_extensions import import_extension; import_extension("spatial")'
    cat >"$PROGRAM.new" <<PROGRAM
#!/bin/sh
# version $(version)
here=\$(cd "\$(dirname "\$0")/.." && pwd)
HOME=\$here/home exec "\$here/venv/bin/python3" -m bqemulator "\$@"
PROGRAM
    chmod +x "$PROGRAM.new"
    mv "$PROGRAM.new" "$PROGRAM"
    # The test is compiled as one to run or as one to skip: cargo looks again.
    touch "$ROOT/crates/data/build.rs"
}

case ${1-} in
    install) whole || install ;;
    path)
        whole || die 'there is no BigQuery emulator here: scripts/bqemulator.sh install'
        printf '%s\n' "$PROGRAM"
        ;;
    *) die 'usage: scripts/bqemulator.sh install|path' ;;
esac
