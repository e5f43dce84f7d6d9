#!/usr/bin/env bash
# sudo examples/first-drill.sh: from a fresh clone to the report of a drill on real VMs.
#
# Installs what is missing from Debian's packages, builds Parry, builds the guest images, rehearses
# examples/first-drill.yaml and says where the report is. Run again, it starts at once.
#
#   -y        do not ask before the first installation
#   PARRY_HOME  where drills, images and keys are kept (/var/lib/parry)
#   PARRY_CONNECT  a libvirt URI to use instead of Parry's own private libvirt
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/packages.sh

home=${PARRY_HOME:-/var/lib/parry}
build=build
mapfile -t missing < <(parry_missing "${parry_packages_build[@]}" "${parry_packages_run[@]}")

cat <<TEXT
Parry's first drill: 2 blue teams, 1 red, 11 VMs, 60 hours of exercise in a few minutes.

  installs  ${missing[*]:-nothing: all packages are there}
  builds    $PWD/$build (CMake, Release)
  keeps     $home: guest images (about 0.5 GB), the drill, its report, keys
  makes     11 VMs of 96 to 384 MiB on networks of their own, without any way out;
            a private libvirt in its own namespaces; system accounts parry-qemu, parry-hub,
            parry-gate, parry-board
  uses      about 4 GB of memory while it runs; ports 2222 and 8080 of 127.0.0.1, or free ones
  leaves    no VM, network or filter; \`parry host stop\` ends the private libvirt too

TEXT
[ "$(id -u)" = 0 ] || { echo "making VMs needs root: sudo examples/first-drill.sh" >&2; exit 1; }
if [ ${#missing[@]} -gt 0 ] && [ -t 0 ] && [ "${1:-}" != -y ]; then
  read -r -p "go on? [Y/n] " answer
  case $answer in [nN]*) exit 130 ;; esac
fi
parry_install "${parry_packages_build[@]}" "${parry_packages_run[@]}"

if [ ! -f "$build/build.ninja" ]; then
  cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF >"$build.log" 2>&1 ||
    { cat "$build.log"; exit 1; }
  rm -f "$build.log"
fi
ninja -C "$build" --quiet
exec "$build/bin/parry" run --rehearsal examples/first-drill.yaml
