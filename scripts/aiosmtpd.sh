#!/usr/bin/env bash
# aiosmtpd.sh install|path: PyPI's aiosmtpd, a mail server for the tests of analytics-service's mails, and dkimpy, which verifies
# their signatures. They live in .local/aiosmtpd; `path` prints the Python that has them.
#
# Exits with 3 when this machine cannot have them, and with 1 when installing went wrong; one line says why.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

WHAT=aiosmtpd
HERE=$LOCAL/aiosmtpd
PROGRAM=$HERE/bin/python3
PINS=$ROOT/scripts/aiosmtpd.txt
# shellcheck source=scripts/pip_lib.sh
source "$ROOT/scripts/pip_lib.sh"

# The program carries the version, and is written last: where it is, all is whole.
whole() { [[ -x $PROGRAM ]] && grep -q "^# version $(version)\$" "$PROGRAM"; }

install() {
    check_python
    say 'installing aiosmtpd from PyPI into .local/aiosmtpd (35 MB)'
    empty_environment
    mkdir -p "$HERE/bin"
    # What builds is there before what is built.
    grep '^setuptools==' "$PINS" >"$HERE/build.txt"
    get_packages "$HERE/build.txt" --require-hashes
    get_packages "$PINS" --require-hashes --no-binary=dkimpy --no-build-isolation
    cat >"$PROGRAM.new" <<PROGRAM
#!/bin/sh
# version $(version)
here=\$(cd "\$(dirname "\$0")/.." && pwd)
exec "\$here/venv/bin/python3" "\$@"
PROGRAM
    chmod +x "$PROGRAM.new"
    mv "$PROGRAM.new" "$PROGRAM"
    # The tests are compiled as ones to run or as ones to skip: cargo looks again.
    touch "$ROOT/crates/analytics/build.rs"
}

case ${1-} in
    install) whole || install ;;
    path)
        whole || die 'there is no aiosmtpd here: scripts/aiosmtpd.sh install'
        printf '%s\n' "$PROGRAM"
        ;;
    *) die 'usage: scripts/aiosmtpd.sh install|path' ;;
esac
