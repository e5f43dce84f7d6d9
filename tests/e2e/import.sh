#!/usr/bin/env bash
# parry import, by an ordinary user: a scenario and an account of the SDL, of a KYPO definition
# and of lists of injects; the statuses; and a list that parry plan wrote.
# shellcheck disable=SC2034
rootless=1
. "$(dirname "$0")/lib.sh"
trap 'rm -rf "$work"' EXIT
data=$top/tests/unit/data/import

expect_status 2 parry import ocr "$data/ocr/hospital.yml" --map "$data/images.yaml" -o "$work/hospital.yaml"
[ ! -s "$work/out" ] || fail "something on standard output beside -o"
says err 'hospital.yml:20:7: taken: nodes.Booking_Portal.resources.ram -> estates.range.hosts.booking-portal.memory'
says err 'left: x-author: the import does not know this key here'
expect_status 0 parry check "$work/hospital.yaml"
expect_status 2 parry import ocr "$data/ocr/hospital.yml" --quiet
says out 'parry: 1'
! grep -q ': taken:' "$work/err" || fail "--quiet lists what was taken"
mkdir "$work/sdl"
cp "$data/ocr/capitals.yml" "$work/sdl/scenario.yml"
echo text >"$work/sdl/README"
expect_status 2 parry import ocr "$work/sdl"
says err 'README: left: file'
rm "$work/sdl/README"
expect_status 1 parry import ocr "$work/sdl" --start 2027-01-02T03:04
says out 'start: "2027-01-02T03:04"'
ok "a scenario of the SDL, from a file and from a directory"

expect_status 2 parry import kypo "$data/kypo/bank" -m "$data/images.yaml" -o "$work/bank.yaml"
says err 'provisioning/playbook.yml: left: file: Ansible'
grep -q '^# Hook: run the Ansible playbook provisioning/playbook.yml' "$work/bank.yaml" || fail "no hook"
expect_status 0 parry check "$work/bank.yaml"
ok "a KYPO definition, with Ansible as a hook"

expect_status 1 parry import msel "$data/msel/exercise.csv" --json
[ "$(json 'd.changed + d.taken === d.lines.length && d.left === 0 && d.scenario.includes("inject-2")' <"$work/out")" = true ] || fail "another JSON"
expect_status 0 parry plan --csv "$top/examples/first-drill.yaml"
cp "$work/out" "$work/first.csv"
expect_status 1 parry import msel "$work/first.csv" -o "$work/first.yaml"
expect_status 0 parry plan --csv "$work/first.yaml"
# Time, receiver and title of each row come back as they were.
columns() { cut -d, -f 1,2,4,6 "$1"; }
diff <(columns "$work/first.csv") <(columns "$work/out") >&2 || fail "the list came back as another"
ok "a list of injects, and there and back"

expect_status 3 parry import ocr "$work/nothing.yml"
says err 'cannot be read'
expect_status 3 parry import kypo "$data/ocr/hospital.yml"
expect_status 3 parry import kypo "$work/sdl"
expect_status 3 parry import msel "$data"
expect_status 3 parry import msel "$data/ocr/hospital.yml"
expect_status 3 parry import ocr "$data/msel/exercise.csv"
expect_status 3 parry import ocr "$data/ocr/older.yml" --map "$data/ocr/older.yml"
says err 'unknown key'
expect_status 3 parry import ocr "$data/ocr/older.yml" --start tomorrow
expect_status 4 parry import ocr "$data/ocr/older.yml" -o "$work/no/such/dir.yaml"
expect_status 64 parry import xls "$data/ocr/older.yml"
expect_status 64 parry import ocr
ok "what cannot be read or written, and the statuses"
