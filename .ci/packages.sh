# shellcheck shell=bash disable=SC2034
# Debian packages that Parry needs, and how to get those that are missing. Sourced by
# examples/first-drill.sh and tests/run.sh; Debian 12 is the reference.

parry_packages_build=(
  gcc libc6-dev cmake ninja-build pkg-config
  libvirt-dev libyaml-dev libevent-dev libsqlite3-dev libglib2.0-dev libjansson-dev
  libxml2-dev libssl-dev libseccomp-dev libssh-dev libmd-dev libcrypt-dev
)
parry_packages_run=(
  libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86 qemu-utils
  mmdebstrap e2fsprogs busybox-static kmod lz4 zstd xz-utils xorriso
  nftables iptables iproute2 openssh-client procps rsync tzdata graphviz
)
parry_packages_test=(
  libcunit1-dev clang clang-tidy clang-format libclang-rt-dev
  sqlite3 chromium chromium-driver libxml2-utils libvirt-clients iputils-ping util-linux shellcheck mandoc
  python3-jsonschema python3-yaml bash-completion dpkg-dev openssh-server
)

# Prints those of its arguments that are not installed.
parry_missing() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      printf '%s\n' "$package"
  done
}

# Installs them; nothing at all is asked of the network where nothing is missing.
parry_install() {
  local missing
  mapfile -t missing < <(parry_missing "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  printf 'installing from Debian: %s\n' "${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q >/tmp/parry-apt.log 2>&1 &&
    apt-get install -q -y --no-install-recommends "${missing[@]}" >>/tmp/parry-apt.log 2>&1 || {
    tail -n 20 /tmp/parry-apt.log >&2
    printf 'apt-get failed; the whole of it is in /tmp/parry-apt.log\n' >&2
    return 1
  }
}
