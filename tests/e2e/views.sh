#!/usr/bin/env bash
# People's views on a live drill: ssh by OpenSSH's client, the board in Chromium, the text score.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean small; rm -rf "$work"' EXIT
clean small

expect_status 0 parry up "$here/small.yaml"
says out '5 of 5 VMs ready'
status=$(parry status small --json)
port=$(json 'd.services.find(s => s.name === "parry-gate").listen.split(":").pop()' <<<"$status")
board=$(json 'd.services.find(s => s.name === "parry-board").listen' <<<"$status")
key=$PARRY_HOME/keys/small/players/health-health
[ "$(stat -c %a "$key")" = 600 ] || fail "the player's key is readable by others"

gate() { # gate USER KEY [SSH OPTIONS] [COMMAND]
  local user=$1 identity=$2
  shift 2
  timeout 60 ssh -p "$port" -i "$identity" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile="$work/known" -o LogLevel=ERROR -o BatchMode=yes "$@" "$user@127.0.0.1"
}
player=health
play() { # play COMMAND: as that team's player
  timeout 60 ssh -p "$port" -i "$key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile="$work/known" -o LogLevel=ERROR -o BatchMode=yes "$player@127.0.0.1" "$@"
}

expect_status 0 parry start small
wait_for 60 "a first round of checks" has_event small check.round/1

play hosts >"$work/out"
says out web
! grep -q 'lands/' "$work/out" || fail "another team's host is listed"
ok "ssh: the team's own hosts"
play score >"$work/out"
grep -qE '^Score +[0-9]' "$work/out" || { cat "$work/out" >&2; fail "no score"; }
ok "ssh: the score"

if play shell lands/web </dev/null >"$work/out" 2>&1; then fail "another team's host was opened"; fi
has_event small player.refused/1 "host = '' or 1" || fail "the refusal is not in the journal"
if play shell referee </dev/null >"$work/out" 2>&1; then fail "white's referee was opened"; fi
ok "ssh: any other team's host, and white's, is refused"

ssh-keygen -q -t ed25519 -N '' -f "$work/stranger"
if gate health "$work/stranger" >"$work/out" 2>&1; then fail "a stranger's key was taken"; fi
if gate lands "$key" >"$work/out" 2>&1; then fail "health's key opened lands"; fi
ok "ssh: a stranger's key, and another team's, is refused"

printf 'hostname; echo mark-$((40 + 2)); cat /var/www/html/index.html; exit\n' |
  timeout 60 ssh -tt -p "$port" -i "$key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile="$work/known" -o LogLevel=ERROR -o BatchMode=yes health@127.0.0.1 shell web >"$work/out" 2>&1 || true
says out mark-42
says out 'Welcome to the department'
ok "ssh: a shell on an own host"

wait_for 20 "the terminal's end in the journal" has_event small terminal.closed/1
cast=$(ls "$PARRY_HOME/drills/small/recordings"/*-web.cast | head -n 1)
head -n 1 "$cast" | json 'd.version' | grep -qx 2 || fail "not an asciicast v2"
node -e '
  const lines = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").map((l) => JSON.parse(l));
  const out = lines.slice(1).filter((e) => e[1] === "o").map((e) => e[2]).join("");
  let last = 0;
  for (const [at] of lines.slice(1)) { if (at < last) process.exit(2); last = at; }
  process.exit(out.includes("mark-42") ? 0 : 3);' "$cast" || fail "the recording does not show the session"
ok "ssh: recorded as asciicast v2"

play report web now /var/www/html/index.html 'the page looks odd' >"$work/out" || { cat "$work/out"; fail "report"; }
has_event small report.submitted/1 "team = 'health'" || fail "the report is not in the journal"
ok "ssh: an incident report"

# A reset of one's own host: what it costs first, then white's word, then it is as it was.
play resets >"$work/out"
says out 'white decides'
if play reset web broken >"$work/out"; then fail "asked without a yes"; fi
says out 'Points it costs: 50.0. Left before it: 1. White decides.'
for other in lands/web referee; do
  if play reset "$other" yes harm >"$work/out" 2>&1; then fail "a reset of $other was asked for"; fi
  says out 'not one of your own hosts'
done
if play reset web yes "$(printf 'x%.0s' {1..300})" >"$work/out" 2>&1; then fail "a reason without end was taken"; fi
says out '1 to 200 bytes'
mkfifo "$work/typed"
exec 9<>"$work/typed"
timeout 60 ssh -tt -p "$port" -i "$key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
  -o UserKnownHostsFile="$work/known" -o LogLevel=ERROR health@127.0.0.1 shell web <&9 >"$work/shell" 2>&1 &
shell=$!
printf 'echo gone >/var/www/html/index.html; echo said-$((6 * 7))\n' >&9
wait_for 20 "the page is spoilt" grep -q said-42 "$work/shell"
play reset web yes $'the page\e[2J is gone' >"$work/out"
says out 'White decides; you are told here.'
if play reset web yes again >"$work/out" 2>&1; then fail "two wait at a time"; fi
says out 'waits for white already'
parry status small >"$work/out"
says out '`parry resets small --approve health/web`'
parry resets small >"$work/out"
says out 'is gone (costs 50.0); void after'
! grep -q $'\e' "$work/out" || fail "white is shown what steers a terminal"
expect_status 3 parry resets small --approve lands/web
before=$(play score | sed -n 's/^Score *//p')
expect_status 0 parry resets small --approve health/web --by controller --reason "once"
wait_for 60 "the reset" has_event small reset.done/1 "host = 'health/web'"
wait "$shell" || true
exec 9>&-
says shell 'the host is reset'
[ "$(parry exec small health/web 'cat /var/www/html/index.html')" = "Welcome to the department" ] || fail "health/web is not as it was"
play score >"$work/out"
grep -qE '^Resets +-50\.0$' "$work/out" || { cat "$work/out" >&2; fail "no cost in the score"; }
play resets >"$work/out"
says out 'no reset of health/web is left'
says out 'once'
if play reset web yes more >"$work/out" 2>&1; then fail "one more than there are"; fi
[ "$(sql small "select count(*) from event where kind = 'reset.asked/1'")" = 1 ] || fail "not one was asked for"
ok "ssh: a reset asked for, approved by white, done, paid (score before: $before)"

curl -sf "http://$board/api/board.json" >"$work/board.json"
json 'd.standings.length' <"$work/board.json" | grep -qE '^[23]$' || fail "the board has no standings"
! grep -qi 'deface' "$work/board.json" || fail "the room sees an inject that is not disclosed"
result=0
node "$top/tests/web/board.mjs" --url "http://$board/" --expect-team 'Department of Health' \
  --screenshot "${PARRY_SCREENSHOT:-$work/board.png}" >"$work/out" 2>&1 || result=$?
if [ "$result" = 77 ]; then cat "$work/out"; elif [ "$result" != 0 ]; then cat "$work/out" >&2; fail "the board in Chromium"; fi
ok "the board in Chromium on a live drill"

parry score small >"$work/out"
says out 'Department of Health'
ok "the text scoreboard"
# What waits goes on waiting when parryd is killed and taken up again.
key=$PARRY_HOME/keys/small/players/lands-lands
player=lands
play reset web yes "ours too" >"$work/out"
crashed() { parry status | grep -q '^small *crashed'; }
kill_and_up() {
  kill -9 "$(cat "$PARRY_HOME/drills/small/journal.lock")"
  wait_for 10 "the crash is noticed" crashed
  expect_status 0 parry up small
}
kill_and_up
parry resets small >"$work/out"
grep -q 'lands/web *waits *lands/lands: ours too' "$work/out" || { cat "$work/out" >&2; fail "what waited is forgotten"; }
wait_for 30 "white approves" parry resets small --approve all # not while it is being taken up
kill_and_up
wait_for 60 "the reset goes on" has_event small reset.done/1 "host = 'lands/web'"
parry resets small >"$work/out"
says out 'done      lands/lands: ours too (costs 50.0)'
expect_status 3 parry resets small --refuse lands/web
[ "$(sql small "select count(*) from event where kind = 'reset.wanted/1'")" = 2 ] || fail "not one reset each"
[ "$(sql small "select count(*) from event where kind = 'reset.done/1'")" = 2 ] || fail "not each came to its end"
ok "killed while one waits, and while it is done: it goes on"

parry down small >"$work/out"
expect_nothing_left small
ok "nothing is left"
