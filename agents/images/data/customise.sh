#!/bin/sh
# Run by mmdebstrap when all packages are in: $1 is the guest's root, PARRY_STAGE the folder
# with the scenario's files and their manifest.
set -eu
root=$1
units=$root/etc/systemd/system

# What a guest without network, without a clock server and without an admin at a screen
# does not need, and what costs seconds under emulation.
mkdir -p "$units"
for unit in \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer man-db.timer motd-news.timer \
    systemd-tmpfiles-clean.timer \
    sshd-keygen.service getty@tty1.service getty-static.service serial-getty@ttyS0.service \
    systemd-timesyncd.service systemd-networkd-wait-online.service \
    systemd-remount-fs.service systemd-fsck-root.service systemd-hwdb-update.service \
    systemd-journal-catalog-update.service systemd-journal-flush.service \
    systemd-update-done.service systemd-sysusers.service systemd-firstboot.service \
    systemd-machine-id-commit.service systemd-random-seed.service systemd-pstore.service \
    systemd-binfmt.service systemd-boot-system-token.service ldconfig.service \
    systemd-ask-password-console.path systemd-ask-password-wall.path \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service \
    systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-repart.service \
    modprobe@.service kmod-static-nodes.service systemd-modules-load.service \
    dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    sys-kernel-config.mount sys-fs-fuse-connections.mount \
    proc-sys-fs-binfmt_misc.automount systemd-journald-audit.socket
do
    ln -sf /dev/null "$units/$unit"
done
ln -sf /lib/systemd/system/multi-user.target "$units/default.target"

# Generators look for what these guests never have: disks to unlock, gpt labels, consoles.
# sysv stays: some packages bring no more than an init script.
mkdir -p "$root/etc/systemd/system-generators"
for generator in \
    systemd-bless-boot-generator systemd-cryptsetup-generator systemd-debug-generator \
    systemd-fstab-generator systemd-getty-generator systemd-gpt-auto-generator \
    systemd-hibernate-resume-generator systemd-integritysetup-generator \
    systemd-rc-local-generator systemd-run-generator systemd-system-update-generator \
    systemd-veritysetup-generator
do
    ln -sf /dev/null "$root/etc/systemd/system-generators/$generator"
done

# The file system grows to the size of the host's disk.
mkdir -p "$units/multi-user.target.wants"
cat >"$units/parry-grow.service" <<'EOF'
[Unit]
Description=Grow the root file system to its disk

[Service]
Type=oneshot
ExecStart=/lib/systemd/systemd-growfs /
EOF
ln -sf ../parry-grow.service "$units/multi-user.target.wants/parry-grow.service"

# Every host has keys of its own; one kind, for making an RSA key takes seconds.
if [ -x "$root/usr/sbin/sshd" ]; then
    rm -f "$root"/etc/ssh/ssh_host_*
    mkdir -p "$units/ssh.service.d"
    cat >"$units/ssh.service.d/parry.conf" <<'EOF'
[Service]
ExecStartPre=
ExecStartPre=/bin/sh -c 'test -s /etc/ssh/ssh_host_ed25519_key || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key'
EOF
fi

# Nothing of the machine that built it: name, resolver, mirrors, logs, identity.
echo localhost >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n' >"$root/etc/hosts"
rm -f "$root/etc/resolv.conf"
: >"$root/etc/resolv.conf"
: >"$root/etc/machine-id"
: >"$root/etc/fstab"
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/apt/sources.list" \
    "$root"/etc/apt/sources.list.d/* "$root"/etc/apt/apt.conf.d/99mmdebstrap \
    "$root"/var/log/apt/* "$root"/var/log/dpkg.log "$root"/var/log/alternatives.log \
    "$root"/var/log/bootstrap.log "$root"/var/cache/ldconfig/aux-cache
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/debconf/*-old
mkdir -p "$root/lib/modules"
# Half of all files, and nobody reads manuals in a drill's guest. (Left out by dpkg from the
# start they would cost more time than they save.)
for dir in doc man info locale bash-completion; do
    find "$root/usr/share/$dir" -mindepth 1 -delete 2>/dev/null || true
done
chroot "$root" usermod --lock root

# Inside the guest's root, for a link in the path must not lead out of it.
while read -r number mode owner path; do
    # shellcheck disable=SC2016 # expanded by the shell inside
    chroot "$root" /bin/sh -c '
        mkdir -p "$(dirname "$1")" && rm -f "$1" && cat >"$1" &&
        chown -- "$2" "$1" && chmod -- "$3" "$1"' sh "$path" "$owner" "$mode" \
        <"$PARRY_STAGE/$number"
done <"$PARRY_STAGE/manifest"
