#!/usr/bin/env bash
# bqemulator.sh install|path: PyPI's bqemulator, which answers BigQuery's REST API by running the queries it gets, for the
# tests of data-service's BigQuery source. It lives in .local/bqemulator; `path` prints its program.
#
# Exits with 3 when this machine cannot have it, and with 1 when installing it went wrong; one line says why.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

WHAT='BigQuery emulator'
HERE=$LOCAL/bqemulator
PROGRAM=$HERE/bin/bqemulator
PINS=$ROOT/scripts/bqemulator.txt
# shellcheck source=scripts/pip_lib.sh
source "$ROOT/scripts/pip_lib.sh"

# The program carries the version, and is written last: where it is, all is whole.
whole() { [[ -x $PROGRAM ]] && grep -q "^# version $(version)\$" "$PROGRAM"; }

install() {
    check_python
    say 'installing the BigQuery emulator from PyPI into .local/bqemulator (750 MB)'
    empty_environment
    mkdir -p "$HERE/bin" "$HERE/home"
    get_packages "$PINS"
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
