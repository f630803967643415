#!/usr/bin/env bash
# with_test_db.sh COMMAND…: runs it with the tests' cluster up (MODE=bench: the durable one) and TEST_POSTGRES_* set; the
# last one to use it stops it. With TEST_POSTGRES_HOST (and _PORT, _USER, _PASSWORD) set, that server is used instead.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ -n ${TEST_POSTGRES_HOST-} ]]; then
    exec "$@"
fi
mode=${MODE:-test}
unset MODE
users=$LOCAL/pg-$mode.users

finish() {
    local code=$?
    trap - EXIT
    # Whoever can lock the file for himself alone is the last one.
    if ! have flock || flock --nonblock --exclusive 8; then env -u TEST_POSTGRES_HOST MODE="$mode" "$ROOT/scripts/pg.sh" stop 8<&-; fi
    exit "$code"
}

mkdir -p "$LOCAL"
[[ -e $users ]] || : >>"$users"
exec 8<"$users"
if have flock; then flock --shared 8; fi
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
MODE="$mode" "$ROOT/scripts/pg.sh" start 8<&-
settings=$(MODE="$mode" "$ROOT/scripts/pg.sh" env)
eval "$settings"
"$@" 8<&-
