#!/usr/bin/env bash
# What goes wrong under a running drill: each fault is named, counted, and the drill goes on.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean small second; [ -z "${holder:-}" ] || kill "$holder" 2>/dev/null; rm -rf "$work"' EXIT
clean small second

# Somebody has port 2222 already.
node -e 'require("net").createServer().listen(2222, "127.0.0.1").on("error", () => {}); setTimeout(() => {}, 3e5)' &
holder=$!
wait_for 60 "somebody listens on port 2222" bash -c 'exec 3<>/dev/tcp/127.0.0.1/2222'

expect_status 0 parry up "$here/small.yaml"
expect_status 0 parry start small
listen=$(parry status small --json | json 'd.services.find(s => s.name === "parry-gate").listen')
[ "$listen" != 127.0.0.1:2222 ] || fail "two listen on port 2222"
ok "port 2222 taken: another one is used ($listen)"

alive() { # alive HOST: it answers an order
  [ "$(parry exec small "$1" 'echo here')" = here ]
}
pid_of() {
  parry status small --json | json "d.services.find(s => s.name === '$1').pid"
}
restarted() { # restarted NAME OLD: it has another pid, not 0
  local now
  now=$(pid_of "$1")
  [ "$now" != "$2" ] && [ "$now" != 0 ]
}
for service in parry-gate parry-board; do
  old=$(pid_of "$service")
  kill -9 "$old"
  wait_for 20 "$service started again" restarted "$service" "$old"
  has_event small helper.down/1 "json_extract(body, '\$.name') = '$service'" || fail "$service: no event"
  ok "$service killed: started again, an event"
done

old=$(parry status small --json | json d.hub_pid)
parry exec small health/web 'i=0; while [ $i -lt 200 ]; do echo line-$i; i=$((i + 1)); done; sleep 1; echo end' >"$work/order" &
order=$!
wait_for 20 "the order under way" has_event small order.started/1 "host = 'health/web'"
kill -9 "$old"
wait "$order" || fail "the order was lost with the hub"
[ "$(grep -c '^line-' "$work/order")" = 200 ] && tail -n 1 "$work/order" | grep -qx end ||
  fail "output was lost or doubled with the hub"
new=$(parry status small --json | json d.hub_pid)
[ "$new" != "$old" ] && [ "$new" != 0 ] || fail "the hub was not started again"
ok "parry-hub killed in the middle of an order: nothing lost, nothing doubled"

# A guest whose root does what it likes with the channel: its agent is stopped from coming back.
parry exec small lands/web 'cat >/tmp/evil <<"EOF"
port=/dev/$(basename $(dirname $(grep -l org.parry /sys/class/virtio-ports/*/name | head -n 1)))
n=0
while [ $n -lt 400 ]; do
  n=$((n + 1))
  for p in $(pidof agent parry-agent); do kill -9 $p; done
  { printf "\n{\"k\":\"hello\",\"v\":1,\"agent\":\"evil\",\"boot\":\"x\",\"epoch\":0,\"last\":0,\"name\":\"health-web\"}\n"
    printf "\377\376\200\n"
    head -c 4000 /dev/zero | tr "\000" "["; echo
    head -c 1048576 /dev/zero | tr "\000" x; } >$port
done
EOF
setsid sh /tmp/evil >/dev/null 2>&1 &' >/dev/null || true
wait_for 60 "the hostile guest is cut off" has_event small agent.cut/1 "host = 'lands/web'"
alive health/web || fail "health/web suffers from lands/web"
alive lands/referee || fail "lands/referee suffers from lands/web"
[ "$(sql small "select count(*) from event where kind = 'agent.cut/1' and host != 'lands/web'")" = 0 ] ||
  fail "somebody else was cut off"
ok "a hostile guest is cut off, and nobody else"

uri=$(parry host status --json | json d.uri)
vm=$(pgrep -f "qemu-system.*guest=pr-small-lands-web.*$PARRY_HOME/" | head -n 1) # of no other home
kill -9 "$vm"
wait_for 20 "the lost VM is named" has_event small domain.lost/1 "host = 'lands/web'"
[ "$(parry status small --json | json 'd.hosts.find(h => h.id === "lands/web").state')" = lost ] || fail "not shown as lost"
wait_for 60 "its service counts as down" has_event small check.round/1 "seq in (select seq from check_result where status = 1)"
[ "$(parry status small --json | json d.state)" = running ] || fail "the drill does not go on"
alive health/web || fail "health/web does not answer"
ok "QEMU killed: named, counted, the drill goes on"

sed 's/name: small/name: second/' "$here/small.yaml" >"$work/second.yaml"
expect_status 0 parry up --connect "$uri" "$work/second.yaml"
[ "$(parry status --json | json 'd.filter(s => ["running", "ready"].includes(s.state)).length')" = 2 ] || fail "not two drills"
expect_status 0 parry down second
expect_nothing_in() { virsh -q -c "$uri" list --name | grep -q "^pr-$1-" && fail "VMs of $1 are left"; return 0; }
expect_nothing_in second
alive health/web || fail "the second drill's end disturbed the first"
ok "a second drill beside it, by --connect, and its end"

expect_status 0 parry stop small
says out 'VMs suspended'
[ "$(virsh -q -c "$uri" list --state-running --name | grep -c '^pr-small-' || true)" = 0 ] || fail "a VM still runs"
[ "$(parry status small --json | json d.state)" = stopped ] || fail "not stopped"
expect_status 4 parry pause small
expect_status 0 parry resume small
alive health/web || fail "health/web did not come back"
ok "parry stop suspends every VM; resume brings them back"

daemon=$(parry status small --json | json d.pid)
kill -9 "$daemon"
wait_for 10 "the crash is noticed" sh -c 'parry status | grep -q "^small *crashed"'
expect_status 0 parry stop small
[ "$(virsh -q -c "$uri" list --state-running --name | grep -c '^pr-small-' || true)" = 0 ] || fail "the kill switch needs the daemon"
expect_status 3 parry exec small health/web true
ok "kill -9 of parryd: listed as crashed; the kill switch works without it"
expect_status 0 parry down small
expect_nothing_left small
ok "parry down removes all of a crashed drill"

# A drill that no directory owns: its directory is gone, its VMs are not.
expect_status 0 parry up "$here/small.yaml"
kill -9 "$(parry status small --json | json d.pid)"
wait_for 10 "the crash is noticed" sh -c 'parry status | grep -q "^small *crashed"'
mv "$PARRY_HOME/drills/small" "$work/away"
expect_status 0 parry gc --dry-run
says out 'would remove domain pr-small-health-web'
[ "$(virsh -q -c "$uri" list --name | grep -c '^pr-small-')" = 5 ] || fail "--dry-run removed something"
expect_status 0 parry gc
expect_nothing_left small
ok "parry gc removes what no drill directory owns"
