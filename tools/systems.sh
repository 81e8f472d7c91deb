# shellcheck shell=bash
# New Debian systems in directories, for the tools that try something in them.
# Sourced after lib.sh, never run.  Nothing of them stays, neither files nor mounts.
# Needs root, debootstrap and a Debian mirror.
#
#     SUITES           those of which a system is made
#     FRESH_DIR=path   where the systems are made; the new ones are kept there
#                      and used again
#     MIRROR=url       else the one this machine uses
#     TIME_LIMIT=1800  seconds for each command

limit=${TIME_LIMIT:-1800}
passed=0
failed=0
made=
unmade=
child=

# shellcheck disable=SC2317 # called by a trap
finish()
{
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        kill -KILL "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
        # the last of its processes
        sleep 1
    fi
    rm -rf --one-file-system "$dir"/system* "$dir/log"
    if [ -z "${FRESH_DIR:-}" ]; then
        rm -rf --one-file-system "$dir"
    fi
}

# contained [--mount-proc] COMMAND...: its mounts and processes end with it, and
# with unshare, which heeds no other signal than KILL
contained()
{
    local status=0 proc=()
    if [ "$1" = --mount-proc ]; then
        proc=("$1")
        shift
    fi
    unshare --mount --propagation private --pid --fork --kill-child "${proc[@]}" \
        timeout -s KILL "$limit" "$@" </dev/null &
    child=$!
    wait "$child" || status=$?
    child=
    return $status
}

# enter SYSTEM USER COMMAND: a shell command inside, in the visitor's directory
enter()
{
    # shellcheck disable=SC2016 # the inner shell expands them
    contained setsid bash -c '
        set -e
        mount -t proc proc "$1/proc"
        mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
        mount --bind "$2" "$1/var/cache/apt/archives"
        path=/usr/local/bin:/usr/bin:/bin home=/home/visitor
        if [ "$3" = root ]; then
            path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
        fi
        exec chroot "$1" /usr/sbin/runuser -u "$3" -- env -i PATH=$path HOME=$home LANG=C.UTF-8 \
            DEBIAN_FRONTEND=noninteractive sh -c "cd $home/retention; $4"
        ' contained "$1" "$dir/packages-$suite" "$2" "$3"
}

# The mirror that this machine's apt uses; without one, debootstrap knows
find_mirror()
{
    if [ -n "${MIRROR:-}" ]; then
        say "$MIRROR"
        return
    fi
    # shellcheck disable=SC2016 # the $ are those of apt
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^Debian|Debian|//p' | sort -u | sed -n 1p || true
}

# Services stay stopped, the clock of a snapshot does not matter, and the disk
# need not be waited for
configure_base()
{
    local base=$1
    printf '#!/bin/sh\nexit 101\n' >"$base/usr/sbin/policy-rc.d"
    chmod 755 "$base/usr/sbin/policy-rc.d"
    say force-unsafe-io >"$base/etc/dpkg/dpkg.cfg.d/fresh"
    {
        apt-config dump | grep -E '^Acquire::(http|https)::Proxy' || true
        say 'Acquire::Check-Valid-Until "false";'
        say 'APT::Keep-Downloaded-Packages "true";'
    } >"$base/etc/apt/apt.conf.d/90fresh"
    rm -f "$base/etc/resolv.conf"
    cp /etc/resolv.conf "$base/etc/resolv.conf"
    cp /etc/hosts "$base/etc/hosts"
    if [ "$suite" = experimental ]; then
        sed -n 's/ sid / experimental /p' "$base/etc/apt/sources.list" \
            >"$base/etc/apt/sources.list.d/experimental.list"
    fi
    mkdir -p "$base/home/visitor/retention"
}

# A new system, to be copied for each use; "experimental" is sid with more sources
make_base()
{
    local base=$dir/base-$suite
    mkdir -p "$dir/packages-$suite/partial"
    if [ ! -e "$base.complete" ]; then
        if [ ! -d "$base/etc" ] || [ -d "$base/debootstrap" ]; then
            rm -rf --one-file-system "$base"
            contained --mount-proc debootstrap --variant=minbase --include=ca-certificates \
                "${suite/experimental/sid}" "$base" ${mirror:+"$mirror"} >"$log" 2>&1 || return 1
        fi
        configure_base "$base"
        enter "$base" root 'apt-get update -qq && apt-get install -y -qq --no-install-recommends make &&
            useradd -m -s /bin/bash visitor' >"$log" 2>&1 || return 1
        touch "$base.complete"
    fi
}

# make_system NAME: $system is a copy of the new system, with this tree
make_system()
{
    system=$dir/system-$1
    rm -rf --one-file-system "$system"
    cp -a "$dir/base-$suite" "$system"
    # shellcheck disable=SC2154 # lib.sh has it
    (cd "$source_dir" &&
        tar cf - --exclude=./.git --exclude='*.o' --exclude='*.bc' --exclude='*.so' --exclude='./report*.html' \
            --exclude=./dist .) | (cd "$system/home/visitor/retention" && tar xf -)
    enter "$system" root 'chown -R visitor: ..'
}

# result STATUS NAME: counts it, with its log if it failed
result()
{
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
        say "ok - $2"
    else
        failed=$((failed + 1))
        say "not ok - $2"
        tail -n 60 "$log" | sed 's/^/    # /'
    fi
}

# Where none can be made, for whatever reason, the exit status is 77
cannot()
{
    say "No new system can be made: $*" >&2
    exit 77
}

begin_systems()
{
    is_root || cannot "only root can make one"
    command -v unshare >/dev/null || cannot "unshare, of util-linux, is missing"
    unshare --mount --propagation private --pid --fork true 2>/dev/null ||
        cannot "root may not make namespaces here, without which mounts could be left behind"
    command -v debootstrap >/dev/null || cannot "debootstrap is missing (apt-get install debootstrap)"

    if [ -n "${FRESH_DIR:-}" ]; then
        mkdir -p "$FRESH_DIR"
        dir=$(cd "$FRESH_DIR" && pwd -P)
    else
        dir=$(mktemp -d "${TMPDIR:-/var/tmp}/retention-fresh.XXXXXX")
        chmod 755 "$dir"
    fi
    trap finish EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    log=$dir/log
    mirror=$(find_mirror)
}

# each_suite FUNCTION: for each of $suites, with a new system that make_system copies
each_suite()
{
    local begin
    # shellcheck disable=SC2154 # the caller has them
    for suite in $suites; do
        begin=$SECONDS
        if ! make_base; then
            unmade="$unmade $suite"
            tail -n 5 "$log" | sed 's/^/    # /'
            continue
        fi
        made=1
        say "# $suite: a new system in $((SECONDS - begin)) s"
        "$1"
    done
    [ -n "$made" ] || cannot "debootstrap failed for$unmade"
    for suite in $unmade; do
        failed=$((failed + 1))
        say "not ok - $suite: a new system is made"
    done
}
