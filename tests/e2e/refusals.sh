#!/usr/bin/env bash
# What parry refuses before it makes anything, and how it words it.
. "$(dirname "$0")/lib.sh"
trap 'rm -rf "$work"' EXIT

before=$(ls "$PARRY_HOME/drills" 2>/dev/null || true)

sed 's/^teams:/teams: [/' "$here/small.yaml" >"$work/broken.yaml"
expect_status 2 parry up "$work/broken.yaml"
grep -qE 'broken\.yaml:[0-9]+:[0-9]+: error: ' "$work/err" || fail "no file:line:column"
grep -qE '^ *\^' "$work/err" || fail "no caret"
ok "a broken file: place, caret, exit 2"

sed 's/host: web$/host: wep/' "$here/small.yaml" >"$work/dangling.yaml"
expect_status 2 parry check "$work/dangling.yaml"
says err 'web'
ok "a dangling name: a suggestion"

sed 's/image: micro/image: nowhere/' "$here/small.yaml" >"$work/image.yaml"
expect_status 2 parry up "$work/image.yaml"
says err nowhere
ok "a missing image is named"

sed 's|^estates:|images: {own: {base: ./missing.qcow2}}\nestates:|; s/image: micro/image: own/' "$here/small.yaml" >"$work/path.yaml"
expect_status 2 parry up "$work/path.yaml"
says err missing.qcow2
ok "a missing image file is named"

sed 's/memory: 96M/memory: 64G/' "$here/small.yaml" >"$work/memory.yaml"
expect_status 1 parry up "$work/memory.yaml"
grep -qE 'need [0-9]+ MiB, this machine has [0-9]+ MiB' "$work/err" || { cat "$work/err" >&2; fail "no figures"; }
ok "too little memory: refused with the figures"

if command -v setpriv >/dev/null; then
  expect_status 1 setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource \
    bash -c 'ulimit -n 512; exec parry up "$1"' - "$here/small.yaml"
  says err 'a drill of 5 hosts needs 2058 a process, the limit here is 512 and cannot be raised'
  expect_status 0 setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource bash -c 'ulimit -n 512; exec parry doctor'
  says out 'up to 512 a process'
  ok "too few descriptors: refused with the figures, and doctor says so"
fi

expect_status 64 parry nonsense
expect_status 64 parry up
expect_status 64 parry up --nonsense "$here/small.yaml"
expect_status 3 parry status nosuchdrill
expect_status 3 parry down nosuchdrill
expect_status 3 parry report ../../etc
ok "wrong usage: 64; no such drill: 3"

for command in check schema plan simulate run up start status score acts pause resume stop end inject approve cancel exec report verify down gc people doctor host; do
  expect_status 0 parry "$command" --help
  says out Usage
done
ok "every command has --help"

[ "$(ls "$PARRY_HOME/drills" 2>/dev/null || true)" = "$before" ] || fail "something was made"
ok "nothing was made"
