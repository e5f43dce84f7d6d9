#!/usr/bin/env bash
# What a player does on a live host, from OpenSSH's client to the journal: whose it is, what of it
# is Parry's own, and that what a flood loses is counted to the last row.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean watching; rm -rf "$work"' EXIT
clean watching

expect_status 0 parry up "$here/watching.yaml"
says out '2 of 2 VMs ready'
status=$(parry status watching --json)
port=$(json 'd.services.find(s => s.name === "parry-gate").listen.split(":").pop()' <<<"$status")
key=$PARRY_HOME/keys/watching/players/health-health
expect_status 0 parry start watching

row() { # row CONDITION: such a row is in the journal
  [ "$(sql watching "select count(*) > 0 from observation where $1")" = 1 ]
}
observed() { # observed EXPRESSION: of the gateway, as `parry status` tells it; o is that, c its clock
  parry status watching --json |
    json "(() => { const h = d.hosts.find(h => h.id === 'health/gateway'), o = h.observed, c = h.clock; return $1; })()"
}
is() { [ "$(observed "$1")" = true ]; }
terminal() { # terminal: a shell of health's player on the gateway; what it is to type comes in
  timeout 60 ssh -tt -p "$port" -i "$key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
    -o UserKnownHostsFile="$work/known" -o LogLevel=ERROR -o BatchMode=yes health@127.0.0.1 shell gateway \
    >"$work/terminal" 2>&1 || true
}

wait_for 30 "the gateway is watched" is 'o.on'
wait_for 30 "its clock is known" is 'c !== undefined'
has_event watching agent.clock/1 "host = 'health/gateway'" || fail "its clock is not in the journal"
[ "$(json 'String(d.hosts.find(h => h.id === "health/referee").observed)' <<<"$(parry status watching --json)")" = undefined ] ||
  fail "the referee is watched"
ok "the player's host is watched, white's is not"

terminal <<'END'
sleep 1234 &
kill -9 $!
iptables -A INPUT -s 203.0.113.99 -j DROP
echo done >>/srv/notes
exit
END
wait_for 30 "the end of the terminal" has_event watching terminal.closed/1
auid=$(sql watching "select json_extract(body, '$.auid') from event where kind = 'terminal.opened/1'")
[ "$auid" = 2000000001 ] || fail "the first player's login uid is $auid"
whose="player = 'health/health' and auid = $auid and origin = 1"
wait_for 30 "the kill" row "$whose and what = 0 and to_ like 'signal 9 %'"
wait_for 30 "the block" row "$whose and args like 'iptables %203.0.113.99%'"
wait_for 30 "the file" row "$whose and what = 5 and path = '/srv/notes'"
ok "what a player does bears their pseudonym"

wait_for 30 "a check's rows" row "origin = 3 and player = '' and args like '%/srv/notes%'"
expect_status 0 parry exec watching health/gateway 'ls /srv/notes'
wait_for 30 "the order's rows" row "origin = 2 and player = '' and exe <> '' and args like '%ls /srv/notes%'"
row "origin in (2, 3) and player <> ''" && fail "Parry's own doing bears a player's name"
ok "checks and orders are known for Parry's own"

wait_for 60 "the acts" has_event watching player.action/1 "json_extract(body, '$.player') = 'health/health'"
for action in killed-process blocked-address; do
  wait_for 30 "$action" has_event watching player.action/1 "json_extract(body, '$.action') = '$action'"
done
[ "$(sql watching "select count(*) from event where kind = 'player.action/1' and json_extract(body, '$.player') <> 'health/health'")" = 0 ] ||
  fail "an act of somebody else"
ok "the acts of a defender are found, and theirs"

terminal <<'END'
i=0; while [ $i -lt 2000 ]; do : >/srv/f$i; i=$((i+1)); done
exit
END
wait_for 30 "a gap" has_event watching observe.gap/1 "host = 'health/gateway'"
wait_for 30 "the last row of the terminal" is 'o.rows > 0 && o.lost.queue > 0'
expect_status 0 parry end watching
wait_for 30 "the end" has_event watching drill.state/1 "json_extract(body, '$.to') = 'judging'"
counts() { # rows seen, numbers given, lost on the way, lost in the kernel
  echo "$(observed o.numbered)" "$(sql watching "select (select count(*) from observation),
    sum(json_extract(body, '$.queue') + json_extract(body, '$.channel') + json_extract(body, '$.hub')), sum(json_extract(body, '$.kernel'))
  from event where kind = 'observe.gap/1'" | tr '|' ' ')"
}
add_up() {
  read -r numbers rows lost kernel <<<"$(counts)"
  echo "$numbers numbered, $rows seen, $lost lost, $kernel records in the kernel"
  [ $((rows + lost)) = "$numbers" ]
}
# A loss that goes on is told once a minute.
wait_for 90 "rows and losses to add up" add_up
add_up >/dev/null
echo "# $rows rows seen, $lost lost, $numbers numbered; $kernel records lost in the kernel"
[ "$lost" -gt 100 ] || fail "$lost lost is no flood"
[ "$(sql watching "select min(json_extract(body, '$.to_us') >= json_extract(body, '$.from_us')) from event where kind = 'observe.gap/1'")" = 1 ] ||
  fail "a gap ends before it begins"
ok "a flood: what was seen and what was lost is what there was"

# The order dies with the agent that runs it, which says so when it is back.
parry exec watching health/gateway 'kill -9 $(pidof agent)' >"$work/out" 2>&1 || true
wait_for 60 "the gap that a killed agent leaves" has_event watching observe.gap/1 "json_extract(body, '$.why') is not null"
is 'o.on' || fail "the agent that was started again does not watch"
ok "an agent that was killed leaves a gap, and the next one watches"

parry observations watching --what exec --player health/health >"$work/out"
says out 'iptables -A INPUT -s 203.0.113.99 -j DROP'
expect_status 64 parry observations watching --what kill
parry observations watching --host health/gateway --json | json 'd.every(r => r.host === "health/gateway") && d.length > 50' | grep -qx true ||
  fail "rows as JSON"
expect_status 0 parry-verify "$PARRY_HOME/drills/watching/journal.db"
expect_status 0 parry down watching
parry observations watching --what file >"$work/out"
says out /srv/notes
ok "white reads them, also when the drill is down"
printf '%d passed\n' "$passed"
