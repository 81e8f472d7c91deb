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

# A server that a private cluster can be made with
is_runnable_server()
{
    local major bin
    [ -n "$1" ] && [ -x "$1" ] || return 1
    major=$(server_major "$1")
    [ -n "$major" ] && [ "$major" -ge 15 ] || return 1
    bin=$("$1" --bindir)
    [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && [ -x "$bin/psql" ]
}

# The headers tell: Debian has pg_config and pgxs.mk in the client's package
has_headers()
{
    [ -e "$("$1" --pgxs)" ] && [ -e "$("$1" --includedir-server)/postgres.h" ]
}

# A server that can be started and that extensions can be built for
is_complete_server()
{
    is_runnable_server "$1" && has_headers "$1"
}

# Whether the extension that is installed there was built from this tree: the
# library names what it was built from, as the Makefile tells the compiler
has_this_extension()
{
    local id script library extension
    id=$("$tools/source-id") || return 1
    extension=$("$1" --sharedir)/extension
    for script in "$source_dir/retention.control" "$source_dir"/sql/retention--*.sql; do
        cmp -s "$script" "$extension/$(basename "$script")" || return 1
    done
    for library in "$("$1" --pkglibdir)"/retention.so "$("$1" --pkglibdir)"/retention.dylib; do
        if [ -r "$library" ] &&
            LC_ALL=C grep -a -q -F "retention built from $id for $(server_major "$1")." "$library"; then
            return 0
        fi
    done
    return 1
}

has_installed_extension()
{
    is_runnable_server "$1" && has_this_extension "$1"
}

# Candidates: the one in PATH, then the newest first
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

# The first candidate for which the command is true
first_server()
{
    local candidate
    while read -r candidate; do
        if "$@" "$candidate"; then
            say "$candidate"
            return 0
        fi
    done < <(list_pg_configs)
    return 1
}

is_named_server()
{
    [ -n "${PG_CONFIG:-}" ] && [ "$PG_CONFIG" != pg_config ]
}

# Sets and exports PG_CONFIG: the server that was named, or else one that
# extensions can be built for, one that has this extension, one that runs.
# False when there is none that runs.
find_server()
{
    local found
    if is_named_server; then
        found=$(command -v "$PG_CONFIG") || die "PG_CONFIG=$PG_CONFIG cannot be run"
        PG_CONFIG=$found
        export PG_CONFIG
        [ "$(server_major "$PG_CONFIG")" -ge 15 ] ||
            die "PG_CONFIG=$PG_CONFIG belongs to $("$PG_CONFIG" --version), and PostgreSQL 15 or newer is needed"
        is_runnable_server "$PG_CONFIG"
        return
    fi
    found=$(first_server is_complete_server || first_server has_installed_extension ||
        first_server is_runnable_server) || return 1
    PG_CONFIG=$found
    export PG_CONFIG
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
