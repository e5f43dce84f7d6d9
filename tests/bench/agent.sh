#!/usr/bin/env bash
# How large the agent is on disk and in a guest's memory: idle, and after 2,000 lines of output
# and a terminal's worth of orders. usage: agent.sh
. "$(dirname "$0")/lib.sh"
trap 'remove ten || true; rm -rf "$work"' EXIT

resident() { # KiB of the agent in the host's guest
  parry exec ten "$1" 'for p in /proc/[0-9]*; do
    case $(readlink $p/exe) in */agent) sed -n "s/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p" $p/status ;; esac
  done | sort -n | tail -n 1'
}

print_machine
remove ten
parry up "$here/ten.yaml" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
print_guest ten red/box
size=$(stat -c %s "$PARRY_BIN/parry-agent-static")
printf '\n  static agent on disk        %8d bytes  target 2,097,152 (%.2f of it)\n' "$size" "$(calc "$size / 2097152")"
for host in red/box health/web health/gateway; do
  idle=$(resident "$host")
  for _ in 1 2 3 4 5; do
    parry exec ten "$host" 'i=0; while [ $i -lt 400 ]; do echo "line $i of a long output"; i=$((i + 1)); done' >/dev/null
  done
  used=$(resident "$host")
  printf '  resident in %-14s  %8d KiB idle, %d KiB after 2,000 lines  target 3,072 (%.2f of it)\n' \
    "$host" "$idle" "$used" "$(calc "$used / 3072")"
done
