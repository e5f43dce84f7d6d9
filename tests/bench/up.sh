#!/usr/bin/env bash
# How long `parry up` of ten micro VMs takes until every agent is personalised, against bare
# QEMU boots of the same ten guests, all at once, in the same run; and how long it takes to
# take the ten down again. usage: up.sh [ROUNDS]   (default 3: parry, bare, parry, bare …)
. "$(dirname "$0")/lib.sh"
trap 'remove ten || true; rm -rf "$work"' EXIT
rounds=${1:-3}
boot=${PARRY_BIN%/bin}/tests/bench-boot
[ -x "$boot" ] || { echo "$boot is not built" >&2; exit 1; }

# since AGGREGATE CONDITION: seconds from the begin of provisioning to such an event.
since() {
  sql ten "select printf('%.2f', ($1(at_us) - (select min(at_us) from event where kind = 'drill.state/1'
           and json_extract(body, '\$.to') = 'provisioning')) / 1e6) from event where $2"
}

vm_pids() {
  pgrep -f "^[^ ]*qemu-system.* guest=pr-ten-.*$PARRY_HOME/drills/ten/run/" || true
}

bring_up() {
  local load began before after
  load=$(quiet)
  began=$(now)
  parry up "$here/ten.yaml" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
  up_wall=$(calc "$(now) - $began")
  up_ready=$(since max "kind = 'agent.ready/1'")
  printf '  parry up   %6s s to the last agent personalised (%s)\n' "$up_ready" "$load"
  printf '             images %s, networks %s, last VM started %s, first hello %s, last hello %s, isolation proved %s; command %.2f\n' \
    "$(since max "kind = 'image.done/1'")" "$(since max "kind = 'net.done/1'")" \
    "$(since max "kind = 'domain.done/1'")" "$(since min "kind = 'agent.hello/1'")" \
    "$(since max "kind = 'agent.hello/1'")" "$(since max "kind = 'isolation.proved/1'")" "$up_wall"
}

# CPU seconds that the drill has cost so far: libvirtd, what libvirtd runs, the VMs.
cpu_line() {
  local pid cpu vms=0
  for pid in $(vm_pids); do
    cpu=$(cpu_of "$pid")
    vms=$(calc "$vms + ${cpu% *}")
  done
  read -r own children <<<"$(cpu_of "$(libvirtd)")"
  printf 'libvirtd %.2f, what it runs %.2f, VMs %.2f' \
    "$(calc "$own - $1")" "$(calc "$children - $2")" "$vms"
}

libvirtd() {
  pgrep -P "$(json d.init <"$PARRY_HOME/host/state.json")" -x libvirtd
}

keep_command_lines() {
  local pid
  rm -f "$work"/*.cmdline
  for pid in $(vm_pids); do
    cat "/proc/$pid/cmdline" >"$work/$pid.cmdline"
  done
}

# Seconds from $2 to the last event in a list that virsh made with --timestamp.
last_event() {
  local stamp
  stamp=$(sed -n 's/^\([0-9-]* [0-9:.]*+[0-9]*\): event .*[Ss]topped.*/\1/p' "$1" | tail -n 1)
  [ -n "$stamp" ] || { echo '?'; return; }
  printf '%.2f' "$(calc "$(date -d "$stamp" +%s.%N) - $2")"
}

take_down() {
  local load began watchers=()
  load=$(quiet)
  virsh -q -c "$uri" event --event lifecycle --loop --timestamp >"$work/domains" & watchers+=($!)
  virsh -q -c "$uri" net-event --event lifecycle --loop --timestamp >"$work/networks" & watchers+=($!)
  began=$(now)
  parry down ten >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
  down_wall=$(calc "$(now) - $began")
  kill "${watchers[@]}" 2>/dev/null || true
  wait "${watchers[@]}" 2>/dev/null || true
  printf '  parry down %6.2f s: last VM gone after %s, last network after %s, filters and the daemon after %.2f (%s)\n' \
    "$down_wall" "$(last_event "$work/domains" "$began")" "$(last_event "$work/networks" "$began")" \
    "$down_wall" "$load"
}

boot_bare() {
  local load
  load=$(quiet)
  mkdir -p "$work/bare"
  "$boot" "$work/bare" "$work"/*.cmdline >"$work/bare.json"
  bare=$(json d.seconds <"$work/bare.json")
  printf '  bare QEMU  %6.2f s to the last hello, first %.2f, CPU %.2f s (%s)\n' "$bare" \
    "$(json 'Math.min(...d.hello_seconds)' <"$work/bare.json")" \
    "$(json d.cpu_seconds <"$work/bare.json")" "$load"
}

print_machine
remove ten
parry up "$here/ten.yaml" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
uri=$(parry host status --json | json d.uri)
print_guest ten red/box
printf 'what      %s micro VMs of 96 MiB, %s networks, %s NICs with a filter; images cached, libvirt running\n\n' \
  "$(vm_pids | wc -l)" "$(sql ten "select count(*) from event where kind = 'net.done/1'")" \
  "$(sql ten "select sum(json_array_length(body, '\$.filter')) from event where kind = 'filter.wanted/1'")"
parry down ten >/dev/null

ups=() bares=() downs=() ratios=()
for ((i = 1; i <= rounds; i++)); do
  printf 'round %s\n' "$i"
  read -r own children <<<"$(cpu_of "$(libvirtd)")"
  bring_up
  printf '             CPU %s\n' "$(cpu_line "$own" "$children")"
  keep_command_lines
  take_down
  boot_bare
  ups+=("$up_ready") bares+=("$bare") downs+=("$down_wall") ratios+=("$(calc "$up_ready / $bare")")
done

printf '\nmedian of %s rounds\n' "$rounds"
printf '  parry up, to the last agent personalised  %6.2f s\n' "$(median "${ups[@]}")"
printf '  bare QEMU, to the last hello              %6.2f s\n' "$(median "${bares[@]}")"
printf '  ratio                                     %6.2f    target 1.30\n' "$(median "${ratios[@]}")"
printf '  parry down                                %6.2f s  target 3.00\n' "$(median "${downs[@]}")"
