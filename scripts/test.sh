#!/usr/bin/env bash
# test.sh [ARGUMENTS…] (`make test`): every test of the workspace, or those that the arguments of the test runner choose.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ ${1-} != --inside ]]; then
    exec "$ROOT/scripts/with_test_db.sh" "$ROOT/scripts/test.sh" --inside "$@"
fi
shift
cd "$ROOT"
scope=(--workspace)
if (($# > 0)); then scope=("$@"); fi
if have cargo-nextest; then
    cargo nextest run "${scope[@]}"
    # nextest leaves out the examples in the documentation.
    if (($# == 0)); then cargo test --workspace --doc --quiet; fi
else
    cargo test "${scope[@]}"
fi
