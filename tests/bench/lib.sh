# shellcheck shell=bash disable=SC2034
# What the benchmarks share. Sourced; wants PARRY_BIN (the build's bin directory).
# They measure and print; a figure that is missed is printed as such, and nothing fails.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${PARRY_BIN:?the directory of the built programs}"
export PATH=$PARRY_BIN:$PATH NO_COLOR=1
export PARRY_HOME=${PARRY_TEST_HOME:-/var/tmp/parry-test}
# How long to wait, before each measurement, for the machine to have nothing else to do.
quiet_limit=${PARRY_BENCH_QUIET:-120}
work=$(mktemp -d /tmp/parry-bench.XXXXXX)
[ "$(id -u)" = 0 ] || { echo "making VMs needs root" >&2; exit 1; }
mkdir -p "$PARRY_HOME"

json() { # json EXPRESSION <DOCUMENT: a value out of JSON, by node
  node -e 'const d = JSON.parse(require("fs").readFileSync(0, "utf8")); const v = eval(process.argv[1]);
    console.log(typeof v === "object" ? JSON.stringify(v) : v)' "$1"
}

sql() { # sql NAME QUERY: from the drill's journal
  sqlite3 -readonly "$PARRY_HOME/drills/$1/journal.db" "$2"
}

now() { # seconds, with a fraction
  local t=$EPOCHREALTIME
  echo "${t/,/.}"
}

calc() { # calc EXPRESSION: with three digits
  awk "BEGIN { printf \"%.3f\n\", $1 }"
}

median() {
  printf '%s\n' "$@" | sort -n | awk '{v[NR] = $1} END {printf "%.3f\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

print_machine() {
  printf 'machine   %s, %s cores, %s MiB, Linux %s\n' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
    "$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(uname -r)"
  printf 'versions  %s, libvirt %s, %s\n' "$(parry --version)" \
    "$(virsh --version)" "$(qemu-system-x86_64 --version | head -n 1)"
  printf 'date      %s\n' "$(date -u '+%F %H:%M UTC')"
}

print_guest() { # print_guest NAME HOST: what the guests of a drill are
  printf 'guests    Linux %s, accel %s\n' "$(parry exec "$1" "$2" 'uname -r')" \
    "$(sql "$1" "select json_extract(body, '\$.accel') || ': ' || json_extract(body, '\$.reason') from event
                 where kind = 'helper.up/1' and json_extract(body, '\$.name') = 'libvirt' limit 1")"
}

# Jiffies: all, idle, stolen by other machines.
ticks() {
  awk '/^cpu / {print $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9, $5 + $6, $9}' /proc/stat
}

# busy: how many hundredths of the machine somebody used in the last second.
busy() {
  local before after
  before=$(ticks)
  sleep 1
  after=$(ticks)
  awk -v "b=$before" -v "a=$after" 'BEGIN {
    split(b, x, " "); split(a, y, " "); all = y[1] - x[1]
    printf "%d\n", all ? 100 - 100 * (y[2] - x[2]) / all : 0 }'
}

# Waits until the machine is quiet, a bounded time, and says what load is left.
quiet() {
  local until=$((SECONDS + quiet_limit)) used
  while used=$(busy); [ "$used" -gt 5 ] && [ "$SECONDS" -lt "$until" ]; do :; done
  printf '%s%% busy, loadavg %s' "$used" "$(cut -d' ' -f1-3 /proc/loadavg)"
}

# cpu_of PID: its CPU seconds (user and system), and those of the children it waited for.
cpu_of() {
  awk -v "hz=$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.2f %.2f\n", ($12 + $13) / hz, ($14 + $15) / hz }' \
    "/proc/$1/stat"
}

remove() { # remove NAME: an earlier run's drill, if there is one
  [ ! -d "$PARRY_HOME/drills/$1" ] || parry down --purge "$1" >/dev/null
}
