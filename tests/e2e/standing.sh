#!/usr/bin/env bash
# Drills that stand by themselves, and go on: when the journal's disk is full, in a window of the
# scenario, after a gap of the daemon. On a file system of the test's own; they have no VMs.
. "$(dirname "$0")/lib.sh"
disk=$work/home
ended() {
  parry down room >/dev/null 2>&1 || true
  parry down desk >/dev/null 2>&1 || true
  umount "$disk" 2>/dev/null || umount -l "$disk" 2>/dev/null || true
  rm -rf "$work"
}
trap ended EXIT
mkdir "$disk"
mount -t tmpfs -o size=320m,mode=0755 parry-room "$disk" || skip "no tmpfs can be mounted here"
export PARRY_HOME=$disk
cat >"$work/room.yaml" <<'END'
parry: 1
drill: {name: room, title: Room, start: 2026-11-13T09:00, duration: 4h}
teams:
  health: {side: blue}
  lands: {side: blue}
injects:
  one: {manual: true, message: {to: [blue], subject: One, body: One}}
  two: {manual: true, message: {to: [blue], subject: Two, body: Two}}
  three: {manual: true, message: {to: [blue], subject: Three, body: Three}}
END

expect_status 0 parry up "$work/room.yaml"
expect_status 0 parry start room
expect_status 0 parry inject --drill room one
[ "$(stat -c %s "$disk/drills/room/journal.reserve")" = 8388608 ] || fail "no reserve"
state() { [ "$(parry status "${2:-room}" --json | json d.state)" = "$1" ]; }
fill() { # to the last block
  dd if=/dev/zero of="$disk/filler" bs=1M >/dev/null 2>&1 || true
  dd if=/dev/zero of="$disk/filler" bs=4k conv=notrunc oflag=append >/dev/null 2>&1 || true
}
journal() { sqlite3 -readonly "$disk/drills/room/journal.db" "$1"; }

# Full to the last block, and a word that must not be lost: by its own reserve.
fill
expect_status 0 parry inject --drill room two
wait_for 10 "it pauses by itself" state paused
[ "$(journal "select count(*) from event where kind = 'message.sent/1' and body like '%two@%'")" = 2 ] || fail "what was acknowledged is lost"
parry status room >"$work/out"
says out 'because: no room for the journal'
[ "$(journal "select actor from event where kind = 'clock.paused/1'")" = parryd ] || fail "the pause is not its own"
[ "$(journal "select json_extract(body, '\$.reason') like 'no room%' from event where kind = 'clock.paused/1'")" = 1 ] || fail "no reason"
expect_status 4 parry resume room
says err 'no room for the journal'
ok "a full disk pauses the drill, and loses nothing"

# With a reserve that is gone too, and a daemon that is killed in the midst of it.
[ ! -e "$disk/drills/room/journal.reserve" ] || fail "the reserve is still there"
kill_daemon() { # kill_daemon NAME
  kill -9 "$(cat "$disk/drills/$1/journal.lock")"
  wait_for 10 "the crash is noticed" crashed "$1"
}
crashed() { parry status | grep -q "^$1 *crashed"; }
kill_daemon room
expect_status 0 parry up room
says out 'is paused'
ok "killed on a full disk, it is taken up paused"

rm "$disk/filler"
wait_for 10 "it goes on by itself" state running
[ -e "$disk/drills/room/journal.reserve" ] || fail "the reserve is not back"
expect_status 0 parry inject --drill room three
wait_for 10 "the third message" has_event room message.sent/1 "body like '%three@%'"
[ "$(journal "select json_extract(body, '\$.reason') from event where kind = 'clock.resumed/1' order by seq desc limit 1")" = 'there is room for the journal again' ] || fail "no word of why it goes on"
expect_status 0 parry end room
expect_status 0 parry-verify "$disk/drills/room"
says out SOUND
expect_status 0 parry down room
ok "it goes on by itself once there is room; its journal is sound"
# ---- a window in which it pauses, with a daemon that is killed in its midst ----

cat >"$work/desk.yaml" <<'END'
parry: 1
drill: {name: desk, title: Desk, start: 2026-11-13T09:00, duration: 4h}
teams: {health: {side: blue}}
windows: {lunch: {from: 4s, until: 12s, mode: pause}}
injects:
  one: {at: 2s, message: {to: [blue], subject: One, body: One, answer-within: 30s}, expect: {answer: {points: 5}}}
  two: {at: 13s, message: {to: [blue], subject: Two, body: Two}}
END
expect_status 0 parry up "$work/desk.yaml"
expect_status 0 parry start desk
clock() { parry status desk --json | json d.clock_us; }
wait_for 20 "the window" state paused desk
opened=$(date +%s)
[ "$(clock)" -ge 4000000 ] && [ "$(clock)" -lt 5000000 ] || fail "it paused at $(clock)"
kill_daemon desk
expect_status 0 parry up desk
says out 'is paused'
wait_for 20 "it goes on by itself" state running desk
[ $(($(date +%s) - opened)) -ge 6 ] || fail "the window was cut short"
[ "$(clock)" -ge 12000000 ] && [ "$(clock)" -lt 15000000 ] || fail "it goes on at $(clock)"
wait_for 10 "what is due after it" has_event desk message.sent/1 "body like '%two@%' and clock_us >= 13000000"
ok "a window pauses by itself, for as long as it lasts, over a killed daemon"

# ---- a gap of minutes, in which the wall clock was set too ----

kill_daemon desk
alive=$disk/drills/desk/run/alive
was=$(awk '{print $3}' "$alive")
# As if it had been dead for 100 s, and the wall clock set back by two hours meanwhile.
awk '{printf "%s %20.0f %20.0f %20.0f \n", $1, $2 - 100000000, $3, $4 - 100000000 + 7200000000}' "$alive" >"$work/alive"
cat "$work/alive" >"$alive"
expect_status 0 parry up desk
says out 'is paused'
[ "$(clock)" -ge "$was" ] && [ $(($(clock) - was)) -lt 1500000 ] || fail "the clock went from $was to $(clock)"
has_event desk daemon.gap/1 "json_extract(body, '\$.verdict') = 'pause' and json_extract(body, '\$.reason') like '%60 s%'" || fail "no word on the gap"
has_event desk clock.jumped/1 "abs(json_extract(body, '\$.by_us') + 7200000000) < 2000000" || fail "no word on the wall clock"
expect_status 0 parry resume desk
wait_for 5 "it runs" state running desk
[ "$(sqlite3 -readonly "$disk/drills/desk/journal.db" "select count(*) from event where kind = 'expect.missed/1'")" = 0 ] ||
  fail "what is open was missed while nobody was there"
expect_status 0 parry end desk
expect_status 0 parry-verify "$disk/drills/desk"
says out SOUND
expect_status 0 parry down desk
ok "a gap is a pause, and a wall clock that was set in it is told"
printf '%d passed\n' "$passed"
