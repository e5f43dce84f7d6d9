#!/usr/bin/env bash
# What makes injects begin on real VMs: each other's outcome, a check, white's word; and what ends
# those that never begin.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean triggers nap; rm -rf "$work"' EXIT
clean triggers nap

expect_status 0 parry up "$here/triggers.yaml"
expect_status 4 parry approve hard
expect_status 0 parry start triggers

state() { # state INJECT: as the board of white has it
  parry score triggers --json | json "d.injects.find(i => i.id === '$1').state"
}
is() { # is INJECT STATE
  [ "$(state "$1")" = "$2" ]
}

wait_for 30 "both attacks" is stop@lands succeeded
wait_for 30 "what comes after" is then@health sent
is else@health planned || fail "success and failure at once"
[ "$(sql triggers "select count(*) from event where kind = 'inject.skew/1' and json_extract(body, '\$.n') = 2")" = 1 ] ||
  fail "the skew is not recorded"
[ "$(sql triggers "select json_extract(body, '\$.skew_us') < 5000000 from event where kind = 'inject.skew/1'")" = 1 ] ||
  fail "at the same moment is not the same moment"
ok "after another's success; two together, their skew recorded"

wait_for 40 "the check down for 4 s" is call@health sent
down=$(sql triggers "select min(e.clock_us) from event e join check_result r on r.seq = e.seq where r.status <> 0 and e.clock_us > 5000000")
sent=$(sql triggers "select min(clock_us) from event where kind = 'message.sent/1' and json_extract(body, '\$.inject') = 'call@health'")
[ $((sent - down)) -ge 3000000 ] || fail "called $((sent - down)) us after the page went away"
ok "when a check was down for some time"

is hard@health held || fail "hard is not held"
parry status triggers >"$work/out"
says out 'parry approve'
says out 'parry inject'
expect_status 0 parry approve hard --for health --by controller
says out 'approved for 1 team'
wait_for 20 "the held one" is hard@health sent
has_event triggers inject.approved/1 "json_extract(body, '\$.by') = 'controller' and actor = 'white'" || fail "who approved is not recorded"
expect_status 4 parry approve hard
wait_for 20 "the late one" is late@health expired
ok "held until approved, and expired where nobody did"

expect_status 0 parry inject ring --for lands
wait_for 20 "the one that was fired" is ring@lands sent
expect_status 0 parry cancel ring --for health --reason 'not needed'
is ring@health cancelled || fail "ring@health is not cancelled"
expect_status 4 parry inject 'then'
expect_status 3 parry inject nosuch
says err 'no inject "nosuch"'
ok "fired and cancelled by white"

wait_for 30 "the second attempt" is broken@health failed
[ "$(sql triggers "select count(*) from event where kind = 'order.wanted/1' and json_extract(body, '\$.title') = 'broken@health' and json_extract(body, '\$.purpose') = 'attack'")" = 2 ] ||
  fail "not two attempts"
ok "tried again where the platform failed"

parry exec triggers health/web 'httpd -h /var/www/html'
wait_for 30 "health's page is back" has_event triggers expect.met/1 "team = 'health' and json_extract(body, '\$.expect') = 'recover'"
wait_for 60 "health's window" has_event triggers expect.met/1 "team = 'health' and json_extract(body, '\$.expect') = 'eradicate'"
wait_for 60 "lands' window" has_event triggers expect.missed/1 "team = 'lands' and json_extract(body, '\$.expect') = 'eradicate'"
ok "recovered and eradicated by the one, not by the other"

expect_status 0 parry end triggers
wait_for 60 "the end" sh -c 'parry status triggers --json | grep -q "\"judging\""'
is idle@health not-run || fail "idle is $(state idle@health)"
is else@lands not-run || fail "else is $(state else@lands)"
[ "$(sql triggers "select count(*) from (select json_extract(body, '\$.inject') i from event where kind = 'inject.ended/1' group by i having count(*) <> 1)")" = 0 ] ||
  fail "an inject ended twice"
[ "$(sql triggers "select count(distinct json_extract(body, '\$.inject')) from event where kind = 'inject.ended/1'")" = 14 ] ||
  fail "an inject did not end"
expect_status 0 parry report triggers
says out report.md
expect_status 0 parry verify triggers
ok "every inject came to one end, and the journal holds"

expect_status 0 parry down triggers
expect_nothing_left triggers
ok "nothing is left"

# A window in which the drill pauses by itself: clock and machine stand still for its length.
cat >"$work/nap.yaml" <<'EOF_NAP'
parry: 1
drill: {name: nap, title: Nap, start: 2026-11-13T09:00, duration: 1h}
windows: {rest: {from: 3s, until: 8s, mode: pause}}
teams: {health: {side: blue, estate: clinic}}
networks: {internet: {cidr: 203.0.113.0/24}}
estates: {clinic: {hosts: {web: {image: micro, memory: 96M, nics: {internet: auto}}}}}
injects: {next: {at: 9s, message: {to: health, subject: Next, body: Awake?}}}
EOF_NAP
expect_status 0 parry up "$work/nap.yaml"
expect_status 0 parry start nap
machine() { # machine STATE: what libvirt says of the VM
  [ "$(virsh -q -c "$(parry host status --json | json d.uri)" domstate pr-nap-health-web)" = "$1" ]
}
wait_for 20 "the pause" sh -c 'parry status nap --json | grep -q "\"paused\""'
wait_for 4 "the machine suspended" machine paused
wait_for 20 "the end of the window" has_event nap clock.resumed/1
wait_for 10 "the machine goes on" machine running
[ "$(sql nap "select r.at_us - p.at_us >= 3500000 and r.clock_us between 8000000 and 8500000 from event p, event r where p.kind = 'clock.paused/1' and r.kind = 'clock.resumed/1'")" = 1 ] ||
  fail "the window did not last as long as it says"
wait_for 20 "what comes after" has_event nap message.sent/1 "clock_us >= 9000000"
expect_status 0 parry down nap
expect_nothing_left nap
ok "a window pauses the drill, and lets it go on"
