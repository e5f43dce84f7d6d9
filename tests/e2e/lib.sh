# shellcheck shell=bash disable=SC2034
# What the end-to-end tests share. Sourced; wants PARRY_BIN (the build's bin directory).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
: "${PARRY_BIN:?the directory of the built programs}"
export PATH=$PARRY_BIN:$PATH NO_COLOR=1
export PARRY_HOME=${PARRY_TEST_HOME:-/var/tmp/parry-test}
unset PARRY_CONNECT
work=$(mktemp -d /tmp/parry-e2e.XXXXXX)
passed=0

skip() {
  printf 'SKIP: %s\n' "$*"
  exit 77
}

fail() {
  printf 'FAIL: %s\n' "$*" >&2
  exit 1
}

ok() {
  passed=$((passed + 1))
  printf 'ok %d - %s\n' "$passed" "$*"
}

# wait_for SECONDS WHAT COMMAND…: until the command succeeds, bounded.
wait_for() {
  local until=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >"$work/waited" 2>&1; do
    [ "$SECONDS" -lt "$until" ] || {
      cat "$work/waited" >&2
      fail "not in time: $what"
    }
    sleep 0.2
  done
}

# expect_status N COMMAND…: the command ends with that exit status; output in $work/out, $work/err.
expect_status() {
  local want=$1 got=0
  shift
  "$@" >"$work/out" 2>"$work/err" || got=$?
  [ "$got" = "$want" ] || {
    cat "$work/out" "$work/err" >&2
    fail "exit $got, not $want: $*"
  }
}

says() { # says FILE TEXT: the text is in it
  grep -qF -- "$2" "$work/$1" || {
    cat "$work/$1" >&2
    fail "$1 does not say: $2"
  }
}

# sql NAME QUERY: from the drill's journal.
sql() {
  sqlite3 -readonly "$PARRY_HOME/drills/$1/journal.db" "$2"
}

# has_event NAME KIND [CONDITION]: it is in the journal.
has_event() {
  [ "$(sql "$1" "select count(*) > 0 from event where kind = '$2' ${3:+and $3}")" = 1 ]
}

json() { # json EXPRESSION <DOCUMENT: a value out of JSON, by node
  node -e 'const d = JSON.parse(require("fs").readFileSync(0, "utf8")); const v = eval(process.argv[1]);
    console.log(typeof v === "object" ? JSON.stringify(v) : v)' "$1"
}

host_init() { # pid 1 of the private libvirt's namespaces
  json d.init <"$PARRY_HOME/host/state.json"
}

# All that a drill could leave: VMs, networks, filters, bridges, taps, processes, files.
leftovers() {
  local name=$1 uri init
  uri=$(parry host status --json | json d.uri)
  if [ -n "$uri" ]; then
    init=$(host_init)
    virsh -q -c "$uri" list --all --name | sed -n "s/^pr-$name-/domain &/p"
    virsh -q -c "$uri" net-list --all --name | sed '/^$/d; s/^/network /'
    nsenter -t "$init" -n nft list tables bridge | sed -n 's/^table bridge parry-/filter &/p'
    nsenter -t "$init" -n ip -o link | awk -F': ' '$2 != "lo" {print "link " $2}'
  fi
  pgrep -a -f "$PARRY_HOME/drills/$name" | sed 's/^/process /' || true
  for path in "$PARRY_HOME/drills/$name/disks" "$PARRY_HOME/drills/$name/run"; do
    [ ! -e "$path" ] || printf 'file %s\n' "$path"
  done
}

expect_nothing_left() {
  local left
  left=$(leftovers "$1")
  [ -z "$left" ] || fail "left behind by $1:
$left"
}

# Takes down what an earlier, killed test left, and what this one leaves when it fails.
clean() {
  local name
  for name in "$@"; do
    [ ! -d "$PARRY_HOME/drills/$name" ] || parry down --purge "$name" >/dev/null 2>&1 || true
  done
}

# A test that sets rootless makes no VMs, and has a PARRY_HOME of its own.
if [ -z "${rootless:-}" ]; then
  [ "$(id -u)" = 0 ] || skip "making VMs needs root"
  mkdir -p "$PARRY_HOME"
fi
