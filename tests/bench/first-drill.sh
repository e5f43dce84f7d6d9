#!/usr/bin/env bash
# The first drill from command to report, images cached. usage: first-drill.sh
. "$(dirname "$0")/lib.sh"
trap 'remove first-drill || true; rm -rf "$work"' EXIT

# since KIND [CONDITION]: seconds from the journal's first event to the last such event.
since() {
  sql first-drill "select printf('%.1f', (max(at_us) - (select min(at_us) from event)) / 1e6)
                   from event where kind = '$1' ${2:+and $2}"
}
state() {
  since drill.state/1 "json_extract(body, '\$.to') = '$1'"
}

print_machine
remove first-drill
load=$(quiet)
began=$(now)
parry run --rehearsal "$top/examples/first-drill.yaml" >"$work/out" 2>&1 || { cat "$work/out" >&2; exit 1; }
wall=$(calc "$(now) - $began")
printf 'what      %s; %s events, %s orders, %s checks (%s)\n\n' "$(sed -n 's/^\([0-9]* of [0-9]* VMs\) .*/\1/p' "$work/out")" \
  "$(sql first-drill 'select count(*) from event')" \
  "$(sql first-drill "select count(*) from event where kind = 'order.wanted/1'")" \
  "$(sql first-drill 'select count(*) from check_result')" "$load"
printf '  images                   %6s s\n' "$(since image.done/1)"
printf '  last agent personalised  %6s s\n' "$(since agent.ready/1)"
printf '  isolation proved: ready  %6s s\n' "$(state ready)"
printf '  60 hours played          %6s s\n' "$(state provisional)"
printf '  command to its end       %6.1f s  target 300, report written and all torn down\n' "$wall"
