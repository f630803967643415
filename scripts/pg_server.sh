# shellcheck shell=bash
# pg_server.sh: the parts of pg.sh: whose the server is, how a cluster is made, launched and locked. Sourced by pg.sh.

# shellcheck disable=SC2016,SC2153  # `sh -c` expands its own arguments; ROOT is lib.sh's

# The caller's libpq settings are about other servers.
unset PGDATA PGHOST PGPORT PGUSER PGPASSWORD PGDATABASE PGOPTIONS PGSERVICE PGPASSFILE

# server_user: PostgreSQL refuses to run as root, so root lends it another user; everybody else is it.
server_user() {
    if [[ $EUID -ne 0 ]]; then
        id -un
    elif [[ -e $BASE/data && $(owner_of "$BASE/data") != root ]]; then
        owner_of "$BASE/data"
    elif id postgres >/dev/null 2>&1; then
        echo postgres
    else
        echo nobody
    fi
}

owner_of() {
    stat -L -c %U "$1" 2>/dev/null || stat -L -f %Su "$1"
}

# BIN is the folder of the server programs, once it is known.
BIN=''

# as_server COMMAND…: as the server's user, from a folder it may be in, without the lock (fd 9), which would otherwise
# be held as long as the server runs.
as_server() (
    exec 9<&-
    cd /
    export LC_ALL=C
    libraries=$(pg_library_path "$BIN")
    if [[ -n $libraries ]]; then export LD_LIBRARY_PATH=$libraries; fi
    if [[ $EUID -ne 0 ]]; then
        exec "$@"
    fi
    user=$(server_user)
    export HOME=/
    if have setpriv; then
        exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups -- "$@"
    elif have runuser; then
        exec runuser -u "$user" -- "$@"
    fi
    exec sudo -u "$user" -- "$@"
)

# lock FILE: held until this script ends; two starts at once are one after the other.
lock() {
    if have flock; then
        [[ -e $1 ]] || : >>"$1"
        exec 9<"$1"
        flock 9
    else
        until mkdir "$1.dir" 2>/dev/null; do sleep 0.2; done
        # shellcheck disable=SC2064  # the name is meant as it is now
        trap "rmdir '$1.dir'" EXIT
    fi
}

# A cluster that root made is out of an ordinary user's reach: say so, before something says it worse.
own_or_die() {
    local path
    [[ $EUID -ne 0 ]] || return 0
    for path in "$LOCAL" "$BASE"; do
        if [[ -e $path && ! -w $path ]]; then
            die ".local belongs to another user ($(owner_of "$path")), probably from a run as root: go on as root, or have root remove .local"
        fi
    done
}

# reachable FOLDER: the server's user may enter it, through all folders above it.
reachable() {
    as_server sh -c 'cd "$1"' sh "$1" 2>/dev/null
}

# store: the folder for what the server's user must read; outside the clone where it cannot enter that (one in /root).
store() {
    if [[ $EUID -ne 0 ]] || reachable "$LOCAL"; then
        printf '%s\n' "$LOCAL"
    else
        printf '/var/lib/google-analytics-intelligence/%s\n' "$(printf %s "$ROOT" | sha256sum | cut -c 1-12)"
    fi
}

# prepare_base: .local/pg is a folder of the server's user, or a link to one.
prepare_base() {
    [[ ! -e $BASE/data ]] || return 0
    if [[ -L $BASE ]]; then rm "$BASE"; fi
    if [[ ! -e $BASE ]]; then
        if [[ $EUID -eq 0 ]]; then chmod go+x "$LOCAL"; fi
        local target
        target=$(store)/$NAME
        mkdir -p "$target"
        [[ $target == "$BASE" ]] || ln -s "$target" "$BASE"
        resolve_base
    fi
    chmod 700 "$BASE"
    if [[ $EUID -eq 0 ]]; then
        chmod go+x "$(dirname "$BASE")"
        chown "$(server_user)" "$BASE"
    fi
}

# resolve_base: BASE without links, since the server's user may be unable to follow one from here.
resolve_base() {
    if [[ -d $BASE ]]; then BASE=$(cd "$BASE" && pwd -P); fi
}

# server_programs: sets BIN to the folder with the programs that fit the cluster, and gets them where there are none.
server_programs() {
    local wanted='' way
    STORE=$(store)
    if [[ -e $BASE/data/PG_VERSION ]]; then wanted=$(cat "$BASE/data/PG_VERSION"); fi
    if BIN=$(pg_newest "$wanted"); then return; fi
    for way in $PG_SEARCH; do
        [[ $way != system ]] || continue
        if "$ROOT/scripts/pg_get.sh" "$way" "$STORE" 9<&- && BIN=$(pg_newest "$wanted"); then return; fi
    done
    [[ -z $wanted ]] ||
        die ".local/$NAME was made by PostgreSQL $wanted, whose programs are gone: install postgresql-$wanted, or remove .local/$NAME with its data"
    die "no PostgreSQL >= $PG_OLDEST and no way to get one: run 'sudo apt-get install postgresql', or set POSTGRES_HOST in .env"
}

# read_owner: OWNER and PASSWORD as they shall be; for tests and benches both are the script's own.
read_owner() {
    if [[ $MODE != dev && -n $EXTERNAL ]]; then
        OWNER=${TEST_POSTGRES_USER:-postgres}
        PASSWORD=${TEST_POSTGRES_PASSWORD-}
        return
    elif [[ $MODE != dev ]]; then
        OWNER=postgres
        PASSWORD=''
        if [[ -s $SECRET_FILE ]]; then PASSWORD=$(sed -n 2p "$SECRET_FILE"); fi
        PASSWORD=${PASSWORD:-$(random_hex 24)}
        return
    fi
    "$ROOT/scripts/env.sh"
    OWNER=$(env_value POSTGRES_USER analytics_user)
    PASSWORD=$(env_value POSTGRES_PASSWORD)
    [[ -n $PASSWORD ]] || die 'POSTGRES_PASSWORD in .env is empty: set one (for the private cluster any will do)'
}

remember_owner() {
    (umask 077 && printf '%s\n%s\n' "$OWNER" "$PASSWORD" >"$SECRET_FILE.new" && mv "$SECRET_FILE.new" "$SECRET_FILE")
}

settings() {
    cat <<CONF

# from scripts/pg_server.sh
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
shared_buffers = 256MB
max_wal_size = 2GB
max_locks_per_transaction = 256
jit = off
CONF
    if [[ $MODE != dev ]]; then echo 'max_connections = 200'; fi
    if [[ $MODE == test ]]; then printf '%s\n' 'fsync = off' 'synchronous_commit = off' 'full_page_writes = off'; fi
}

# make_cluster: under a name of its own until it is whole, so that an interrupted run leaves nothing half made.
make_cluster() {
    local locale made=''
    say "making a PostgreSQL cluster in .local/$NAME"
    as_server rm -rf "$BASE/data.new"
    printf '%s\n' "$PASSWORD" | as_server sh -c 'umask 077 && cat > "$1"' sh "$BASE/password"
    for locale in C.UTF-8 C; do
        if as_server "$BIN/initdb" -D "$BASE/data.new" -U "$OWNER" \
            --pwfile="$BASE/password" --auth=scram-sha-256 --encoding=UTF8 --locale="$locale" >"$LOCAL/$NAME.initdb.log" 2>&1; then
            made=yes
            break
        fi
        as_server rm -rf "$BASE/data.new"
    done
    as_server rm -f "$BASE/password"
    [[ -n $made ]] || die "initdb failed: $(tail -n 1 "$LOCAL/$NAME.initdb.log") (.local/$NAME.initdb.log)"
    rm -f "$LOCAL/$NAME.initdb.log"
    settings | as_server sh -c 'cat >> "$1"' sh "$BASE/data.new/postgresql.conf"
    remember_owner
    as_server mv "$BASE/data.new" "$BASE/data"
}

# renew_password: .env is the truth. Single-user mode needs no password, so a lost .env locks nobody out.
renew_password() {
    local known_user='' known_password=''
    if [[ -s $SECRET_FILE ]]; then
        known_user=$(sed -n 1p "$SECRET_FILE")
        known_password=$(sed -n 2p "$SECRET_FILE")
    fi
    if [[ $known_user == "$OWNER" && $known_password == "$PASSWORD" ]]; then return; fi
    say 'setting the owner and password of .env in the cluster'
    if running; then as_server "$BIN/pg_ctl" stop -D "$BASE/data" -m fast -w >/dev/null; fi
    {
        [[ $known_user == "$OWNER" ]] || printf 'create role "%s" superuser login;\n' "${OWNER//\"/\"\"}"
        printf "alter role \"%s\" password '%s';\n" "${OWNER//\"/\"\"}" "${PASSWORD//\'/\'\'}"
    } | as_server "$BIN/postgres" --single -D "$BASE/data" postgres >/dev/null 2>&1
    remember_owner
}

# server_state: running, on this very folder; stopped; dying, killed and not yet gone; foreign: the lock file came with a
# copied folder and names the server of the original.
server_state() {
    as_server sh -c '
        read -r pid <"$1/postmaster.pid" && kill -0 "$pid" || { echo stopped; exit; }
        [ -r "/proc/$pid/stat" ] || { echo running; exit; }
        case $(sed "s/.*) //" "/proc/$pid/stat") in Z*) echo dying; exit ;; esac
        if cd "$1" && [ "$(readlink "/proc/$pid/cwd")" = "$(pwd -P)" ]; then echo running; else echo foreign; fi
    ' sh "$BASE/data" 2>/dev/null
}

running() { [[ $(server_state) == running ]]; }

free_port() {
    local port
    while true; do
        port=$((15400 + RANDOM % 4000))
        if ! port_open "$port"; then
            echo "$port"
            return
        fi
    done
}

# launch: on the port of before, unless somebody else has taken it meanwhile.
launch() {
    local port='' try
    if [[ -s $PORT_FILE ]]; then port=$(cat "$PORT_FILE"); fi
    if [[ -n $port ]] && port_open "$port"; then
        say "port $port is taken by another program: choosing a new one for PostgreSQL"
        port=''
    fi
    for try in {1..50}; do
        [[ $(server_state) == dying ]] || break
        sleep 0.2
    done
    if [[ $(server_state) == foreign ]]; then as_server rm "$BASE/data/postmaster.pid"; fi
    as_server sh -c 'if [ "$(wc -c <"$1")" -gt 10000000 ]; then mv "$1" "$1.1"; fi' sh "$BASE/server.log" 2>/dev/null
    for try in 1 2 3 4 5 6 7 8 9 10; do
        port=${port:-$(free_port)}
        if as_server "$BIN/pg_ctl" start -D "$BASE/data" \
            -l "$BASE/server.log" -o "-p $port" -w -t 120 >/dev/null 2>&1 </dev/null; then
            printf '%s\n' "$port" >"$PORT_FILE.new"
            mv "$PORT_FILE.new" "$PORT_FILE"
            return
        fi
        case $(as_server tail -n 5 "$BASE/server.log") in
            *'Address already in use'*) port='' ;;
            # Processes of a killed server are still on their way out.
            *'pre-existing shared memory block'*) sleep "$try" ;;
            *) break ;;
        esac
    done
    die "PostgreSQL does not start: $(as_server tail -n 20 "$BASE/server.log" | grep -E 'FATAL|PANIC|ERROR' | tail -n 1) (.local/$NAME/server.log)"
}
