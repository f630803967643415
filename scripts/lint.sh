#!/usr/bin/env bash
# lint.sh (`make lint`): everything that can be said about the code without running its tests. All steps run; the failed
# ones are named at the end.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
FAILED=()

run() {
    local name=$1
    shift
    step "$name"
    "$@" || FAILED+=("$name")
}

# banned_crates: one provider of TLS and cryptography, whatever a dependency's defaults are.
banned_crates() {
    local name tree
    for name in ring openssl-sys native-tls; do
        tree=$(cargo tree --quiet --workspace --target all --edges normal,build --invert "$name" 2>/dev/null) || continue
        [[ -z $tree ]] && continue
        say "$name is in the dependency tree:"
        say "$tree"
        return 1
    done
}

run 'formatting' cargo fmt --all --check
# The query check compiles the workspace with clippy against a live schema: one pass does for both.
run 'clippy and sqlx query data' "$ROOT/scripts/sqlx_prepare.sh" --check
run 'banned crates' banned_crates
if have cargo-deny; then
    run 'licences, bans, sources' cargo deny --offline check bans licenses sources
else
    say 'skipped: cargo-deny not installed'
fi
if have shellcheck; then
    run 'shell scripts' shellcheck --external-sources --source-path="$ROOT" scripts/*.sh .ci/run
else
    say 'skipped: shellcheck not installed'
fi

((${#FAILED[@]} == 0)) || die "lint failed: $(printf '%s; ' "${FAILED[@]}")see above"
say 'lint: all well'
