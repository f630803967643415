#!/usr/bin/env bash
# openapi.sh (`make openapi`): writes the three OpenAPI documents that are committed in openapi/.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/build.sh" --quiet
cd "$ROOT"
for name in analytics data auth; do
    "$BIN_DIR/$name-service" openapi >"openapi/$name.json.new"
    mv "openapi/$name.json.new" "openapi/$name.json"
    say "openapi/$name.json"
done
