#!/usr/bin/env bash
# Checkpoints: hosts that are no clones have one when ready; one more by hand; a reset to each;
# what is spoilt is refused; parryd killed in the midst of one loses no guest.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean points; rm -rf "$work"' EXIT
clean points

dir=$PARRY_HOME/drills/points
count() { # count KIND [CONDITION]
  sql points "select count(*) from event where kind = '$1' ${2:+and $2}"
}
named() { printf "json_extract(body, '\$.checkpoint') = '%s'" "$1"; }
web() { parry exec points health/web "$@"; }
crashed() { parry status | grep -q '^points *crashed'; }
kill_daemon() {
  kill -9 "$(cat "$dir/journal.lock")"
}
until_true() { # until_true WHAT COMMAND…: as fast as can be
  local until=$((SECONDS + 60)) what=$1
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$until" ] || fail "not in time: $what"
  done
}
at_least() { # at_least N KIND [CONDITION]
  [ "$(count "$2" "${3:-}" 2>/dev/null || echo 0)" -ge "$1" ]
}

expect_status 0 parry up --no-clones "$here/checkpoints.yaml"
wait_for 60 "both hosts have a checkpoint" at_least 2 checkpoint.done/1 "$(named ready)"
[ "$(parry status points --json | json 'd.hosts.filter(h => h.state === "ready" && h.resettable).length')" = 2 ] ||
  fail "not both are resettable"
parry status points >"$work/out"
says out 'resettable'
ok "what booted is saved once it is ready, and resettable"

# While it is saved: an order runs on, no agent is lost, no check counts against anybody.
parry start points >/dev/null
web 'echo first >/root/disk; echo first >/dev/shm/memory; sync' >/dev/null
before=$(sql points 'select max(seq) from event')
web 'for i in 1 2 3 4 5; do echo $i; sleep 1; done; echo ended' >"$work/order" &
order=$!
wait_for 20 "an order is under way" has_event points order.started/1 "seq > $before"
expect_status 0 parry checkpoint points first
says out 'checkpoint first: 2 hosts'
wait "$order" || fail "the order did not go on"
[ "$(tail -n 1 "$work/order")" = ended ] || fail "the order was cut off"
off=$(($(web 'date +%s') - $(date +%s)))
[ "${off#-}" -le 3 ] || fail "the clock is off by $off s"
[ "$(count agent.lost/1)$(count domain.lost/1)$(count order.lost/1)" = 000 ] || fail "something was lost"
wait_for 20 "checks go on" at_least 3 check.round/1 "seq > $before"
[ "$(sql points "select count(*) from check_result where status not in (0, (select status from check_result
  where text = 'the host stood still for its checkpoint' limit 1))")" = 0 ] || fail "a check counted while the host stood"
ok "a host is saved while the drill goes on"

# Others, each over the one before; the stack of overlays stays low.
for name in second third; do
  web "echo $name >/root/disk; echo $name >/dev/shm/memory; sync" >/dev/null
  expect_status 0 parry checkpoint points $name health/web
done
parry checkpoint points >"$work/out"
says out '4 checkpoints'
for name in ready first second third; do
  disk=$dir/checkpoints/$name/pr-points-health-web/disk.qcow2
  [[ "$(qemu-img info --output=json "$disk" | json 'd["backing-filename"]')" = "$PARRY_HOME"/images/* ]] ||
    fail "the disk of $name does not stand on its image alone"
done
[ "$(qemu-img info -U --backing-chain --output=json "$dir/disks/pr-points-health-web.qcow2" | json d.length)" -le 4 ] ||
  fail "the stack grows"
expect_status 0 parry checkpoint --verify points

for name in first third second; do
  web 'echo spoilt >/root/disk; echo spoilt >/dev/shm/memory' >/dev/null
  expect_status 0 parry reset --to $name points health/web
  [ "$(web 'cat /root/disk /dev/shm/memory; hostname' | tr '\n' ' ')" = "$name $name web " ] || fail "not as in $name"
  off=$(($(web 'date +%s') - $(date +%s)))
  [ "${off#-}" -le 3 ] || fail "the clock is off by $off s after the reset"
done
expect_status 0 parry reset points health/web
[ "$(web 'cat /root/disk /dev/shm/memory 2>/dev/null | wc -l')" = 0 ] || fail "not as it was when ready"
has_event points reset.done/1 "json_extract(body, '\$.from') = 'checkpoint' and $(named ready)" || fail "it booted"
compgen -G "$dir/disks/pr-points-health-web.qcow2.evidence-*" >/dev/null || fail "no evidence"
expect_status 4 parry reset --to nowhere points health/web
expect_status 0 parry checkpoint --delete points second
expect_status 0 parry reset --to third points health/web
[ "$(web 'cat /root/disk')" = third ] || fail "the third went with the second"
ok "a reset goes back to each of them, disk and memory"

# Spoilt: found, named, refused; the guest stays as it is. When ready it boots, and says why.
for entry in third/pr-points-health-web ready/pr-points-health-referee; do
  printf 'x' | dd of="$dir/checkpoints/$entry/memory" bs=1 seek=3000000 conv=notrunc status=none
done
expect_status 1 parry checkpoint --verify points third
says out 'SPOILT'
expect_status 1 parry reset --to third points health/web
says err "third/pr-points-health-web/memory: its SHA-256 is not"
[ "$(web 'cat /root/disk')" = third ] || fail "the guest was touched"
expect_status 0 parry reset points health/referee
has_event points reset.done/1 "json_extract(body, '\$.from') = 'boot' and json_extract(body, '\$.reason') like '%SHA-256%'" ||
  fail "no reason for the boot"
wait_for 60 "what booted is saved again" at_least 3 checkpoint.done/1 "$(named ready)"
expect_status 0 parry checkpoint --delete points third
expect_status 0 parry checkpoint --verify points
ok "what is spoilt is refused by its hash"

# parryd is killed: when it is wanted, in the midst of the saving, when the guest is gone, when it
# goes on. What is in memory alone is there afterwards.
shopt -s nullglob
file_there() { local found=("$dir"/checkpoints/.work-*/memory); [ ${#found[@]} -gt 0 ]; }
layer_there() { [ -e "$dir/disks/pr-points-health-web.$seq.qcow2" ]; }
n=0
for moment in wanted saving gone saved; do
  n=$((n + 1))
  web "echo $moment >/dev/shm/memory; echo $moment >/root/disk" >/dev/null
  wanted=$(count checkpoint.wanted/1)
  saved=$(count checkpoint.saved/1)
  parry checkpoint points kill-$n health/web >"$work/cp" 2>&1 &
  client=$!
  until_true "it is wanted" at_least $((wanted + 1)) checkpoint.wanted/1
  seq=$(sql points "select max(seq) from event where kind = 'checkpoint.wanted/1'")
  case $moment in
  saving) until_true "its memory is being written" file_there ;;
  gone) until_true "its disk is frozen" layer_there ;;
  saved) until_true "it goes on" at_least $((saved + 1)) checkpoint.saved/1 ;;
  esac
  kill_daemon
  wait "$client" || true
  wait_for 10 "the crash is noticed" crashed
  expect_status 0 parry up points
  wait_for 60 "the checkpoint is made" has_event points checkpoint.done/1 "ref = $seq"
  [ "$(web 'cat /dev/shm/memory /root/disk' | tr '\n' ' ')" = "$moment $moment " ] || fail "the guest is not what it was: $moment"
  has_event points checkpoint.done/1 "$(named kill-$n)" || fail "$moment: no checkpoint"
done
[ "$(count domain.lost/1)$(count agent.lost/1)" = 00 ] || fail "a guest was lost"
expect_status 0 parry reset --to kill-3 points health/web
[ "$(web 'cat /dev/shm/memory /root/disk' | tr '\n' ' ')" = "gone gone " ] || fail "not as when it was gone"
[ "$(sql points 'select count(*) from open_act')" = 0 ] || fail "acts are left open"
! file_there || fail "work is left over"
ok "killed in the midst of a checkpoint: the guest lives, the checkpoint is made"

expect_status 0 parry down points
[ ! -e "$dir/checkpoints" ] || fail "checkpoints are left"
expect_nothing_left points
ok "nothing is left"
