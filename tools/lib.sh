# shellcheck shell=bash
# What the tools share: messages, finding a server, acting as its user.
# Sourced, never run.  Works with the bash 3.2 of macOS.

set -euo pipefail

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck disable=SC2034 # for those who source this
source_dir=$(dirname "$tools")

# A make above has no say in the makes below
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

say()
{
    printf '%s\n' "$*"
}

die()
{
    printf 'error: %s\n' "$*" >&2
    exit 1
}

is_root()
{
    [ "$(id -u)" -eq 0 ]
}

# Major version of the server that the given pg_config belongs to
server_major()
{
    "$1" --version 2>/dev/null | sed 's/^[^0-9]*\([0-9]*\).*/\1/'
}

# A server that extensions can be built for and that can be started
is_complete_server()
{
    local major bin
    [ -n "$1" ] && [ -x "$1" ] || return 1
    major=$(server_major "$1")
    [ -n "$major" ] && [ "$major" -ge 15 ] || return 1
    bin=$("$1" --bindir)
    [ -e "$("$1" --pgxs)" ] && [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && [ -x "$bin/psql" ]
}

# Candidates, the first complete one is taken: the one in PATH, else the newest
list_pg_configs()
{
    command -v pg_config || true
    for p in /usr/lib/postgresql/*/bin/pg_config /usr/pgsql-*/bin/pg_config \
        /usr/lib/postgresql*/bin/pg_config \
        /opt/homebrew/opt/postgresql@*/bin/pg_config /usr/local/opt/postgresql@*/bin/pg_config; do
        if [ -x "$p" ]; then
            printf '%s %s\n' "$(server_major "$p")" "$p"
        fi
    done | sort -rn | cut -d' ' -f2-
}

# Sets and exports PG_CONFIG; false when there is no complete server
find_server()
{
    local candidate
    if [ -n "${PG_CONFIG:-}" ] && [ "$PG_CONFIG" != pg_config ]; then
        candidate=$(command -v "$PG_CONFIG") || die "PG_CONFIG=$PG_CONFIG cannot be run"
        PG_CONFIG=$candidate
        export PG_CONFIG
        [ "$(server_major "$PG_CONFIG")" -ge 15 ] ||
            die "PG_CONFIG=$PG_CONFIG belongs to $("$PG_CONFIG" --version), and PostgreSQL 15 or newer is needed"
        is_complete_server "$PG_CONFIG"
        return
    fi
    while read -r candidate; do
        if is_complete_server "$candidate"; then
            PG_CONFIG=$candidate
            export PG_CONFIG
            return 0
        fi
    done < <(list_pg_configs)
    return 1
}

# PostgreSQL refuses to run as root
server_user()
{
    if ! is_root; then
        id -un
    elif id postgres >/dev/null 2>&1; then
        say postgres
    else
        say nobody
    fi
}

# Run a command as the server's user
as_server_user()
{
    if ! is_root; then
        "$@"
    elif command -v runuser >/dev/null; then
        runuser -u "$(server_user)" -- "$@"
    else
        # shellcheck disable=SC2016
        su -s /bin/sh "$(server_user)" -c 'exec "$0" "$@"' -- "$@"
    fi
}

# A private directory with a path short enough for a unix socket below it
make_work_dir()
{
    local parent=${TMPDIR:-/tmp}
    if [ ${#parent} -gt 60 ]; then
        parent=/tmp
    fi
    mktemp -d "${parent%/}/retention.XXXXXX"
}
