#!/usr/bin/env bash
# Memory clones and resets against cold boots of the same run: time and memory by phase.
# usage: clones.sh [twelve] [hundred] [full]   (default: all three)
. "$(dirname "$0")/lib.sh"
trap 'for name in twelve hundred first-drill-full; do remove "$name" || true; done; rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- twelve hundred full

# since NAME AGGREGATE CONDITION: seconds from the begin of provisioning to such an event.
since() {
  sql "$1" "select printf('%.1f', ($2(at_us) - (select min(at_us) from event where kind = 'drill.state/1'
            and json_extract(body, '\$.to') = 'provisioning')) / 1e6) from event where $3"
}

# memory NAME: MiB that the drill's VMs hold, each shared page counted in parts.
memory() {
  local pid sum=0 part
  for pid in $(pgrep -f "^[^ ]*qemu-system.* guest=pr-$1-"); do
    part=$(awk '/^Pss:/ {print $2}' "/proc/$pid/smaps_rollup" 2>/dev/null || echo 0)
    sum=$((sum + part))
  done
  echo $((sum / 1024))
}

cpu_of_vms() { # cpu_of_vms NAME: CPU seconds of its VMs
  local pid cpu sum=0
  for pid in $(pgrep -f "^[^ ]*qemu-system.* guest=pr-$1-"); do
    cpu=$(cpu_of "$pid")
    sum=$(calc "$sum + ${cpu% *}")
  done
  printf '%.1f' "$sum"
}

# bring_up LABEL NAME SCENARIO [OPTION…]: sets wall.
bring_up() {
  local label=$1 name=$2 scenario=$3 load began
  shift 3
  load=$(quiet)
  began=$(now)
  parry up "$@" "$scenario" >"$work/out" 2>&1 || { tail -n 5 "$work/out" >&2; exit 1; }
  wall=$(calc "$(now) - $began")
  printf '  %-22s %6.1f s  images %s, golden guests %s, first VM %s, last VM %s, last agent ready %s, proved %s\n' \
    "$label" "$wall" "$(since "$name" max "kind = 'image.done/1'")" "$(since "$name" max "kind = 'golden.done/1'")" \
    "$(since "$name" min "kind = 'domain.done/1'")" "$(since "$name" max "kind = 'domain.done/1'")" \
    "$(since "$name" max "kind = 'agent.ready/1'")" "$(since "$name" max "kind = 'isolation.proved/1'")"
  printf '  %-22s %6s MiB of VMs, %s s CPU of VMs, %s clones, %s booted (%s; afterwards loadavg %s)\n' "" \
    "$(memory "$name")" "$(cpu_of_vms "$name")" \
    "$(sql "$name" "select count(*) from event where kind = 'domain.done/1' and json_extract(body, '\$.from') = 'golden'")" \
    "$(sql "$name" "select count(*) from event where kind = 'domain.done/1' and json_extract(body, '\$.from') = 'boot'")" \
    "$load" "$(cut -d' ' -f1-3 /proc/loadavg)"
}

# three_ways NAME SCENARIO TARGET: golden guests made, out of the cache, everything booted.
three_ways() {
  local cached
  rm -rf "$PARRY_HOME"/golden/* # what is below: the private host has the folder mounted
  bring_up "golden guests made" "$1" "$2"
  parry down "$1" >/dev/null
  bring_up "out of the cache" "$1" "$2"
  cached=$wall
  parry down "$1" >/dev/null
  bring_up "every one booted" "$1" "$2" --no-clones
  printf '  booted : out of the cache  %.1f    target for the second: %s s\n\n' "$(calc "$wall / $cached")" "$3"
  parry down "$1" >/dev/null
}

# one_reset TARGET: seconds until its hosts' agents are ready again.
one_reset() {
  parry reset --json twelve "$1" | json 'd.us / 1e6'
}

resets() {
  local load times=() i cold one all
  bring_up "twelve of 128 MiB" twelve "$here/twelve.yaml"
  load=$(quiet)
  for ((i = 0; i < 7; i++)); do times+=("$(one_reset blue-1/web)"); done
  one=$(median "${times[@]}")
  printf '  reset of one           %6.2f s  median of 7, least %s  target 1.0 (%s)\n' "$one" \
    "$(printf '%s\n' "${times[@]}" | sort -n | head -n 1)" "$load"
  load=$(quiet)
  all=$(one_reset all)
  printf '  reset of all twelve    %6.2f s                          target 8.0 (%s)\n' "$all" "$load"
  parry down twelve >/dev/null
  bring_up "the same, booted" twelve "$here/twelve.yaml" --no-clones
  load=$(quiet)
  times=()
  for ((i = 0; i < 3; i++)); do times+=("$(one_reset blue-1/web)"); done
  cold=$(median "${times[@]}")
  printf '  cold boot of one       %6.2f s  median of 3 (%s)\n' "$cold" "$load"
  load=$(quiet)
  printf '  cold boot of twelve    %6.2f s  (%s)\n' "$(one_reset all)" "$load"
  printf '  cold boot : reset of one  %.1f    target 4\n\n' "$(calc "$cold / $one")"
  parry down twelve >/dev/null
}

print_machine
for name in twelve hundred first-drill-full; do remove "$name"; done
for what in "$@"; do
  case $what in
  twelve) printf '\nresets\n'; resets ;;
  hundred) printf '\na hundred micro VMs\n'; three_ways hundred "$here/hundred.yaml" 60 ;;
  full) printf '\nthe first drill, full size\n'; three_ways first-drill-full "$top/examples/first-drill-full.yaml" '60, and 16384 MiB' ;;
  *) echo "usage: clones.sh [twelve] [hundred] [full]" >&2; exit 64 ;;
  esac
done
