#!/usr/bin/env bash
# What ends an order in a real guest, and what is left of it: limits, a host that is silent,
# white's stop; a snapshot that shows what a cleanup forgot; clocks after a pause.
. "$(dirname "$0")/lib.sh"
stopped=
cleanup() {
  [ -z "$stopped" ] || kill -CONT $stopped 2>/dev/null || true
  [ -n "${KEEP:-}" ] || clean does
  rm -rf "$work"
}
trap cleanup EXIT
clean does

expect_status 0 parry up "$here/does.yaml"
expect_status 0 parry start does
on_web() { parry exec does health/web "$@"; }
ended() { # ended INJECT STATE REASON: its terminal state, with those words
  has_event does inject.ended/1 "json_extract(body, '\$.inject') = '$1@health'
    and json_extract(body, '\$.state') = '$2' and json_extract(body, '\$.reason') like '%$3%'"
}

# --- limits ---
parry exec -p 12 does health/web 'while sleep 25 & do :; done' >"$work/out" 2>"$work/err" && fail "it forks for ever"
says err "can't fork"
count=$(on_web 'pidof sleep | wc -w')
[ "$count" -ge 5 ] && [ "$count" -le 12 ] || fail "$count processes under a limit of 12"
on_web 'killall -9 sleep' >/dev/null 2>&1 || true
ok "an order that forks without end stays within its processes ($count of 12)"
got=0
parry exec -m 16M does health/web 'tail </dev/zero' >"$work/out" 2>"$work/err" || got=$?
[ "$got" -gt 0 ] || fail "a memory hog was not killed"
says err 'was killed at 16384 KiB of memory'
on_web true
ok "an order that takes memory without end is killed, and that is said"

# --- a plugin ---
said() { [ "$(sql does "select count(*) > 0 from check_result where check_idx = 1 and status = $1 and text = '$2'")" = 1 ]; }
wait_for 20 "the plugin says OK" said 0 'PAGE OK - it is there | size=7B;;;0'
on_web 'mv /srv/page/index.html /srv/page/away'
wait_for 20 "the plugin says CRITICAL" said 1 'PAGE CRITICAL - it is away | size=0B;;;0'
on_web 'mv /srv/page/away /srv/page/index.html'
ok "a plugin's states, words and figures are the check's"

# --- what a cleanup forgot ---
expect_status 0 parry inject forgot
wait_for 40 "the residue" has_event does residue/1
residue() { sql does "select json_extract(body, '\$.$1') from event where kind = 'residue/1' limit 1"; }
residue added >"$work/out"
says out 'file /srv/page/.kept'
says out 'process sleep 600'
! grep -q '/tmp/loot' "$work/out" || fail "what the cleanup took away counts as left behind"
expect_status 0 parry report does --json
says out 'left behind: '
ok "what the cleanup forgot is named: $(residue summary)"

# --- the clock ---
expect_status 0 parry pause does
expect_status 4 parry exec does health/web true
sleep 5
expect_status 0 parry resume does
wait_for 20 "the clock is set" has_event does agent.clock/1 "json_extract(body, '\$.why') = 'resumed'"
set=$(sql does "select json_extract(body, '\$.corrected_us') from event where kind = 'agent.clock/1' order by seq desc limit 1")
[ "$set" -gt 4000000 ] || fail "5 s of standing still, and the clock was set by $set µs"
guest_us() { on_web adjtimex | awk '/tv_sec/ {s = $NF} /tv_usec/ {u = $NF} END {printf "%d%06d\n", s, u}'; }
before=$(date +%s%6N) guest=$(guest_us) after=$(date +%s%6N)
[ "$guest" -gt $((before - 100000)) ] && [ "$guest" -lt $((after + 100000)) ] ||
  fail "the guest's clock is $guest, the host's between $before and $after"
ok "5 s of a pause: the guest's clock is right again (set by $set µs)"

# --- the dead-man ---
daemon=$(parry status does --json | json d.pid)
expect_status 0 parry inject deaf
wait_for 20 "the attack is under way" has_event does inject.executed/1 "json_extract(body, '\$.inject') = 'deaf@health'"
stopped=$daemon
kill -STOP "$daemon"
wait_for 30 "the guest ends it by itself" grep -q cleaned-health "$PARRY_HOME/drills/does/logs/pr-does-health-web.log"
kill -CONT "$daemon"
stopped=
wait_for 20 "the inject's end says so" ended deaf failed 'nothing from the host for'
has_event does deadman.fired/1 "json_extract(body, '\$.cleanup') = 'done'" || fail "no event of the dead-man"
[ "$(on_web 'pidof sleep | wc -w; ls /tmp/hit 2>/dev/null || echo away' | tail -n 1)" = away ] || fail "its cleanup did not run"
[ "$(sql does "select count(*) from event where kind = 'order.wanted/1' and body like '%cleanup\"%' and json_extract(body, '\$.title') = 'deaf@health' and json_extract(body, '\$.purpose') = 'cleanup'")" = 0 ] ||
  fail "the cleanup ran twice"
ok "parryd stopped: the guest ends the attack and cleans up, and says so afterwards"

# --- white's stop ---
expect_status 0 parry inject long
wait_for 20 "the attack is under way" has_event does inject.executed/1 "json_extract(body, '\$.inject') = 'long@health'"
pid=$(on_web 'cat /tmp/long')
expect_status 0 parry stop does
expect_status 0 parry resume does
wait_for 20 "the inject's end says so" ended long failed aborted
[ "$(on_web "kill -0 $pid 2>/dev/null && echo runs || echo gone")" = gone ] || fail "the attack runs on after the stop"
ok "parry stop ends what runs in a guest, and the inject says why"
