#!/usr/bin/env bash
# parry plan and parry schema, by an ordinary user: the events list, the picture, what an edited
# scenario would change of a stored drill; and what check tells an editor.
# shellcheck disable=SC2034
rootless=1
. "$(dirname "$0")/lib.sh"
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT

expect_status 0 parry plan "$here/small.yaml"
for word in Networks Hosts Images Phases Timeline Needs '203.0.113.0/24' 'about'; do
  says out "$word"
done
expect_status 0 parry plan --msel --lang zh-Hant "$top/examples/first-drill.yaml"
says out 首頁遭塗改
! grep -q Networks "$work/out" || fail "--msel shows more than the timeline"
ok "the plan as text"

# A full disk is no success; a reader that has enough is no failure.
"$(command -v parry)" plan "$here/small.yaml" >/dev/full 2>"$work/err" && fail "a full disk went unseen"
says err 'standard output'
"$(command -v parry)" plan --json "$here/small.yaml" 2>"$work/err" | head -c 1 >"$work/out"
[ "${PIPESTATUS[0]}" = 0 ] && [ ! -s "$work/err" ] || fail "a closed pipe made a complaint"
ok "where the output goes"

expect_status 0 parry plan --csv "$here/small.yaml"
[ "$(head -n 1 "$work/out")" = $'number,time,from,to,medium,title,expected-action,objective,controller\r' ] || fail "other columns"
grep -q '^1,2026-11-13 11:00,red,blue,attack T1491.002,The front page is defaced,' "$work/out" || fail "no row of the attack"
expect_status 0 parry plan --json "$here/small.yaml"
[ "$(json 'd.msel[0].teams.join() + " " + (d.needs["ready-us"] > 0)' <"$work/out")" = "health,lands true" ] || fail "no msel or needs in the JSON"
ok "the events list as CSV and JSON"

expect_status 0 parry plan --dot "$here/small.yaml"
says out 'digraph "small"'
if command -v dot >/dev/null; then
  expect_status 0 parry plan --svg --lang zh-Hant "$here/small.yaml"
  says out '<svg'
  says out 地政總署
fi
ln -s "$(command -v parry)" "$work/parry"
expect_status 1 env PATH=/nonexistent "$work/parry" plan --svg "$here/small.yaml"
says err 'install graphviz'
expect_status 64 parry plan --svg --csv "$here/small.yaml"
expect_status 64 parry plan --diff small --dot "$here/small.yaml"
ok "the picture, and what is said without graphviz"

export PARRY_HOME=$work/home
expect_status 0 parry simulate --home "$PARRY_HOME" --keep "$here/small.yaml"
expect_status 0 parry plan --diff small "$here/small.yaml"
[ ! -s "$work/out" ] || fail "a difference where there is none"
sed 's/every: 10s, weight: 1/every: 20s, weight: 1/; s/memory: 96M$/memory: 128M/' "$here/small.yaml" >"$work/edited.yaml"
expect_status 5 parry plan --diff small "$work/edited.yaml"
grep -qE '^~ +check +web-up +health, lands +interval +10s -> 20s' "$work/out" || { cat "$work/out" >&2; fail "no change of the interval"; }
expect_status 5 parry plan --diff small --json "$work/edited.yaml"
[ "$(json 'd.filter(c => c.what === "host" && c.key === "memory").map(c => c.id).join()' <"$work/out")" = health/web,lands/web ] || fail "no change of memory in the JSON"
expect_status 3 parry plan --diff nosuchdrill "$here/small.yaml"
expect_status 2 parry plan --diff small /dev/null
ok "what would change of a stored drill, and the exit status that says so"

expect_status 0 parry schema
[ "$(json 'd.$schema' <"$work/out")" = https://json-schema.org/draft/2020-12/schema ] || fail "no JSON Schema"
sed 's/image: micro/imgae: micro/' "$here/small.yaml" >"$work/slip.yaml"
expect_status 2 parry check --json "$work/slip.yaml"
[ "$(json 'const f = d[0]; [f.severity, f.line, f.column, f["end-column"], f.hint].join()' <"$work/out")" = 'error,15,9,14,did you mean "image"?' ] || { cat "$work/out" >&2; fail "not what an editor wants"; }
ok "the schema, and findings for an editor"
