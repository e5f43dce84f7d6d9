#!/usr/bin/env bash
# What is gone comes back: one VM, the hypervisor's daemon, the whole hypervisor with all VMs and
# networks (a machine that was started anew), and the drill on another machine, out of a copy. Hosts
# without a disk come out of their newest checkpoint: what was in their memory is there again.
. "$(dirname "$0")/lib.sh"
first=$PARRY_HOME
standby=$first-standby
trap 'finish' EXIT
finish() {
  [ -z "${KEEP:-}" ] || return 0
  PARRY_HOME=$standby clean reboot
  PARRY_HOME=$standby parry host stop --force >/dev/null 2>&1 || true
  clean reboot
  rm -rf "$work" "$standby"
}
clean reboot
rm -rf "$standby"

daemon_pid() { cat "$PARRY_HOME/drills/reboot/journal.lock"; }
kill_daemon() {
  kill -9 "$(daemon_pid)"
  wait_for 10 "the crash is noticed" sh -c 'parry status | grep -q "^reboot *crashed"'
}
count() { # count KIND [CONDITION]
  sql reboot "select count(*) from event where kind = '$1' ${2:+and $2}"
}
more() { [ "$(count "$1" "${3:-}")" -gt "$2" ]; }
state_of() { parry status reboot --json | json "d.hosts.find(h => h.id === '$1').state"; }
is() { [ "$(state_of "$1")" = "$2" ]; }
clock() { parry status reboot --json | json d.clock_us; }
here() { [ "$(parry exec reboot "$1" 'echo here')" = here ]; }
# In the memory of its guest, and nowhere else: until there is a checkpoint.
mark() { parry exec reboot "$1" "echo $2 >/tmp/mark" >/dev/null; }
marked() { [ "$(parry exec reboot "$1" 'cat /tmp/mark 2>/dev/null || echo none')" = "$2" ]; }
from() { printf "json_extract(body, '\$.from') = '%s'" "$1"; }
vm_pid() { pgrep -f "qemu-system.*guest=pr-reboot-$1.*$PARRY_HOME/" | head -n 1; }
# All of it, as a machine that loses its power: parry-host, its namespaces, libvirtd, VMs, networks.
kill_host() {
  local init
  init=$(host_init)
  kill -9 "$(parry host status --json | json d.pid)"
  wait_for 20 "all of the hypervisor gone" sh -c "! kill -0 $init"
  [ -z "$(vm_pid '')" ] || fail "a VM outlived its hypervisor"
}

sed 's/name: recovery/name: reboot/; /lost: restore/d; s/memory: 96M, owner: white/&, lost: restore, restores: 1/' \
  "$here/recovery.yaml" >"$work/reboot.yaml"
expect_status 0 parry up "$work/reboot.yaml"
expect_status 0 parry start reboot
wait_for 30 "a round of checks" has_event reboot check.round/1
expect_status 0 parry inject --drill reboot deface
wait_for 60 "the attack" has_event reboot inject.ended/1 "json_extract(body, '\$.state') = 'succeeded'"

# ---- libvirtd, and one VM ----

kill -9 "$(pgrep -P "$(host_init)" -x libvirtd)"
wait_for 20 "parryd connected to it" has_event reboot helper.up/1 "json_extract(body, '\$.name') = 'libvirt' and seq > (select max(seq) from event where kind = 'helper.down/1')"
here health/web || fail "health/web does not answer"
[ "$(count domain.lost/1)" = 0 ] || fail "a VM that runs was given up"
ok "libvirtd killed: the drill goes on, nothing is lost"

kill -9 "$(vm_pid health-referee)"
wait_for 20 "the loss" has_event reboot domain.lost/1 "host = 'health/referee'"
wait_for 60 "its return" has_event reboot return.done/1 "host = 'health/referee'"
is health/referee ready || fail "it is not ready"
kill -9 "$(vm_pid health-referee)"
wait_for 20 "the second loss" more domain.lost/1 1
wait_for 20 "what is said of it" is health/referee lost
parry status reboot >"$work/out"
says out 'it came back 1 times, more the scenario does not allow'
says out '`parry reset reboot health/referee` brings a lost host back'
expect_status 0 parry reset reboot health/referee
is health/referee ready || fail "reset did not bring it back"
ok "a lost VM comes back where the scenario says so, as often as it says; then by parry reset"

# ---- the machine ----

mark health/web noon
mark health/referee noon
expect_status 0 parry checkpoint reboot noon
mark health/web later
before=$(clock)
score=$(parry score reboot --json | json 'd.standings')
kill_daemon
kill_host
parry up reboot >"$work/out" 2>"$work/err" </dev/null && fail "it was made again without a word" || [ $? = 4 ]
says err 'all its VMs and networks are gone'
says err '`parry up -y reboot` makes all of it again'
has_event reboot daemon.gap/1 "json_extract(body, '\$.verdict') = 'pause'" || fail "no word on the gap"
[ "$(count return.wanted/1 "seq > (select max(seq) from event where kind = 'daemon.gap/1')")" = 0 ] || fail "something was made"
expect_status 4 parry resume reboot
says err '`parry up reboot` brings them back'
expect_status 0 parry status reboot
says out '`parry up reboot` makes all of it again'
ok "after a reboot nothing is made without consent, and it says what to type"

made=$(count domain.done/1)
parry up -y reboot >"$work/up" 2>&1 &
up=$!
wait_for 60 "a VM on its way" more domain.done/1 "$made"
kill -9 "$(daemon_pid)"
wait "$up" || true
expect_status 0 parry up reboot
says out 'drill reboot is paused'
[ "$(count return.done/1)" = 3 ] || fail "not everybody is told to be back"
[ "$(count return.done/1 "$(from checkpoint)")" = 2 ] || fail "not out of their checkpoints"
[ "$(count isolation.proved/1)" = 2 ] || fail "isolation was not proved again"
[ "$(sql reboot 'select count(*) from open_act')" = 0 ] || fail "acts are left open"
has_event reboot expect.voided/1 "json_extract(body, '\$.expect') = 'contain'" || fail "an open window is not void"
now=$(clock) # parryd's last sign of life is up to a second old
[ $((now - before)) -lt 5000000 ] && [ $((now - before)) -gt -1500000 ] || fail "the clock went from $before to $now"
[ "$(parry score reboot --json | json 'd.standings')" = "$score" ] || fail "the score is another"
expect_status 0 parry resume reboot
marked health/web noon && marked health/referee noon || fail "what was in their memory is gone"
off=$(($(parry exec reboot health/web 'date +%s') - $(date +%s)))
[ "${off#-}" -le 3 ] || fail "the guest's clock is off by $off s"
ok "with consent all comes back, out of the checkpoint, over another kill -9; clock and score are as they were"

# ---- the hypervisor alone: parryd lives ----

kill_host
wait_for 30 "parryd notices" sh -c 'parry status reboot --json | grep -q "its hypervisor ended"'
printf 'x' | dd of="$PARRY_HOME/drills/reboot/checkpoints/noon/pr-reboot-health-referee/memory" bs=1 seek=3000000 \
  conv=notrunc status=none
expect_status 4 sh -c 'parry up reboot </dev/null'
expect_status 0 parry up -y reboot
says out 'drill reboot is paused'
expect_status 0 parry resume reboot
marked health/web noon || fail "what was in the memory of health/web is gone"
marked health/referee none || fail "a spoilt checkpoint was used"
has_event reboot return.anew/1 "host = 'health/referee'" || fail "no word on the spoilt checkpoint"
ok "the hypervisor gone under a living parryd: the same; whose checkpoint is spoilt comes anew"

# ---- another machine ----

mark health/web evening
mark health/referee evening
expect_status 0 parry checkpoint reboot evening
mkdir -p "$standby"
cp -al "$first/images" "$standby/"
mkdir -p "$standby/host"
[ ! -f "$first/host/accel.json" ] || cp "$first/host/accel.json" "$standby/host/"
PARRY_HOME=$standby expect_status 0 parry follow --once "$first/drills/reboot"
PARRY_HOME=$standby expect_status 4 parry restore reboot
says err 'end its parryd first'
here health/web || fail "health/web does not answer" # the copy's clock is that of its last event
before=$(clock)
kill_daemon
PARRY_HOME=$standby expect_status 0 parry follow --once "$first/drills/reboot"
events=$(sql reboot "select max(seq) from event")
PARRY_HOME=$standby expect_status 0 parry restore reboot
says out 'starts it no more'
expect_status 1 parry up reboot
says err 'goes on on another machine'
export PARRY_HOME=$standby
expect_status 0 parry up -y reboot
says out 'drill reboot is paused'
has_event reboot drill.restored/1 "json_extract(body, '\$.events') = $events" || fail "the restore is not told"
now=$(clock)
[ $((now - before)) -lt 15000000 ] && [ $((now - before)) -gt -1500000 ] || fail "the clock went from $before to $now"
expect_status 0 parry resume reboot
marked health/web evening && marked health/referee evening || fail "not out of their newest checkpoint"
wait_for 30 "checks go on" has_event reboot check.round/1 "seq > $events"
expect_status 0 parry down reboot
expect_status 0 parry-verify "$standby/drills/reboot"
says out SOUND
expect_status 0 parry host stop
export PARRY_HOME=$first
expect_status 0 parry down reboot
expect_nothing_left reboot
ok "the drill goes on on another machine, in the same chain; the first one leaves it alone"
