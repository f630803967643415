#!/usr/bin/env bash
# db_clean.sh (`make db_clean`): removes all data and the schema, after a yes or with FORCE=1; in PROD never.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

! production || die 'ENVIRONMENT is PROD: db_clean is not for it'
if [[ ${FORCE-} != 1 ]]; then
    [[ -t 0 ]] || die 'db_clean removes all data: say FORCE=1 where nobody can be asked'
    where=$(env_value POSTGRES_HOST 'the private cluster')
    read -r -p "Remove everything in $(env_value POSTGRES_DATABASE google_analytics_db) on $where? [y/N] " answer
    [[ $answer == [yY] || $answer == [yY][eE][sS] ]] || die 'nothing was removed'
fi
"$ROOT/scripts/with_db.sh" data-service db clean
