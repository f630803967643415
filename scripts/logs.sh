#!/usr/bin/env bash
# logs.sh (`make logs`): shows and follows the services' log files. SERVICE=auth picks one, FOLLOW=0 only prints.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
folder=$(env_value LOG_DIR logs)
services=(analytics-service data-service auth-service)
if [[ -n ${SERVICE-} ]]; then services=("${SERVICE%-service}-service"); fi
files=()
for service in "${services[@]}"; do
    # Links to the files of the day.
    for file in "$folder/$service.log" "$folder/$service-error.log"; do
        if [[ -e $file ]]; then files+=("$file"); fi
    done
done
((${#files[@]} > 0)) || die "no logs of ${services[*]} in $folder: start the services (make dev, make services_start)"
follow=(-F)
if [[ ${FOLLOW-} == 0 ]]; then follow=(); fi
exec tail -n 20 ${follow[@]+"${follow[@]}"} "${files[@]}"
