#!/usr/bin/env bash
# Provisioning that does not come to its end: bounded, named, and nothing left over.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean small; rm -rf "$work"' EXIT
clean small

for signal in INT TERM; do
  : >"$work/out"
  parry up "$here/small.yaml" >"$work/out" 2>"$work/err" </dev/null &
  up=$!
  wait_for 120 "a VM boots" grep -q ' boot$' "$work/out"
  kill -"$signal" "$up"
  status=0
  wait "$up" || status=$?
  [ "$status" = 130 ] || { cat "$work/out" "$work/err" >&2; fail "SIG$signal: exit $status, not 130"; }
  left=$(leftovers small)
  [ -z "$left" ] || { cat "$work/err" >&2; fail "SIG$signal: left behind: $left"; }
  [ ! -e "$PARRY_HOME/drills/small" ] || fail "SIG$signal: the drill's directory is left"
  ok "SIG$signal while VMs boot: exit 130, nothing left"
done

# A disk with nothing on it never says hello.
qemu-img create -q -f qcow2 "$work/blank.qcow2" 64M
sed 's|^estates:|images: {blank: {base: ./blank.qcow2}}\nestates:|; s/box: {image: micro/box: {image: blank/' \
  "$here/small.yaml" >"$work/silent.yaml"
expect_status 1 parry up --boot-timeout 15 "$work/silent.yaml"
says err 'red/box: its agent said no hello within 15 s'
expect_nothing_left small
ok "a guest that never says hello: named, the rest torn down"

expect_status 1 parry up --json --boot-timeout 15 --keep "$work/silent.yaml"
says err 'kept as it is'
node -e 'const lines = require("fs").readFileSync(0, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  const of = (host) => lines.filter((line) => line.host === host);
  const boots = of("red/box").find((line) => line.doing && line.doing.stage === "boot");
  const usual = of("health/web").find((line) => line.doing && line.doing.usual_us > 0);
  const end = lines.at(-1);
  process.exit(boots && boots.doing.limit_us === 15e6 && usual && end.ready === 4 && end.hosts === 5 ? 0 : 1);' <"$work/out" ||
  { cat "$work/out"; fail "--json does not tell what each VM does, for how long and how long it usually takes"; }
[ "$(parry status small --json | json d.state)" = failed ] || fail "not shown as failed"
[ "$(parry status small --json | json 'd.hosts.filter(h => h.state === "ready").length')" = 4 ] || fail "the others are not kept"
expect_status 0 parry status small
says out 'because: red/box: its agent said no hello within 15 s'
says out 'tries again where it stopped, `parry logs small red/box` shows'
expect_status 0 parry logs small box
says err 'it is failed: its agent said no hello within 15 s'
expect_status 3 parry logs small web
says err 'there are health/web, lands/web'
expect_status 0 parry down small
expect_nothing_left small
ok "--keep keeps what there is, and status and logs say why"
expect_status 0 parry status small
says out 'it was failed, and taken down at'
expect_status 0 parry logs small health/web --libvirt -n 1
says out 'shutting down'
expect_status 0 parry logs small health/web --agent
says err "the drill's daemon does not run"
expect_status 0 parry plan "$here/small.yaml"
says out 'ready   about'
ok "what there was can be read when it is down"

# Ctrl-C on a terminal asks first.
mkfifo "$work/keys"
script -qfec "parry run $here/small.yaml" "$work/tty" <"$work/keys" >/dev/null 2>&1 &
run=$!
exec 9>"$work/keys"
wait_for 180 "the drill runs" grep -q 'drill running' "$work/tty"
printf '\003' >&9
wait_for 20 "the question" grep -q 'remove its VMs? \[y/N\]' "$work/tty"
printf 'n\n' >&9
wait_for 20 "the drill goes on" sh -c 'parry status small --json | grep -q "\"running\""'
printf '\003' >&9
wait_for 20 "the question again" sh -c "[ \$(grep -c 'remove its VMs' '$work/tty') = 2 ]"
printf 'y\n' >&9
status=0
wait "$run" || status=$?
exec 9>&-
[ "$status" = 130 ] || { cat "$work/tty" >&2; fail "parry run: exit $status, not 130"; }
grep -q '^report: ' "$work/tty" || fail "no report of what there was"
expect_nothing_left small
ok "Ctrl-C under parry run: asks, goes on after a no, reports and cleans up after a yes"
