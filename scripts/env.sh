#!/usr/bin/env bash
# env.sh: makes .env from .env.example, with generated secrets and for its owner only. An existing one is never changed.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[[ ! -e $ROOT/.env ]] || exit 0
umask 077
new=$(mktemp "$ROOT/.env.XXXXXX")
trap 'rm -f "$new"' EXIT
while IFS= read -r line || [[ -n $line ]]; do
    case $line in
        POSTGRES_PASSWORD=* | POSTGRES_APP_PASSWORD=* | JWT_SECRET_KEY=* | SECRETS_KEY=*)
            printf '%s=%s\n' "${line%%=*}" "$(random_hex 32)"
            ;;
        *) printf '%s\n' "$line" ;;
    esac
done <"$ROOT/.env.example" >"$new"
# A link is all or nothing: of two runs at once one wins and the other leaves its file.
if ln "$new" "$ROOT/.env" 2>/dev/null; then
    say 'wrote .env with generated secrets'
fi
