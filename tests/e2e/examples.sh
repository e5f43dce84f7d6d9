#!/usr/bin/env bash
# Every example passes the check without a warning, and plays in simulation as far as its
# engines exist: twice with the same end, into a journal that the verifier calls sound.
. "$(dirname "$0")/lib.sh"
trap 'rm -rf "$work"' EXIT

unset PARRY_HOME # neither check, plan nor simulate needs one, or root
played=0

# The state of every inject, and every team's score.
outcome() { # outcome HOME NAME
  local journal=$1/drills/$2/journal.db
  [ -f "$journal" ] || fail "no journal of $2 below $1"
  sqlite3 -readonly "$journal" \
    "SELECT kind, ref, count(*) FROM event WHERE kind LIKE 'inject.%' GROUP BY 1, 2 ORDER BY 1, 2"
}

for file in "$top"/examples/*.yaml; do
  name=$(basename "$file" .yaml)
  grep -q '^drill:' "$file" || continue # a part that another one includes
  expect_status 0 parry check "$file"
  ! grep -E '(warning|error):' "$work/err" || fail "$name: a finding"
  expect_status 0 parry plan "$file"
  expect_status 0 parry plan --csv "$file"
  expect_status 0 parry plan --dot "$file"
  expect_status 0 parry check "$file"
  if grep -q 'cannot run yet' "$work/out"; then
    expect_status 2 parry simulate "$file"
    grep -qE "$name\.yaml:[0-9]+:[0-9]+: error: .* is not built yet" "$work/err" || fail "$name: no place"
    ok "$name: good; not simulated, and told why: $(grep -c 'is not built yet' "$work/err") keys"
    continue
  fi
  drill=$(sed -nE 's/^ *name: ([a-z0-9-]+).*|^drill: \{name: ([a-z0-9-]+).*/\1\2/p' "$file" | head -n 1)
  expect_status 0 parry simulate --home "$work/one" --keep "$file"
  expect_status 0 parry simulate --home "$work/two" --keep "$file"
  outcome "$work/one" "$drill" >"$work/first"
  outcome "$work/two" "$drill" >"$work/second"
  [ -s "$work/first" ] || grep -q 'injects: *{}' "$file" || fail "$name: no inject was played"
  diff -u "$work/first" "$work/second" >&2 || fail "$name: two simulations differ"
  expect_status 0 parry-verify "$work/one/drills/$drill"
  played=$((played + 1))
  ok "$name: good, played twice alike, sound"
  rm -rf "$work/one" "$work/two"
done
[ "$played" -ge 5 ] || fail "only $played examples could be played"

mkdir "$work/tutorial"
expect_status 0 python3 "$here/tutorial.py" "$(command -v parry)" "$top" "$work/tutorial"
ok "the tutorial's steps are good, and end in first-drill.yaml"
