#!/usr/bin/env bash
# build.sh [--quiet]: builds the three programs (PROFILE=release for optimised ones). All of its output goes to stderr.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
# The first build takes minutes: a quiet one would look like a hang.
if [[ ${1-} == --quiet && -x $BIN_DIR/data-service && -x $BIN_DIR/auth-service ]]; then
    exec cargo build --quiet --profile "$PROFILE" --bins >&2
fi
exec cargo build --profile "$PROFILE" --bins >&2
