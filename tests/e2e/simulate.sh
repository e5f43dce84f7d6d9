#!/usr/bin/env bash
# parry simulate: both drills of examples/ from file to verified journal, by an ordinary user with
# nothing around him, the same each time, and nothing left behind.
# shellcheck disable=SC2034
rootless=1
. "$(dirname "$0")/lib.sh"
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir -p "$TMPDIR"

nothing_left() {
  [ -z "$(ls -A "$TMPDIR")" ] || fail "$1 left behind: $(ls -A "$TMPDIR")"
}

# What a result is, without what is of this one time.
gist() {
  json "JSON.stringify([d.injects, d.clock_us, d.events, d.board.standings,
    d.board.injects, d.board.checks.map(c => [c.id, c.status, c.since_us])])" <"$1"
}

for drill in first-drill first-drill-full; do
  began=$(date +%s%N)
  expect_status 0 parry simulate --json --report "$work/$drill" "$top/examples/$drill.yaml"
  took=$((($(date +%s%N) - began) / 1000000))
  cp "$work/out" "$work/$drill.json"
  expect_status 0 parry simulate --json "$top/examples/$drill.yaml"
  [ "$(gist "$work/$drill.json")" = "$(gist "$work/out")" ] || fail "$drill: another result the second time"
  expect_status 0 parry-verify "$work/$drill/journal.db"
  says out 'SOUND'
  grep -q '| not applicable *| simulated' "$work/$drill/report.md" || fail "$drill: isolation is not said to be out of question"
  grep -q 'This drill was simulated' "$work/$drill/report.md" || fail "$drill: the cover does not say that it was simulated"
  grep -q '本演練為模擬' "$work/$drill/report.zh-Hant.md" || fail "$drill: the Chinese cover does not"
  nothing_left "$drill"
  ok "$drill: 60 hours in $took ms, the same again, and its journal is sound"
done

total() { json "d.board.standings.find(s => s.team === '$2').total" <"$work/$1.json"; }
[ "$(total first-drill health)" -gt "$(total first-drill lands)" ] || fail "who defends well does not score more"
[ "$(json 'd.board.standings[0].team' <"$work/first-drill-full.json")" != railway ] || fail "the weakest leads"
ok "the score shows who was scripted to defend: $(total first-drill health) and $(total first-drill lands) milli-points"

# Every inject came to one end, and every act to its own.
for drill in first-drill first-drill-full; do
  db=$work/$drill/journal.db
  count() { sqlite3 -readonly "$db" "select count($1) from event where kind = '$2'"; }
  ended="distinct json_extract(body, '\$.inject')"
  [ "$(count '*' inject.wanted/1)" = "$(count '*' inject.ended/1)" ] || fail "$drill: an inject without an end, or with two"
  [ "$(count "$ended" inject.ended/1)" = "$(count '*' inject.ended/1)" ] || fail "$drill: an inject ended twice"
  [ "$(sqlite3 -readonly "$db" "select count(*) from open_act")" = 0 ] || fail "$drill: an act was left open"
  [ "$(json 'Object.keys(d.injects).filter(s => ["planned", "held", "running", "failed"].includes(s)).length' <"$work/$drill.json")" = 0 ] ||
    fail "$drill: $(json 'd.injects' <"$work/$drill.json")"
done
ok "every inject came to exactly one end"

# Every engine of the timeline, event by event, with its minute of the drill.
expect_status 0 parry simulate --report "$work/engines" "$here/engines.yaml"
says out 'injects: 12: 6 succeeded, 2 sent, 2 expired, 2 not-run'
says out 'note: approved at once, for nobody looks at it: alarm'
says out 'note: pauses that were ended at once: 1'
sqlite3 -readonly -separator ' ' "$work/engines/journal.db" "select clock_us / 60000000, kind, json_extract(body, '\$.inject'),
  coalesce(json_extract(body, '\$.state'), json_extract(body, '\$.expect'), json_extract(body, '\$.why'), json_extract(body, '\$.by'), '')
  from event where kind glob 'inject.*' and kind != 'inject.wanted/1' or kind glob 'expect.*' or kind glob 'effect.*' or kind in ('report.matched/1', 'stop.met/1', 'clock.paused/1', 'clock.resumed/1')
  order by seq" | sed 's/ *$//' >"$work/engines.got"
diff -u "$here/engines.expect" "$work/engines.got" >&2 || fail "the timeline went another way"
ok "triggers, holds, windows, chains and expectations: each event in its minute"

expect_status 0 parry simulate "$top/examples/first-drill.yaml"
for line in 'SIMULATION: no guests' 'Department of Health' 'injects: 22: ' 'simulated: 2d 12:00:00' 'report: not kept'; do
  says out "$line"
done
! grep -q $'\033' "$work/out" || fail "escapes in a pipe"
nothing_left "a plain simulation"
ok "score, ends and time are printed, and nothing is kept unasked"

# A home of its own, as other commands know it.
expect_status 0 parry simulate --home "$work/home" "$top/examples/first-drill.yaml"
export PARRY_HOME=$work/home
expect_status 0 parry status
says out 'down'
expect_status 0 parry report --print first-drill
says out 'This drill was simulated'
expect_status 0 parry score first-drill
says out 'SIMULATION'
expect_status 0 parry acts --team health --inject deface@health first-drill
says out 'restored /var/www/html/index.html'
expect_status 64 parry acts --team nobody first-drill
expect_status 0 parry verify first-drill
expect_status 0 parry simulate --home "$work/home" "$top/examples/first-drill.yaml"
[ "$(find "$work/home/drills" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ] || fail "the drill before was not kept"
ok "a kept home: status, report, score, acts and verify read it"

expect_status 0 parry simulate --keep --json "$top/examples/first-drill.yaml"
home=$(json d.home <"$work/out")
[ -s "$home/drills/first-drill/journal.db" ] && [ -s "$(json d.report <"$work/out")" ] || fail "--keep kept nothing"
rm -r "$home"
ok "--keep: the home stays, and is named"

# Another seed, another moment of what has jitter; the kept drill knows by what it was drawn.
moment() { json "d.board.injects.find(i => i.id === 'deface@health').executed_us"; }
expect_status 0 parry simulate --json --seed 7 --home "$work/seven" "$top/examples/first-drill.yaml"
seven=$(moment <"$work/out")
[ "$seven" != "$(moment <"$work/first-drill.json")" ] || fail "--seed changes nothing"
[ "$(PARRY_HOME=$work/seven parry report --json first-drill |
  json "d.injects.find(i => i.id === 'deface@health').planned_us")" = "$seven" ] || fail "the report knows nothing of the seed"
expect_status 64 parry simulate --seed -5 "$top/examples/first-drill.yaml"
ok "--seed: jitter drawn anew, and kept with the drill"

# No programs around, no variables, no privileges.
if [ "$(id -u)" = 0 ]; then
  cp "$top/examples/first-drill.yaml" "$work/drill.yaml"
  chmod 755 "$work"
  mkdir -m 777 "$work/theirs"
  as_nobody() {
    (cd / && setpriv --reuid=65534 --regid=65534 --clear-groups env -i "TMPDIR=$work/theirs" "$PARRY_BIN/parry" "$@")
  }
  if as_nobody --version >/dev/null 2>&1; then
    expect_status 0 as_nobody simulate "$work/drill.yaml"
    [ -z "$(ls -A "$work/theirs")" ] || fail "left behind as nobody"
    ok "by an account without any rights"
  else
    printf '# the built programs cannot be run by other accounts: not tried as one\n'
  fi
fi

# Refused like by up: file and line, nothing made.
sed 's/^  deface:$/  noise:\n    at: 1h\n    host: web\n    fault: {crash: {restart: true}, lasts: 5m}\n  deface:/' "$here/small.yaml" >"$work/unbuilt.yaml"
expect_status 2 parry simulate "$work/unbuilt.yaml"
grep -qE 'unbuilt\.yaml:[0-9]+:[0-9]+: error: .* not built yet' "$work/err" || { cat "$work/err" >&2; fail "no place of the key"; }
expect_status 64 parry simulate
expect_status 64 parry simulate --rehearsal "$here/small.yaml"
nothing_left "a refusal"
ok "what cannot run yet is refused with its place"

# An interrupt at any moment: 130, or it was over before; nothing is left either way.
begun() { # its home is there, or it is over
  [ -n "$(ls -A "$TMPDIR")" ] || [ ! -d "/proc/$pid" ]
}
interrupted=0 late=$((SECONDS + 30))
for signal in INT TERM INT TERM INT TERM INT TERM; do
  parry simulate "$top/examples/first-drill-full.yaml" >/dev/null 2>"$work/err" &
  pid=$!
  until begun; do
    [ "$SECONDS" -lt "$late" ] || fail "it does not begin"
  done
  kill -"$signal" "$pid" 2>/dev/null || true
  got=0
  wait "$pid" || got=$?
  [ "$got" = 130 ] || [ "$got" = 0 ] || fail "an interrupt: exit $got"
  [ "$got" = 0 ] || interrupted=$((interrupted + 1))
  nothing_left "an interrupt"
done
[ "$interrupted" -gt 0 ] || fail "no interrupt came in time"
ok "interrupted $interrupted times, and nothing is left behind"
