#!/usr/bin/env bash
# Memory clones: hosts of one shape boot once; they are nobody but themselves; a reset brings
# each back; the cache is used, checked, and done without.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean small; rm -rf "$work"' EXIT
clean small
rm -rf "$PARRY_HOME"/golden/*

count() { # count KIND [CONDITION]
  sql small "select count(*) from event where kind = '$1' ${2:+and $2}"
}

from_golden="json_extract(body, '\$.from') = 'golden'"

expect_status 0 parry up "$here/small.yaml"
[ "$(count golden.done/1 "not json_extract(body, '\$.cached')")" = 1 ] || fail "not one golden guest"
[ "$(count domain.done/1 "$from_golden")" = 5 ] || fail "not 5 clones"
[ "$(count clone.proved/1)" = 5 ] || fail "not 5 are proved distinct"
[ "$(sql small "select count(distinct json_extract(body, '\$.machine_id')) from event where kind = 'clone.proved/1'")" = 5 ] ||
  fail "machine-ids are not distinct"
parry status small >"$work/out"
says out 'golden guest like'
virsh -q -c "$(parry host status --json | json d.uri)" list --name >"$work/out"
! grep -q golden "$work/out" || fail "the golden guest still runs"
ok "5 hosts of one shape boot once"

# What each says of itself, asked afresh: by the guest's own means, in its own words.
for host in health/web health/referee lands/web lands/referee red/box; do
  parry exec small "$host" 'cat /proc/sys/kernel/hostname; cat /etc/machine-id
    cat /sys/class/net/eth0/address; ip -4 -o addr show eth0 | sed "s/.*inet \([^ ]*\).*/\1/"
    head -c 16 /dev/urandom | sha256sum; date +%s' >"$work/${host/\//-}"
  read -r name <"$work/${host/\//-}"
  [ "$name" = "${host#*/}" ] || fail "$host calls itself $name"
  said=$(tail -n 1 "$work/${host/\//-}")
  off=$((said - $(date +%s)))
  [ "${off#-}" -le 20 ] || fail "the clock of $host is off by $off s"
done
for line in 2 3 4 5; do
  [ "$(sed -n "${line}p" "$work"/health-* "$work"/lands-* "$work"/red-* | wc -l)" -ge 1 ] || fail "nothing was said"
  [ "$(for file in "$work"/health-* "$work"/lands-* "$work"/red-*; do sed -n "${line}p" "$file"; done |
    sort -u | wc -l)" = 5 ] || fail "two clones say the same in line $line"
done
ok "name, machine-id, MAC, address, random numbers and clock are each clone's own"

# A reset undoes what was done, ends what is under way, and leaves the neighbours alone.
parry exec small health/web 'echo broken >/var/www/html/index.html; touch /root/left; echo kept >/tmp/x' >/dev/null
parry exec small lands/web 'touch /tmp/neighbour' >/dev/null
parry start small >/dev/null
before=$(sql small 'select max(seq) from event')
parry exec small health/web 'sleep 120' >"$work/sleep" 2>&1 &
sleeper=$!
wait_for 20 "an order is under way" has_event small order.started/1 "host = 'health/web' and seq > $before"
expect_status 0 parry reset --reason "broken by hand" small health/web
says out 'back as when ready'
! wait "$sleeper" || fail "an order outlived its guest"
[ "$(count order.lost/1 "host = 'health/web'")" = 1 ] || fail "the order there is not lost"
[ "$(parry exec small health/web 'cat /var/www/html/index.html; ls /root/left /tmp/x 2>/dev/null; cat /proc/sys/kernel/hostname')" = \
  "Welcome to the departmentweb" ] || fail "health/web is not as it was"
parry exec small lands/web 'ls /tmp/neighbour' >/dev/null || fail "the neighbour was touched"
has_event small reset.done/1 "host = 'health/web' and $from_golden and json_extract(body, '\$.epoch') > 1" || fail "no reset.done"
off=$(($(parry exec small health/web 'date +%s') - $(date +%s)))
[ "${off#-}" -le 20 ] || fail "the clock is off by $off s after the reset"
wait_for 60 "checks of it are up again" sh -c "sqlite3 -readonly '$PARRY_HOME/drills/small/journal.db' \
  \"select count(*) from event where kind = 'check.round/1' and seq > (select max(seq) from event where kind = 'reset.done/1')\" | grep -q '[1-9]'"
ok "reset: as it was, its order lost, its clock right, the neighbours untouched"

expect_status 0 parry reset small lands
[ "$(count reset.done/1 "host like 'lands/%'")" = 2 ] || fail "not both hosts of lands"
expect_status 0 parry reset small all --json
[ "$(json d.hosts <"$work/out")" = 5 ] || fail "not all"
[ "$(parry status small --json | json 'd.hosts.filter(h => h.state === "ready").length')" = 5 ] || fail "not all are ready"
expect_status 3 parry reset small nobody
says err 'no host, no team'
ok "reset of a team and of all, and of nobody"

# parryd is killed, and taken up: it knows who is a clone of what; a reset is done to its end.
crashed() { parry status | grep -q '^small *crashed'; }
kill_daemon() {
  kill -9 "$(cat "$PARRY_HOME/drills/small/journal.lock")"
  wait_for 10 "the crash is noticed" crashed
}
until_event() { # until_event KIND NUMBER: as fast as can be
  local until=$((SECONDS + 60))
  until [ "$(count "$1" 2>/dev/null || echo 0)" -ge "$2" ]; do
    [ "$SECONDS" -lt "$until" ] || fail "not in time: $1"
  done
}
none_open() { # what is to be observed is told after a reset is done
  [ "$(sql small 'select count(*) from open_act')" = 0 ]
}
wanted=$(count reset.wanted/1)
for moment in reset.wanted/1 agent.hello/1; do
  parry exec small health/web 'touch /tmp/left'
  wanted=$((wanted + 1))
  heard=$(count agent.hello/1)
  parry reset small health/web >"$work/reset" 2>&1 &
  resetting=$!
  if [ "$moment" = reset.wanted/1 ]; then until_event reset.wanted/1 "$wanted"; else until_event agent.hello/1 $((heard + 1)); fi
  kill_daemon
  wait "$resetting" || true # which may have been faster than its kill
  expect_status 0 parry up small
  until_event reset.done/1 "$wanted"
  [ "$(parry exec small health/web 'ls /tmp/left 2>/dev/null; cat /proc/sys/kernel/hostname')" = web ] || fail "health/web is not as it was"
done
[ "$(count reset.wanted/1)" = "$wanted" ] || fail "a reset was wanted twice"
[ "$(count reset.done/1 "not ($from_golden)")" = 0 ] || fail "a reset booted"
expect_status 0 parry reset small all
[ "$(count reset.done/1 "$from_golden")" = $((wanted + 5)) ] || fail "not all were restored by the daemon that came later"
[ "$(count golden.wanted/1)" = 1 ] || fail "another golden guest was wanted"
wait_for 20 "every act comes to its end" none_open
ok "killed in resets: they come to their end, and later ones restore as before"

expect_status 0 parry down small
expect_nothing_left small
expect_status 0 parry up "$here/small.yaml"
[ "$(count golden.done/1 "json_extract(body, '\$.cached')")" = 1 ] || fail "not out of the cache"
[ "$(count domain.done/1 "$from_golden")" = 5 ] || fail "not 5 clones out of the cache"
! ls "$PARRY_HOME"/drills/small/logs/*golden* 2>/dev/null || fail "a golden guest booted"
parry gc --golden 0 >"$work/out"
! grep -q golden/ "$work/out" || fail "gc took what a drill stands on"
ok "the next drill boots nothing"

# Spoilt on disk: found by its hash, made anew.
parry down small >/dev/null
memory=$(echo "$PARRY_HOME"/golden/*/memory)
printf 'x' | dd of="$memory" bs=1 seek=3000000 conv=notrunc status=none
expect_status 0 parry up "$here/small.yaml"
[ "$(count golden.done/1 "not json_extract(body, '\$.cached')")" = 1 ] || fail "a spoilt one was used"
[ "$(count domain.done/1 "$from_golden")" = 5 ] || fail "not 5 clones after a spoilt one"
ok "a spoilt golden guest is made anew"

parry down small >/dev/null
parry gc --golden 0 >"$work/out"
says out '/golden/'

# parryd is killed while the golden guest boots, and again when it has just been kept.
parry up "$here/small.yaml" >"$work/up" 2>&1 &
up=$!
golden_runs() { virsh -q -c "$(parry host status --json | json d.uri)" list --name | grep -q golden; }
wait_for 60 "the golden guest boots" golden_runs
kill_daemon
wait "$up" || true
parry up small >"$work/up" 2>&1 &
up=$!
until_event golden.done/1 1
kill_daemon
wait "$up" || true
expect_status 0 parry up small
[ "$(count golden.failed/1)" = 1 ] || fail "the golden guest that nobody waited for is not told of"
[ "$(count golden.done/1)" = 1 ] || fail "not one golden guest came to its end"
[ "$(count domain.done/1 "$from_golden")" = 5 ] || fail "not 5 clones"
[ "$(count clone.failed/1)" = 0 ] || fail "clones were given up"
wait_for 20 "every act comes to its end" none_open
virsh -q -c "$(parry host status --json | json d.uri)" list --name >"$work/out"
! grep -q golden "$work/out" || fail "a golden guest still runs"
ok "killed while the golden guest is made: another one is, and all are clones"

parry down small >/dev/null
parry gc --golden 0 >"$work/out"
expect_status 0 parry up --no-clones "$here/small.yaml"
[ "$(count golden.wanted/1)" = 0 ] || fail "clones although switched off"
has_event small domain.done/1 "json_extract(body, '\$.reason') like '%--no-clones%'" || fail "no reason"
all_saved() { [ "$(count checkpoint.done/1)" -ge 5 ]; }
wait_for 60 "all are saved" all_saved
expect_status 0 parry checkpoint --delete small ready
expect_status 0 parry reset small health/referee
has_event small reset.done/1 "json_extract(body, '\$.from') = 'boot'" || fail "not booted"
parry exec small health/referee true
expect_status 0 parry down small
expect_nothing_left small
ok "without clones all boot, resets too"
