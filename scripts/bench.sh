#!/usr/bin/env bash
# bench.sh [ARGUMENTS…] (`make bench`): the measurements of the workspace, optimised, on a durable cluster like a real one.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
MODE=bench exec "$ROOT/scripts/with_test_db.sh" cargo bench --workspace "$@"
