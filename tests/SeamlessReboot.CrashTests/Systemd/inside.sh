#!/bin/bash
# In the namespaces: hides what is the machine's, then becomes systemd. inside.sh WORK UNIT
set -eu
work=$1
unit=$2

fail() {
    echo "SKIP: $*" >&2
    exit 77
}

# What systemd and its helpers empty, write to or send to is not the machine's: first of all.
cd "$work"
for directory in /run /tmp /var/tmp /var/log /var/lib; do
    if [ -d "$directory" ]; then
        mount -t tmpfs -o mode=755 tmpfs "$directory" || fail "a tmpfs cannot be mounted on $directory"
    fi
done
chmod 1777 /tmp /var/tmp
mkdir -p "$work"
mount --no-canonicalize --bind . "$work" || fail "the work directory cannot be mounted"
cd "$work"

# Devices: the harmless ones and no console; the kernel's log, where systemd writes its own, is a file for the test to look at.
mkdir -p /run/dev
for device in null zero full random urandom tty; do
    : > "/run/dev/$device"
    mount --bind "/dev/$device" "/run/dev/$device"
done
: > "$work/systemd.log"
: > /run/dev/kmsg
mount --bind "$work/systemd.log" /run/dev/kmsg
mkdir /run/dev/pts /run/dev/shm
ln -s /proc/self/fd /run/dev/fd
ln -s /proc/self/fd/0 /run/dev/stdin
ln -s /proc/self/fd/1 /run/dev/stdout
ln -s /proc/self/fd/2 /run/dev/stderr
mount --rbind /run/dev /dev
mount -t tmpfs -o mode=1777 tmpfs /dev/shm

# Its own cgroup is all that it sees of cgroups.
mount -t cgroup2 cgroup2 /sys/fs/cgroup || fail "cgroup2 cannot be mounted"

# Everything else can be looked at. As flags of these mounts, not of the file systems, which are the machine's.
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -o remount,bind,ro /sys
mount -o remount,bind,ro / || fail "the root cannot be made read-only"

mkdir -p /run/systemd/system
cp -r "$work"/units/. /run/systemd/system/
export container=seamlessreboot
exec /lib/systemd/systemd --system --unit="$unit" --log-level=info --log-target=kmsg --show-status=no
