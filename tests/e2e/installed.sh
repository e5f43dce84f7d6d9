#!/usr/bin/env bash
# An installation works from wherever it was put, without the build tree.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean installed; parry host stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
clean installed
# The private libvirt, too, is to be the installed one, and not to outlive it.
expect_status 0 parry host stop

expect_status 0 cmake --install "$PARRY_BIN/.." --prefix "$work/prefix"
export PATH=$work/prefix/bin:$PATH
[ "$(command -v parry)" = "$work/prefix/bin/parry" ] || fail "another parry is run: $(command -v parry)"
for page in man1/parry.1 man1/parry-verify.1 man5/parry-scenario.5 man8/parryd.8 man8/parry-host.8 \
  man8/parry-hub.8 man8/parry-gate.8 man8/parry-board.8 man8/parry-agent.8; do
  [ -s "$work/prefix/share/man/$page" ] || fail "no $page"
done
ok "programs and manual pages are installed"

expect_status 0 parry check "$work/prefix/share/doc/parry/examples/first-drill.yaml"
ok "an installed example is good"

cat >"$work/installed.yaml" <<'YAML'
parry: 1
drill: {name: installed, start: 2026-11-13T09:00, timezone: UTC, duration: 1h}
teams: {red: {side: red, estate: attackers}}
networks: {internet: {cidr: 203.0.113.0/24}}
estates: {attackers: {hosts: {box: {image: micro, memory: 96M, nics: {internet: auto}}}}}
YAML
expect_status 0 parry up "$work/installed.yaml"
for pid in $(parry host status --json | json d.pid) $(parry status installed --json | json '[d.pid, d.hub_pid, ...d.services.map(s => s.pid)].join(" ")'); do
  program=$(readlink "/proc/$pid/exe") || fail "pid $pid is gone"
  case $program in
  "$work/prefix"/*) ;;
  *) fail "$program runs, and is not the installed one" ;;
  esac
done
ok "a drill comes up, by the installed programs alone"
[ "$(parry exec installed red/box 'echo here')" = here ] || fail "red/box does not answer"
expect_status 0 parry verify installed
expect_status 0 parry down installed
expect_nothing_left installed
ok "it is verified and taken down"
