#!/usr/bin/env bash
# A drill of twelve VMs that is paused, and one of its teams that is held: everything stops
# together, measured from outside; what is killed or reset meanwhile goes on as it should.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean pause; rm -rf "$work"' EXIT
clean pause

expect_status 0 parry up "$here/pause.yaml"
says out '12 of 12 VMs ready'
expect_status 0 parry start pause
status=$(parry status pause --json)
uri=$(json d.uri <<<"$status")
port=$(json 'd.services.find(s => s.name === "parry-gate").listen.split(":").pop()' <<<"$status")
board=$(json 'd.services.find(s => s.name === "parry-board").listen' <<<"$status")

clock() { parry status pause --json | json d.clock_us; }
now_us() { date +%s%6N; }
in_state() { virsh -q -c "$uri" list --all --name --state-"$1" | grep -c "^pr-pause-${2:-}" || true; }
count() { sql pause "select count(*) from event where kind = '$1' ${2:+and $2}"; }
last_us() { sql pause "select at_us from event where kind = '$1' order by seq desc limit 1"; }
daemon_pid() { cat "$PARRY_HOME/drills/pause/journal.lock"; }
crashed() { parry status | grep -q '^pause *crashed'; }
all_in() { [ "$(in_state "$1" "$2")" = "$3" ]; }

# A player's terminal that stays open: what is typed comes from a pipe.
mkfifo "$work/keys"
ssh -tt -p "$port" -i "$PARRY_HOME/keys/pause/players/health-health" -o IdentitiesOnly=yes \
  -o StrictHostKeyChecking=no -o UserKnownHostsFile="$work/known" -o LogLevel=ERROR -o BatchMode=yes \
  health@127.0.0.1 shell desk <"$work/keys" >"$work/terminal" 2>&1 &
exec 7>"$work/keys"
shown() { grep -qF -- "$1" "$work/terminal"; }
typed() { [ "$(parry exec pause health/desk 'cat /tmp/typed 2>/dev/null || true')" = "$1" ]; }
printf 'echo before >>/tmp/typed\n' >&7
wait_for 20 "the terminal takes what is typed" typed before
wait_for 20 "a round of checks" has_event pause check.round/1

# ---- the pause ----

began=$(now_us)
expect_status 0 parry pause pause --reason 'A fire drill'
answered=$(now_us)
[ "$(in_state running)" = 0 ] || fail "VMs run after the answer"
[ "$(in_state paused)" = 12 ] || fail "$(in_state paused) VMs stand, not 12"
stood=$(last_us clock.paused/1)
at=$(clock)
wait_for 5 "the terminal says so" shown 'paused: A fire drill'
terminal_us=$(($(stat -c %.6Y "$work/terminal" | tr -d .) - stood))
printf '# 12 VMs: clock stood after %d ms, all VMs suspended and answered after %d ms, the terminal said so %d ms after the clock\n' \
  $(((stood - began) / 1000)) $(((answered - began) / 1000)) $((terminal_us / 1000))
[ $((answered - stood)) -lt 1000000 ] || fail "it took longer than a second"
[ "$terminal_us" -lt 1000000 ] || fail "the terminal came late"
parry status pause >"$work/out"
says out 'because: A fire drill'
board_says() { [ "$(curl -s "http://$board/api/board.json" | json d.reason)" = "$1" ]; }
wait_for 5 "the board says why" board_says 'A fire drill'
ok "clock, VMs, checks and terminals stop within a second"

printf 'echo paused >>/tmp/typed\n' >&7
expect_status 4 parry end pause
expect_status 0 parry reset pause health/lab --reason 'While all stand'
says out 'ready once it runs (paused: A fire drill)'
lab() { [ "$(parry status pause --json | json 'd.hosts.find(h => h.id === "health/lab").state')" = "$1" ]; }
wait_for 20 "the new VM is there, and stands" lab boot
wait_for 5 "it stands too" all_in paused '' 12
# Longer than an agent may be silent, where there is time for it.
pause_end=$(($(date +%s) + ${PAUSE_S:-6}))
passed_by() { [ "$(date +%s)" -ge "$pause_end" ]; }
wait_for 120 "some time in the pause" passed_by
[ "$(clock)" = "$at" ] || fail "the clock ran in the pause"
seq=$(sql pause "select max(seq) from event where kind = 'clock.paused/1'")
# What had been seen before it comes in the same commit.
[ "$(count check.round/1 "seq > $seq + 3")" = 0 ] || fail "a check in the pause"
expect_status 0 parry resume pause
[ "$(sql pause "select clock_us from event where kind = 'clock.resumed/1' order by seq desc limit 1")" = \
  "$(sql pause "select clock_us from event where seq = $seq")" ] || fail "the clock moved in the pause"
wait_for 5 "the terminal goes on" shown 'It goes on.'
wait_for 10 "all run" all_in running '' 12
printf 'echo after >>/tmp/typed\n' >&7
wait_for 20 "it takes what is typed" typed $'before\nafter'
wait_for 40 "the host that was reset is ready" lab ready
offsets() { parry status pause --json | json 'd.hosts.every(h => !h.clock || Math.abs(h.clock.offset_us) < 1000000)' | grep -qx true; }
wait_for 30 "the guests' clocks are right" offsets
[ "$(count agent.lost/1)" = 0 ] || fail "an agent was declared dead"
against=$(sql pause "select seq, check_idx, status, text from check_result where status not in (0, 5) and seq > $seq")
[ -z "$against" ] || fail "a check counted against someone: $against"
wait_for 20 "checks go on" has_event pause check.round/1 "seq > (select max(seq) from event where kind = 'clock.resumed/1')"
ok "it goes on: clock, clocks of the guests, terminal, and a host that was reset meanwhile"

# ---- one team ----

expect_status 64 parry team hold health
expect_status 4 parry team release health
began=$(now_us)
expect_status 0 parry team hold health --reason 'Lost its power'
says out 'is held: its clocks stand still; 6 VMs suspended'
printf '# 6 VMs of a team suspended and answered after %d ms\n' $((($(now_us) - began) / 1000))
[ "$(in_state paused health)" = 6 ] && [ "$(in_state running lands)" = 6 ] || fail "the wrong VMs stand"
wait_for 5 "the terminal says so" shown 'team health is held: Lost its power'
held=$(sql pause "select max(seq) from event where kind = 'team.held/1'")
expect_status 0 parry inject call --drill pause
wait_for 20 "the other team's message" has_event pause message.sent/1 "team = 'lands'"
killed=$(daemon_pid)
kill -9 "$killed"
wait_for 10 "the crash is noticed" crashed
expect_status 0 parry up pause
says out 'goes on: running'
wait_for 10 "health stands" all_in paused health 6
[ "$(in_state running lands)" = 6 ] || fail "lands was stopped too"
wait_for 20 "lands is checked" has_event pause check.round/1 "seq > $held + 20"
mine="select count(*) from check_result r join event e using (seq) where e.clock_us > (select clock_us from event where seq = $held) and r.check_idx < 2"
[ "$(sql pause "$mine")" = 0 ] || fail "a held team was checked"
[ "$(count message.sent/1 "team = 'health'")" = 0 ] || fail "a held team got a message"
parry status pause >"$work/out"
says out 'team health is held since'
expect_status 0 parry team release health
says out '6 VMs resumed'
wait_for 20 "its message" has_event pause message.sent/1 "team = 'health'"
wait_for 10 "all run" all_in running '' 12
checked_again() { [ "$(sql pause "$mine")" -gt 0 ]; }
wait_for 30 "it is checked again" checked_again
wait_for 30 "the guests' clocks are right" offsets
[ "$(count agent.lost/1)" = 0 ] || fail "an agent of a held team was declared dead"
ok "a team is held over a killed daemon, and released"

exec 7>&-
expect_status 0 parry down pause
expect_nothing_left pause
expect_status 0 parry-verify "$PARRY_HOME/drills/pause"
says out SOUND
printf '%d passed\n' "$passed"
