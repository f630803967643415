#!/usr/bin/env bash
# oidc_provider.sh install|path: npm's oidc-provider, a certified OpenID provider, for the tests of auth-service's sign-in. It
# lives in .local/oidc_provider; `path` prints that folder. The server that the tests run on it is
# crates/auth/tests/oidc_provider/server.mjs.
#
# Exits with 3 when this machine cannot have it, and with 1 when installing it went wrong; one line says why.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

HERE=$LOCAL/oidc_provider
PINS=$ROOT/crates/auth/tests/oidc_provider
# Written last: where it is, all is whole.
STAMP=$HERE/version

cannot() {
    say "no OpenID provider here: $1"
    exit 3
}

version() { cksum <"$PINS/package-lock.json" | tr ' ' '-'; }

whole() { [[ -f $STAMP ]] && [[ $(<"$STAMP") == "$(version)" ]]; }

check_node() {
    local major
    have node || cannot 'node is missing (Debian, Ubuntu: apt-get install nodejs npm)'
    have npm || cannot 'npm is missing (Debian, Ubuntu: apt-get install npm)'
    major=$(node -p 'process.versions.node.split(".")[0]')
    ((major >= 18)) || cannot "node $(node --version) is too old, 18 is needed"
}

# get_packages: exactly those of the lock file, by their checksums; no script of theirs is run.
get_packages() {
    local log=$HERE/npm.log
    if (cd "$HERE" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$log" 2>&1; then
        return
    fi
    if grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|E5[0-9][0-9]|E40[37]|network' "$log"; then
        cannot "the package registry does not answer: $(grep -m 1 -E 'npm (error|ERR!)' "$log")"
    fi
    die "oidc-provider: npm: $(grep -m 1 -E 'npm (error|ERR!)' "$log") (.local/oidc_provider/npm.log)"
}

install() {
    check_node
    say 'installing oidc-provider from npm into .local/oidc_provider (9 MB)'
    rm -rf "$HERE"
    mkdir -p "$HERE"
    cp "$PINS/package.json" "$PINS/package-lock.json" "$HERE/"
    get_packages
    version >"$STAMP"
    # The tests are compiled as ones to run or as ones to skip: cargo looks again.
    touch "$ROOT/crates/auth/build.rs"
}

case ${1-} in
    install) whole || install ;;
    path)
        whole || die 'there is no OpenID provider here: scripts/oidc_provider.sh install'
        printf '%s\n' "$HERE"
        ;;
    *) die 'usage: scripts/oidc_provider.sh install|path' ;;
esac
