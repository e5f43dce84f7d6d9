#!/usr/bin/env bash
# The Debian package on a clean Debian: a new root file system that has nothing of this one but
# where apt takes packages from. What it needs comes with it; a drill runs there; nothing stays.
. "$(dirname "$0")/lib.sh"
root=$work/root
# A namespace of its own holds all mounts and processes of the root; they end with it.
within() {
  unshare --mount --pid --fork --kill-child sh -ec '
    mount --bind "$0" "$0"
    cd "$0"
    mount -t proc proc proc
    mount --rbind /sys sys
    mount --rbind /dev dev
    mkdir -p var/lib/parry/images
    mount --bind "$1" var/lib/parry/images
    pivot_root . mnt
    umount -l /mnt
    shift
    exec "$@"' "$root" "$PARRY_HOME/images" \
    /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 NO_COLOR=1 \
    ASAN_OPTIONS="${ASAN_OPTIONS-}" "$@"
}
trap 'rm -rf --one-file-system "$work"' EXIT

command -v cpack >/dev/null || skip "cpack is not installed"
expect_status 0 cpack --config "$PARRY_BIN/../CPackConfig.cmake" -B "$work/package"
package=$(echo "$work"/package/*.deb)
dpkg-deb -f "$package" Depends >"$work/out"
says out libvirt-daemon
says out libsqlite3-0
ok "a package that names what it needs"

# The archives and proxies of this machine's apt, as lines for mmdebstrap.
apt-get indextargets 'Created-By: Packages' 'Origin: Debian' 'Component: main' \
  --format 'deb $(REPO_URI) $(RELEASE) main' | grep -v backports | sort -u >"$work/sources"
[ -s "$work/sources" ] || skip "apt has no lists of Debian here"
mapfile -t proxies < <(apt-config dump Acquire | sed -n 's/^Acquire::\(.*\)::Proxy "\(..*\)";/--aptopt=Acquire::\1::Proxy "\2"/p')
expect_status 0 mmdebstrap --variant=minbase "${proxies[@]}" --customize-hook="copy-in $package /" \
  --customize-hook="chroot \"\$1\" apt-get install -q -y --no-install-recommends '/${package##*/}'" \
  "$(sed -n 's/^deb [^ ]* \([a-z]*\) main$/\1/p' "$work/sources" | head -n 1)" "$root" "$work/sources"
expect_status 0 within dpkg-query -W -f '${db:Status-Status}' parry
says out installed
ok "apt installs it on a clean system"

expect_status 0 within parry --version
expect_status 0 within parry simulate /usr/share/doc/parry/examples/first-drill.yaml
says out 'Department of Health'
cat >"$root/root/one.yaml" <<'YAML'
parry: 1
drill: {name: packaged, start: 2026-11-13T09:00, timezone: UTC, duration: 1h}
teams: {red: {side: red, estate: attackers}}
networks: {internet: {cidr: 203.0.113.0/24}}
estates: {attackers: {hosts: {box: {image: micro, memory: 96M, nics: {internet: auto}}}}}
YAML
expect_status 0 within sh -ec 'parry up /root/one.yaml; parry exec packaged red/box "echo here"; parry verify packaged
  parry down --purge packaged; parry host stop'
says out here
says out SOUND
ok "a drill comes up there, answers, is verified and taken down"

expect_status 0 within dpkg --purge parry
left=$(cd "$root" && find usr etc -path '*parry*' -not -name 'parry*.deb')
[ -z "$left" ] || fail "left behind: $left"
ok "purged, it leaves nothing but /var/lib/parry"
