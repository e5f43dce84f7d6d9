#!/usr/bin/env bash
# Agents that are replaced while they work, hosts that have none, consoles and logs.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean agents; rm -rf "$work"' EXIT
clean agents

expect_status 0 parry up "$here/agents.yaml"
says out '4 of 4 VMs ready'
expect_status 0 parry start agents

# ---- a host without an agent ----

up_by_referee() {
  [ "$(sql agents "select count(*) from check_result where status = 0")" -gt 0 ]
}
wait_for 60 "the till is UP" up_by_referee
[ "$(parry status agents --json | json 'd.hosts.find(h => h.id === "health/till").state')" = ready ] || fail "the till is not ready"
has_event agents isolation.round/1 "host = 'health/till' and body like '%proved from the host side%'" ||
  fail "the proof does not say that the till was not asked"
expect_status 1 parry exec agents health/till true
says err 'has no agent'
ok "agent: none: checked over the network by the referee, ready, and in the isolation proof"

# ---- agents ----

version() { parry agent list agents --json | json "d.find(a => a.id === '$1').version"; }
# Another build is another program with another version: the same with one text changed.
agent=$PARRY_BIN/parry-agent-static
own=$("$agent" --version)
own=${own##* }
next=$(tr 0-8 1-9 <<<"$own")
LC_ALL=C sed "s/${own//./\\.}/$next/g" "$agent" >"$work/next"
chmod 755 "$work/next"
[ "$("$work/next" --version)" = "parry-agent $next" ] || fail "no other build to push"

[ "$(version health/desk)" = "$own" ] || fail "agent list does not say $own"
parry agent list agents >"$work/out"
says out 'health/desk'
grep -qE '^health/till +ready +none +- *$' "$work/out" || { cat "$work/out" >&2; fail "the till has an agent"; }
ok "agent list: state, way, version"

printf '\x7fELF' >"$work/short"
cp "$agent" "$work/arm"
printf '\xb7' | dd of="$work/arm" bs=1 seek=18 conv=notrunc status=none
refused() { # refused TEXT ARGS…
  local text=$1
  shift
  expect_status 1 parry agent push agents "$@"
  cat "$work/out" >>"$work/err"
  says err "$text"
}
refused 'not a program' health/desk --file /etc/passwd
refused 'not a program' health/desk --file "$work/short"
refused 'for another architecture' health/desk --file "$work/arm"
refused 'not a static program' health/desk --file /bin/true
refused 'No such file' health/desk --file "$work/none"
refused 'it has no agent' health/till
expect_status 3 parry agent push agents health/nobody
expect_status 64 parry agent push agents
! has_event agents agent.replace.wanted/1 || fail "something was begun"
ok "agent push refuses what guests cannot run, and says why"

parry exec -t 200 agents health/desk 'until [ -e /tmp/go ]; do sleep 0.2; done; echo slept' >"$work/slept" 2>&1 &
sleeper=$!
wait_for 20 "the order runs" has_event agents order.started/1 "host = 'health/desk'"
expect_status 1 parry agent push agents health/desk --wait 1 --file "$work/next"
says out 'not replaced: busy: an order runs'
has_event agents agent.replace.failed/1 "body like '%busy: an order runs%'" || fail "the failure is not in the journal"
[ "$(version health/desk)" = "$own" ] || fail "a busy agent was replaced"
parry agent push agents health/desk --wait 120 --file "$work/next" >"$work/push" 2>&1 &
pusher=$!
wait_for 60 "the push waits" grep -q 'waits busy: an order runs' "$work/push"
parry exec agents health/desk 'touch /tmp/go'
wait "$pusher" || fail "not replaced: $(cat "$work/push")"
wait "$sleeper" || fail "the order was lost: $(cat "$work/slept")"
grep -qx slept "$work/slept" || fail "the order's output was lost"
[ "$(version health/desk)" = "$next" ] || fail "the agent was not replaced"
ok "a busy agent is left alone for as long as --wait says, then replaced; its order is not lost"

# Orders all the while, from three sides; each must run once.
storm() {
  local n
  for n in $(seq 1 8); do
    parry exec agents health/desk "/bin/echo $1-$n >>/tmp/ran; echo $1-$n" >>"$work/storm.$1" 2>&1 || printf 'lost %s-%s\n' "$1" "$n" >>"$work/storm.$1"
  done
}
storms=()
for side in a b c; do
  storm "$side" &
  storms+=($!)
done
expect_status 0 parry agent push agents health/desk --file "$agent"
expect_status 0 parry agent push agents --all --file "$work/next"
says out 'lands/desk'
wait "${storms[@]}"
cat "$work"/storm.? | sort >"$work/said"
parry exec agents health/desk 'sort /tmp/ran' >"$work/ran"
for side in a b c; do for n in $(seq 1 8); do printf '%s\n' "$side-$n"; done; done | sort >"$work/want"
cmp "$work/want" "$work/ran" || { diff "$work/want" "$work/ran" >&2 || true; fail "orders were lost or run twice"; }
cmp "$work/want" "$work/said" || { diff "$work/want" "$work/said" >&2 || true; fail "answers were lost"; }
[ "$(version health/desk)" = "$next" ] && [ "$(version lands/desk)" = "$next" ] || fail "not all were replaced"
expect_status 0 parry agent push agents health/desk --file "$work/next"
[ "$(sql agents "select count(*) from event where kind = 'agent.replace.done/1'")" = 6 ] || fail "not six replaced agents in the journal"
[ "$(sql agents "select count(*) from event where kind = 'order.lost/1'")" = 0 ] || fail "orders are lost"
sql agents "select body from event where kind = 'agent.replace.done/1' order by seq desc limit 1" |
  json 'd.sha256' | grep -qx "$(sha256sum "$work/next" | cut -d' ' -f1)" || fail "the journal names another program"
[ "$(parry exec agents health/desk 'sha256sum </parry/agent')" = "$(sha256sum <"$work/next")" ] || fail "init would start the old one again"
ok "replaced among 24 orders: each ran once and was answered once; the same again is fine"

# Each of these orders ran /bin/echo once. What was seen of that before the old agent ended is in the
# journal once; what ran while nobody observed is within a gap that has bounds.
seen() { sql agents "select count(*) from observation where what = 0 and args glob '/bin/echo [abc]-[0-9]*'"; }
twice=$(sql agents "select args from observation where what = 0 and args glob '/bin/echo [abc]-[0-9]*' group by args having count(*) > 1")
[ -z "$twice" ] || fail "observed twice: $twice"
wait_for 30 "the gaps" has_event agents observe.gap/1 "host = 'health/desk' and json_extract(body, '\$.to_us') >= json_extract(body, '\$.from_us')"
# How many fell into the gaps is the machine's; that the last agent observes again is not.
observed_again() {
  parry exec agents health/desk '/bin/echo again' >/dev/null
  [ "$(sql agents "select count(*) from observation where what = 0 and args = '/bin/echo again'")" -gt 0 ]
}
wait_for 30 "the last agent observes" observed_again
ok "observed across replacements: $(seen) of 24, none twice, the rest in $(sql agents "select count(*) from event where kind = 'observe.gap/1' and host = 'health/desk'") gaps"

# ---- consoles ----

# by_another TEXT LINE COMMAND…: beside the console under test, that command is told the line once
# it is through, shows the text, and is ended.
by_another() {
  local text=$1 line=$2 pid
  shift 2
  rm -f "$work/second.in"
  mkfifo "$work/second.in"
  "$@" <"$work/second.in" >"$work/second" 2>&1 &
  pid=$!
  exec 7>"$work/second.in"
  wait_for 20 "another's console" grep -qaF '~. leaves it' "$work/second"
  printf '%s\n' "$line" >&7
  wait_for 20 "$text" grep -qa "$text" "$work/second"
  kill -INT "$pid"
  exec 7>&-
  wait "$pid" || true # ended by the signal
}

# console_begin COMMAND…: runs it with a pipe for its keys (descriptor 9); output in $work/tty.
console_begin() {
  rm -f "$work/keys"
  mkfifo "$work/keys"
  : >"$work/tty"
  "$@" <"$work/keys" >"$work/tty" 2>&1 &
  console=$!
  exec 9>"$work/keys"
}
shown() { wait_for 30 "on the console: $1" grep -qaF -- "$1" "$work/tty"; }
left() {
  exec 9>&-
  wait_for 20 "the console is left" sh -c "! kill -0 $console 2>/dev/null"
  wait "$console" || true
}

# recorded HOST TEXT: a recording of that host shows it.
recorded() {
  node -e '
    const shown = (path) => require("fs").readFileSync(path, "utf8").trim().split("\n").slice(1)
      .map((l) => JSON.parse(l)).filter((e) => e[1] === "o").map((e) => e[2]).join("");
    process.exit(process.argv.slice(2).some((p) => shown(p).includes(process.argv[1])) ? 0 : 1);' \
    "$2" "$PARRY_HOME/drills/agents/recordings"/*-"$1".cast
}
expect_status 3 parry console agents health/nobody </dev/null
console_begin script -qfec "parry console agents health/till" /dev/null
shown '~. leaves it'
printf '\r' >&9
shown '# '
printf 'echo mark-$((40 + 2))\r' >&9
shown 'mark-42'
# shellcheck disable=SC2016
printf 'printf "\\033]0;owned\\007\\033[6n\\033[31mred\\033[0m-end\\n"\r' >&9
shown "$(printf '\033[31mred\033[0m-end')"
! grep -qa "$(printf '\033]0;')" "$work/tty" || fail "the guest may set titles"
! grep -qa "$(printf '\033\\[6n')" "$work/tty" || fail "the guest may ask the terminal"
expect_status 1 parry console agents health/till </dev/null
says err 'its console is open already (white)'
printf '\r~.' >&9
shown left
left
wait_for 20 "its end in the journal" has_event agents terminal.closed/1 "host = 'health/till'"
recorded till mark-42 || fail "the console is not recorded"
ok "console: of a host without agent, filtered, recorded, one at a time, left by ~."

console_begin parry console agents health/till
shown '~. leaves it'
printf 'echo first-$((40 + 2))\n' >&9
shown 'first-42'
by_another second-42 'echo second-$((40 + 2))' parry console --take agents health/till
shown 'white took the console over'
left
ok "console: white takes it over"

# A viewer that does not read: the guest writes on, and the viewer is told what was missed.
log=$PARRY_HOME/drills/agents/logs/pr-agents-health-till.log
console_begin parry console agents health/till
shown '~. leaves it'
printf 'clear; echo begin-$((40 + 2))\n' >&9
shown 'begin-42'
before=$(stat -c %s "$log")
printf 'yes | head -c 250000; echo flood-$((40 + 2))\n' >&9
wait_for 20 "the flood begins" sh -c "[ \$(stat -c %s '$log') -gt $((before + 1000)) ]"
kill -STOP "$console"
wait_for 90 "the guest's flood ends though nobody reads" grep -qa flood-42 "$log"
kill -CONT "$console"
shown 'bytes of the console are not shown'
printf 'echo after-$((40 + 2))\n' >&9
shown 'after-42'
exec 9>&-
kill -INT "$console"
wait "$console" || true
has_event agents terminal.closed/1 "json_extract(body, '\$.bytes') > 1000" || fail "the flood is not in the journal"
ok "console: a flood that nobody reads stalls nobody"

status=$(parry status agents --json)
port=$(json 'd.services.find(s => s.name === "parry-gate").listen.split(":").pop()' <<<"$status")
play() {
  timeout 60 ssh -p "$port" -i "$PARRY_HOME/keys/agents/players/health-health" -o IdentitiesOnly=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile="$work/known" -o LogLevel=ERROR -o BatchMode=yes "$@"
}
for host in lands/desk referee; do
  if play health@127.0.0.1 console "$host" </dev/null >"$work/out" 2>&1; then fail "$host's console was opened"; fi
done
console_begin play -tt health@127.0.0.1 console desk
shown 'is recorded'
printf '\r' >&9
shown 'login:'
printf 'nurse\r' >&9
shown 'Password:'
printf 'spring-2026\r' >&9
shown '$ '
printf 'id -un; echo mark-$((40 + 2))\r' >&9
shown 'mark-42'
printf '\r~.' >&9
left
has_event agents terminal.opened/1 "actor = 'health/health' and body like '%\"via\":\"console\"%'" ||
  fail "a player's console is not in the journal"
wait_for 20 "its end" has_event agents terminal.closed/1 "host = 'health/desk'"
recorded desk mark-42 || fail "a player's console is not recorded"
ok "console: a player's own host through the gate, recorded; nobody else's"

# ---- logs ----

parry logs agents health/till >"$work/out"
says out 'mark-42'
! grep -qa "$(printf '\033')" "$work/out" || fail "a log with escapes"
parry logs agents health/desk --libvirt -n 2 >"$work/out"
[ "$(wc -l <"$work/out")" = 2 ] || fail "not the last two lines"
parry logs agents health/desk --agent >"$work/out"
timeout -s INT 10 parry logs agents health/till --follow -n 1 >"$work/tty" 2>&1 &
follower=$!
by_another new-42 'echo new-$((40 + 2))' parry console agents health/till
shown 'new-42'
kill -INT "$follower"
wait "$follower" || fail "--follow does not end by a signal"
ok "logs: console, libvirt, agent; --follow"

# The VM ends under an open console.
console_begin parry console agents health/till
shown '~. leaves it'
virsh -q -c "$(parry host status --json | json d.uri)" destroy pr-agents-health-till >/dev/null
shown 'the VM closed its console'
left
wait_for 20 "the host is lost" sh -c "parry status agents --json | grep -q '\"lost\"'"
expect_status 1 parry console agents health/till </dev/null
says err 'its console: connect to'
ok "console: ends with its VM"

parry down agents >"$work/out"
expect_nothing_left agents
ok "nothing left"
