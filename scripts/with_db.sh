#!/usr/bin/env bash
# with_db.sh [PROGRAM [ARGUMENTS…]]: runs one of the project's programs with all it needs in place: built, a .env, a running
# database and, in the private cluster, the schema. On somebody's own server the schema changes by `make db_setup` only.
# Without a program it just puts all of that in place.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

program=${1-}
"$ROOT/scripts/env.sh"
"$ROOT/scripts/build.sh" --quiet
"$ROOT/scripts/pg.sh" start
cd "$ROOT"
if [[ $program != data-service || ${2-} != db ]] && embedded && ! production; then
    "$BIN_DIR/data-service" db setup >/dev/null
fi
[[ -z $program ]] || exec "$BIN_DIR/$program" "${@:2}"
