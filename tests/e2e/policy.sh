#!/usr/bin/env bash
# Hosts that fail: tried again, left out by consent, made later, over a kill of the daemon too.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean policy; rm -rf "$work"' EXIT
clean policy

state() { parry status policy --json | json "d.hosts.find(h => h.id === '$1').state"; }
is_state() { [ "$(state "$1")" = "$2" ]; }
count() { sql policy "select count(*) from event where kind = '$1' ${2:+and $2}"; }
boot() { parry exec policy "$1" 'cat /proc/sys/kernel/random/boot_id'; }

# ---- tried again, and a daemon killed between two tries ----

parry up --keep "$here/policy.yaml" >"$work/first" 2>&1 &
up=$!
wait_for 180 "a try that failed" has_event policy host.retry/1
kill -9 "$(cat "$PARRY_HOME/drills/policy/journal.lock")"
wait "$up" || true
expect_status 1 parry up policy
says err 'health/web: personalise: '
says err 'tries again'
[ "$(count host.retry/1 "host = 'health/web'")" = 1 ] || fail "not tried again once: $(count host.retry/1)"
[ "$(count domain.wanted/1 "host = 'health/web'")" = 2 ] || fail "not made twice"
[ "$(parry status policy --json | json d.state)" = failed ] || fail "not shown as failed"
is_state health/referee ready || fail "the referee is not kept"
is_state health/spare failed || fail "the spare host did not fail"
was=$(boot health/referee)
ok "a host that cannot be set up is made again, the daemon killed in between; then it fails"

# ---- a terminal is asked ----

mkfifo "$work/keys"
script -qfec "parry up policy" "$work/tty" <"$work/keys" >/dev/null 2>&1 &
up=$!
exec 9>"$work/keys"
wait_for 180 "the question" grep -q '\[y/a/k/N\]' "$work/tty"
grep -q 'out of every score: health/web-up' "$work/tty" || fail "not told: the check"
grep -q "nobody's score: deface@health" "$work/tty" || fail "not told: the attack"
[ "$(count degraded.consented/1)" = 0 ] || fail "agreed before it was asked"
printf 'y\n' >&9
wait "$up" || { cat "$work/tty" >&2; fail "up did not go on"; }
exec 9>&-
[ "$(count drill.degraded/1 "json_extract(body, '\$.how') = 'terminal'")" = 1 ] || fail "no word on who agreed"
[ "$(boot health/referee)" = "$was" ] || fail "what was ready was made again"
[ "$(count isolation.proved/1)" = 1 ] || fail "isolation was not proved"
expect_status 0 parry status policy
says out 'missing      health/web, by consent of'
ok "a terminal is asked with what is lost; ready without it"

# ---- without it, over a kill ----

expect_status 0 parry start policy
expect_status 0 parry inject --drill policy deface
wait_for 60 "the attack falls away" has_event policy inject.ended/1 "body like '%health/web is failed%'"
unchecked() { parry status policy >/dev/null; sql policy "select count(*) from check_result where status = 5" | grep -qv '^0$'; }
wait_for 60 "its check counts for nobody" unchecked
wanted=$(count domain.wanted/1)
kill -9 "$(cat "$PARRY_HOME/drills/policy/journal.lock")"

systemd_like() { parryd --home "$PARRY_HOME" --dir "$PARRY_HOME/drills/policy" </dev/null >>"$work/daemon" 2>&1 & }
systemd_like
wait_for 60 "another daemon" sh -c 'parry status policy --json | grep -q "\"running\""'
wait_for 60 "the referee is back" sh -c "[ \"\$(parry exec policy health/referee 'echo here')\" = here ]"
[ "$(count domain.wanted/1)" = "$wanted" ] || fail "missing hosts were made without a word"
ok "checks and attacks without it count for nobody; a restart leaves it so"

# ---- and it joins ----

expect_status 0 parry exec policy health/referee 'mkdir -p /tmp/www && echo go >/tmp/www/go && httpd -p 8000 -h /tmp/www'
expect_status 0 parry up policy
says err 'made now, beside the drill'
wait_for 180 "it joins" has_event policy host.joined/1 "host = 'health/web'"
is_state health/web ready || fail "web is not ready"
[ "$(parry exec policy health/web 'wc -l </tmp/runs' | tr -d ' ')" = 1 ] || fail "its script ran twice"
up_again() { [ "$(sql policy "select status from check_result order by seq desc limit 1")" = 0 ]; }
wait_for 60 "its check is UP" up_again
wait_for 60 "it is proved isolated" has_event policy isolation.round/1 "host = 'health/web'"
expect_status 0 parry report policy
says out 'report'
report=$PARRY_HOME/drills/policy/report/report.md
grep -q '^## How the range was made' "$report" || fail "no timeline in the report"
grep -q 'Begun without hosts that failed' "$report" || fail "not in the report: what was missing"
ok "made by word it joins the drill; the report tells how the range was made"

expect_status 0 parry down policy
expect_nothing_left policy
expect_status 0 parry-verify "$PARRY_HOME/drills/policy"
ok "down, and the journal is sound"
