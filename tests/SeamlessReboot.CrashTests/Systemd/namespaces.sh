#!/bin/bash
# Runs a systemd of its own, beside the machine's and without touching it: namespaces.sh WORK UNIT
# Processes, mounts, names and cgroups are private; the network is shared, so that its servers are at 127.0.0.1.
# Ends, and everything in it, when standard input is closed; also when the test dies that holds it open.
# Exit code 77: it cannot be done here; standard error says why.
set -u
work=$1
unit=$2

no() {
    echo "SKIP: $*" >&2
    exit 77
}

mount --make-rprivate / || no "mounts cannot be made private"

# A cgroup of its own, below the one that this process is in. systemd takes all below it for its own.
mkdir -p "$work/cgroup"
mount -t cgroup2 cgroup2 "$work/cgroup" || no "cgroup2 cannot be mounted"
mine=$(sed -n 's/^0:://p' /proc/self/cgroup)
own=$work/cgroup${mine%/}/seamlessreboot-$$
mkdir "$own" || no "a cgroup cannot be made"

remove_cgroup() {
    if [ -e "$own/cgroup.kill" ]; then
        echo 1 > "$own/cgroup.kill"
    fi
    for _ in $(seq 500); do
        find "$own" -depth -type d -exec rmdir {} + 2> /dev/null
        [ -d "$own" ] || break
        sleep 0.02
    done
    umount "$work/cgroup"
}
trap remove_cgroup EXIT
trap 'exit 1' HUP INT TERM

exec 3<&0
(
    echo "$BASHPID" > "$own/cgroup.procs" || no "a process cannot be moved to a cgroup"
    exec unshare --pid --fork --kill-child --mount --mount-proc --ipc --uts --cgroup "$work/inside.sh" "$work" "$unit" < /dev/null 3<&-
) &
inside=$!
cat <&3 > /dev/null &
held=$!
wait -n "$inside" "$held"
kill -0 "$held" 2> /dev/null
ended=$?
kill -KILL "$inside" "$held" 2> /dev/null
wait "$inside"
status=$?
# Its own end, if that is what came first.
[ "$ended" -eq 0 ] && exit "$status"
exit 0
