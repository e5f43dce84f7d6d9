#!/usr/bin/env bash
# parryd killed by SIGKILL at moments that matter; `parry up` goes on. With POINTS=all at each
# step of provisioning and of an inject.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean recovery; rm -rf "$work"' EXIT
clean recovery
points=0

daemon_pid() { cat "$PARRY_HOME/drills/recovery/journal.lock"; }
killed=0
daemon_lives() { [ "$(daemon_pid)" != "$killed" ] && kill -0 "$(daemon_pid)"; }
crashed() { parry status | grep -q "^recovery *crashed"; }
kill_daemon() {
  killed=$(daemon_pid)
  kill -9 "$killed"
  wait_for 10 "the crash is noticed" crashed
  points=$((points + 1))
}
count() { # count KIND [CONDITION]
  sql recovery "select count(*) from event where kind = '$1' ${2:+and $2}"
}
# Waits for an event of that kind beyond those there were, as fast as can be.
until_event() {
  local had=$2 until=$((SECONDS + 60))
  until [ "$(count "$1" 2>/dev/null || echo 0)" -gt "$had" ]; do
    [ "$SECONDS" -lt "$until" ] || fail "not in time: $1"
  done
}

# ---- while it is provisioned ----

steps="net.done/1 domain.done/1 agent.hello/1"
[ "${POINTS:-}" != all ] ||
  steps="drill.state/1 image.wanted/1 image.done/1 net.wanted/1 net.done/1 golden.wanted/1 golden.done/1 domain.wanted/1 domain.done/1 agent.hello/1 order.wanted/1 agent.ready/1 isolation.round/1"
first=1
for step in $steps; do
  if [ "$first" = 1 ]; then
    parry up "$here/recovery.yaml" >"$work/up" 2>&1 &
  else
    parry up recovery >"$work/up" 2>&1 &
  fi
  up=$!
  first=0
  until_event "$step" 0 # which an earlier one may have seen: then it dies while it takes up
  wait_for 20 "a daemon to kill" daemon_lives
  kill_daemon
  wait "$up" || true
done
expect_status 0 parry up recovery
says out 'drill recovery is ready'
[ "$(count net.wanted/1)" = 1 ] || fail "a network was wanted twice"
[ "$(count domain.done/1)" = 2 ] || fail "a VM was made twice"
[ "$(sql recovery 'select count(*) from open_act')" = 0 ] || fail "acts are left open"
[ "$(parry exec recovery health/web 'wc -l </tmp/runs' | tr -d ' ')" = 1 ] || fail "its script ran twice"
ok "killed at $points steps of provisioning: it goes on where it stopped"

expect_status 0 parry up "$here/recovery.yaml"
says out 'drill recovery is ready'
ok "up twice is no more than once"

# ---- while it runs ----

boot() { parry exec recovery health/web 'cat /proc/sys/kernel/random/boot_id'; }
was=$(boot)
expect_status 0 parry start recovery
wait_for 30 "a round of checks" has_event recovery check.round/1
clock=$(parry status recovery --json | json d.clock_us)
started=$(date +%s%6N)
kill_daemon
expect_status 0 parry up recovery
says out 'goes on: running'
now=$(parry status recovery --json | json d.clock_us)
passed_us=$(($(date +%s%6N) - started))
[ $((now - clock)) -gt 0 ] && [ $((now - clock)) -lt $((passed_us + 2000000)) ] ||
  fail "the clock went from $clock to $now in $passed_us us"
has_event recovery daemon.gap/1 "json_extract(body, '\$.verdict') = 'short'" || fail "no word on the gap"
[ "$(boot)" = "$was" ] || fail "the guest is another one"
[ "$(count agent.ready/1)" = 2 ] || fail "a guest was personalised anew"
ok "killed while it runs: clock, VMs and agents go on"

expect_status 0 parry inject --drill recovery deface
moments="order.started/1"
[ "${POINTS:-}" != all ] || moments="inject.wanted/1 order.started/1"
for moment in $moments; do
  until_event "$moment" 0
  kill_daemon
  expect_status 0 parry up recovery
done
until_event inject.ended/1 0
[ "$(count inject.ended/1 "json_extract(body, '\$.state') = 'succeeded'")" -ge 1 ] || fail "deface did not succeed"
[ "$(parry exec recovery health/web 'wc -l </tmp/attacks' | tr -d ' ')" = 1 ] || fail "it attacked twice"
[ "$(count order.wanted/1 "json_extract(body, '\$.purpose') = 'attack'")" = 1 ] || fail "it was ordered twice"
sql recovery "select json_extract(body, '\$.out') from event where kind = 'order.done/1' and body like '%line-39%'" >"$work/lines"
for i in 0 1 20 39; do
  [ "$(grep -o "line-$i\\b" "$work/lines" | wc -l)" = 1 ] || fail "line-$i of its output is lost or doubled"
done
ok "killed with an attack under way: it ran once, its output is whole"

wait_for 30 "what comes after it" has_event recovery message.sent/1 "json_extract(body, '\$.inject') = 'next@health'"
expect_status 0 parry inject --drill recovery call
if [ "${POINTS:-}" = all ]; then
  for moment in message.sent/1 check.round/1 effect.seen/1; do
    until_event "$moment" 0
    kill_daemon
    expect_status 0 parry up recovery
  done
fi
[ "$(count message.sent/1 "json_extract(body, '\$.inject') = 'call@health'")" = 1 ] || fail "a message was sent twice"
ok "what follows goes on, messages come once"

# ---- while it stands still ----

expect_status 0 parry pause recovery
kill_daemon
expect_status 0 parry up recovery
says out 'is paused'
uri=$(parry host status --json | json d.uri)
wait_for 10 "no VM runs" sh -c "[ -z \"\$(virsh -q -c '$uri' list --state-running --name | grep '^pr-recovery-')\" ]"
before=$(parry status recovery --json | json d.clock_us)
expect_status 0 parry resume recovery
[ "$(parry exec recovery health/web 'echo here')" = here ] || fail "health/web did not come back"
after=$(parry status recovery --json | json d.clock_us)
[ $((after - before)) -lt 10000000 ] || fail "the clock ran in the pause"
ok "killed in a pause: it stays one, and ends when white says so"

# ---- its machine is gone too ----

vm=$(pgrep -f "qemu-system.*guest=pr-recovery-health-web.*$PARRY_HOME/" | head -n 1)
kill_daemon
kill -9 "$vm"
expect_status 0 parry up recovery
wait_for 30 "the lost VM is named" has_event recovery domain.lost/1 "host = 'health/web'"
back() { [ "$(parry status recovery --json | json 'd.hosts.find(h => h.id === "health/web").state')" = ready ]; }
wait_for 60 "it is brought back" back
[ "$(parry exec recovery health/web 'ls /tmp/attacks 2>/dev/null || echo new')" = new ] || fail "the guest is the old one"
ok "a VM that died meanwhile is named, and brought back"

kill_daemon
expect_status 0 parry down recovery
expect_nothing_left recovery
expect_status 0 parry-verify "$PARRY_HOME/drills/recovery"
says out SOUND
expect_status 0 parry down recovery
ok "down of a crashed drill, down twice; its journal is sound"
printf '%d daemons killed\n' "$points"
