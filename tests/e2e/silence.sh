#!/usr/bin/env bash
# An agent that is stopped while its VM runs: counted, and white sees why Parry thinks so.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean does; rm -rf "$work"' EXIT
clean does

expect_status 0 parry up "$here/does.yaml"
expect_status 0 parry start does
web() { parry status does --json | json "d.hosts.find(h => h.id === 'health/web').$1"; }
is() { [ "$(web state)" = "$1" ]; }

# The agent is process 1's child; a shell that outlives the order wakes it again.
expect_status 0 parry exec does health/web '
p=$(pidof parry-agent || pidof agent)
(sleep 1; kill -STOP $p; sleep 42; kill -CONT $p) >/dev/null 2>&1 &'
wait_for 50 "the silence is seen" is silent
reason=$(web reason)
case $reason in
*'no sign of life for 3'*'its channel is connected'*'its VM runs'*) ;;
*) fail "white is not told why: $reason" ;;
esac
expect_status 0 parry status does
says out 'no sign of life'
has_event does agent.lost/1 "json_extract(body, '\$.vm') = 'running' and json_extract(body, '\$.over_us') > 0" ||
  fail "the event has no facts"
wait_for 10 "its check counts as DOWN" has_event does check.round/1 "seq in (select seq from check_result where status = 1 and text like '%silent%')"
ok "a stopped agent: $reason"
wait_for 40 "it is heard again" is ready
has_event does agent.back/1 "json_extract(body, '\$.silent_us') > 30000000" || fail "no event of its return"
wait_for 20 "its check is UP again" sh -c "[ \"\$(sqlite3 -readonly '$PARRY_HOME/drills/does/journal.db' 'select status from check_result order by seq desc limit 1')\" = 0 ]"
ok "it is heard again, and counts again"
