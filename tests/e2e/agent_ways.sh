#!/usr/bin/env bash
# The agent into a guest by each of its ways: initramfs, cloud-init seed, qemu-guest-agent, image; or none.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean ways; rm -rf "$work"' EXIT
clean ways

# Its agent is packed into an image: scenario files hold 1 MiB at most.
cp "$here/ways.yaml" "$work/ways.yaml"
gzip -9c "$PARRY_BIN/parry-agent-static" >"$work/agent.gz"
began=$SECONDS
expect_status 0 parry up --boot-timeout 240 "$work/ways.yaml"
says out '5 of 5 VMs ready'
ok "five hosts ready after $((SECONDS - began)) s, images included"

# at HOST COMMAND: in the guest
at() { parry exec -t 60 ways "white/$1" "$2"; }
# The program that asks for this: the agent is the parent of its orders' shells.
# shellcheck disable=SC2016
place='p=$PPID; while [ "$(basename "$(readlink "/proc/$p/exe")")" = busybox ]; do p=$(cut -d" " -f4 "/proc/$p/stat"); done; readlink "/proc/$p/exe"'
[ "$(at boot "$place")" = /parry/agent ] || fail "boot: the agent is not the initramfs's"
[ "$(at ready "$place")" = /opt/agent ] || fail "ready: the agent is not the image's"
for host in seed guest; do
  [ "$(at "$host" "$place")" = /usr/local/lib/parry/agent ] || fail "$host: the agent is not where it was installed"
  [ "$(at "$host" 'systemctl is-enabled parry-agent')" = enabled ] || fail "$host: the agent would not come again"
  [ -z "$(at "$host" 'ls /run/parry/agent 2>/dev/null')" ] || fail "$host: the initramfs brought an agent"
done
ok "each agent came by its own way"

want=$(sha256sum <"$PARRY_BIN/parry-agent-static")
[ "$(at guest 'sha256sum </usr/local/lib/parry/agent')" = "$want" ] || fail "guest: another program than was sent"
[ "$(at guest 'stat -c %a:%U /usr/local/lib/parry /usr/local/lib/parry/agent /etc/systemd/system/parry-agent.service | xargs')" = \
  '755:root 755:root 644:root' ] || fail "guest: left writable by others: $(at guest 'ls -la /usr/local/lib/parry')"
[ -n "$(at guest 'systemctl is-active qemu-guest-agent')" ] || fail "guest: no qemu-guest-agent"
has_event ways deliver.wanted/1 "host = 'white/guest' and body like '%\"sha256\":\"${want%% *}\"%'" || fail "the delivery is not in the journal"
has_event ways deliver.done/1 "host = 'white/guest'" || fail "the delivery has no end"
[ "$(sql ways "select count(*) from event where kind like 'deliver.%' and host <> 'white/guest'")" = 0 ] || fail "delivered elsewhere"
# It must not end with what started it.
at guest 'systemctl restart qemu-guest-agent'
[ "$(at guest 'echo alive')" = alive ] || fail "guest: the agent ended with qemu-guest-agent"
ok "qemu-guest-agent: written, read back, started, independent"

[ "$(at seed 'cloud-init status 2>/dev/null | grep -o "status: [a-z]*"')" != 'status: disabled' ] || fail "seed: cloud-init did not run"
[ "$(at seed 'lsblk -no LABEL /dev/vdb')" = cidata ] || fail "seed: no seed"
[ -z "$(at guest 'ls /dev/vdb 2>/dev/null')" ] || fail "guest: it has a seed that it does not need"
ok "cloud-init: a NoCloud seed for that host alone"

parry agent list ways >"$work/out"
for line in boot:initramfs seed:seed guest:guest-agent ready:image till:none; do
  grep -qE "^white/${line%:*} +ready +${line#*:} " "$work/out" || { cat "$work/out" >&2; fail "agent list: $line"; }
done
ok "agent list tells the ways"

LC_ALL=C sed 's/0\.1\.0/1.2.1/g' "$PARRY_BIN/parry-agent-static" >"$work/next"
expect_status 0 parry agent push --all --file "$work/next" ways
[ "$(grep -c 'replaced, now' "$work/out")" = 4 ] || { cat "$work/out" >&2; fail "not four replaced"; }
for host in guest seed ready; do
  [ "$(at "$host" "sha256sum <\"\$($place)\"")" = "$(sha256sum <"$work/next")" ] || fail "$host: init would start the old agent"
done
ok "replaced in place, wherever it stands"

# A guest boots anew: what was installed comes again by itself.
at guest 'systemctl reboot --no-block' >/dev/null 2>&1 || true
reborn() { [ "$(sql ways "select count(distinct json_extract(body, '\$.boot')) from event where kind = 'agent.ready/1' or kind = 'agent.hello/1' and host = 'white/guest'")" -gt 1 ]; }
wait_for 120 "the guest's second boot" reborn
wait_for 60 "it is ready" sh -c "parry status ways --json | grep -A2 '\"white/guest\"' | grep -q . && parry exec ways white/guest true"
ok "it comes again after a boot of the guest"

parry down ways >"$work/out"
expect_nothing_left ways
ok "nothing left"
