#!/usr/bin/env bash
# The first drill from command to report: what its two teams did must show in it.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean first-drill; rm -rf "$work"' EXIT
clean first-drill
rm -rf "$PARRY_HOME"/drills/first-drill-2*

began=$SECONDS
expect_status 0 parry run --rehearsal "$top/examples/first-drill.yaml"
says out '11 of 11 VMs ready'
report=$(sed -n 's/^report: //p' "$work/out")
[ -s "$report" ] || fail "no report"
expect_nothing_left first-drill
ok "from command to report in $((SECONDS - began)) s, and nothing is left"

# In a pipe the progress is plain lines: each VM's way, then the timeline, then the score. The
# agent of a clone may be there before libvirt says that it runs.
for stage in create agent personalised; do
  [ "$(grep -cE " s  (red|health|lands)/[a-z]+ +$stage\$" "$work/out")" = 11 ] || fail "not every VM is shown at $stage"
done
! grep -q $'\033' "$work/out" || fail "escapes in a pipe"
ok "progress is shown, plain in a pipe"

parry report first-drill --json >"$work/report.json"
parry score first-drill --json >"$work/board.json"
total() { json "d.standings.find(s => s.team === '$1').total" <"$work/board.json"; }
count() { json "d.standings.find(s => s.team === '$1').$2" <"$work/board.json"; }
[ "$(total health)" -gt "$(total lands)" ] || fail "who defends well does not score more"
[ "$(count health detected)" -ge 5 ] && [ "$(count health contained)" -ge 5 ] || fail "health detects too little"
[ "$(count lands detected)" -le 2 ] || fail "lands detects too much"
[ "$(count health prevented)" -ge 1 ] || fail "the weak account was closed, and nothing prevented"
ok "the score shows the difference: $(total health) and $(total lands) milli-points"

# Every inject came to exactly one end, none by the platform's fault.
[ "$(sql first-drill "select count(*) from event where kind = 'inject.wanted/1'")" = \
  "$(sql first-drill "select count(*) from event where kind = 'inject.ended/1'")" ] || fail "an inject without an end"
[ "$(sql first-drill "select count(*) from event where kind = 'inject.ended/1' and json_extract(body, '\$.state') = 'failed'")" = 0 ] ||
  fail "an inject failed: $(sql first-drill "select body from event where kind = 'inject.ended/1' and json_extract(body, '\$.state') = 'failed'")"
[ "$(sql first-drill "select count(distinct json_extract(body, '\$.inject')) from event where kind = 'inject.executed/1'")" -ge 16 ] ||
  fail "fewer than eight attacks a team"
[ "$(sql first-drill "select count(*) from event where kind = 'note/1'")" = 0 ] || fail "an effect outlived its cleanup: $(sql first-drill "select body from event where kind = 'note/1'")"
# Every wanted act was settled.
for act in net filter domain image order; do
  open=$(sql first-drill "select count(*) from event w where w.kind = '$act.wanted/1' and not exists
    (select 1 from event e where e.ref = w.seq and e.kind in ('$act.done/1', '$act.failed/1', '$act.lost/1'))")
  [ "$open" = 0 ] || fail "$open $act.wanted without an end"
done
ok "every inject and every act came to its end"

grep -q '^| *1 | Department of Health' "$report" || fail "the report has no standings"
grep -qi 'isolation' "$report" || fail "the report has no isolation proof"
expect_status 0 parry verify first-drill
says out SOUND
ok "report and journal stand"
