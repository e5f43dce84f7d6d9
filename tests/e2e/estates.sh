#!/usr/bin/env bash
# What the scenario says of an estate, found in its running guests.
. "$(dirname "$0")/lib.sh"
trap '[ -n "${KEEP:-}" ] || clean estates; rm -rf "$work"' EXIT
clean estates

# A host that waits for one that fails is named, and why.
cat >"$work/waits.yaml" <<'END'
parry: 1
drill: {name: estates, start: 2026-11-13T09:00, duration: 4h}
teams: {health: {side: blue, estate: clinic}}
estates:
  clinic:
    networks: {lan: {cidr: 10.10.2.0/24}}
    hosts:
      web: {image: micro, memory: 96M, nics: {lan: 10}, after: pc}
      pc: {image: micro, memory: 96M, nics: {lan: 20}, run: "echo no such drive >&2; exit 3"}
END
expect_status 1 parry up --boot-timeout 120 "$work/waits.yaml"
says err 'health/pc: personalise: run script 1: exit 3: no such drive'
says err 'health/web: not switched on: it waits for health/pc, which did not get ready'
expect_nothing_left estates
ok "hosts that wait for one that fails are not switched on"

expect_status 0 parry up "$here/estates.yaml"
says out '7 of 7 VMs ready'

# seq KIND HOST: of the first such event.
seq_of() { sql estates "select min(seq) from event where kind = '$1' and host = '$2'"; }
for web in health/web-1 health/web-2; do
  for first in health/gateway health/ns; do
    [ "$(seq_of agent.ready/1 $first)" -lt "$(seq_of domain.wanted/1 $web)" ] ||
      fail "$web was switched on before $first was ready"
  done
done
[ "$(seq_of domain.wanted/1 health/pc)" -lt "$(seq_of agent.ready/1 health/gateway)" ] ||
  fail "pc waited for nobody's sake"
ok "counted hosts wait for those that they need"

in_guest() { parry exec estates "$1" "$2" 2>"$work/err"; } # in_guest HOST SCRIPT
fetch() { in_guest "$1" "timeout 5 wget -q -O - http://$2/"; }

[ "$(fetch health/pc web-1)" = 'Welcome to health' ] || fail "a rule that accepts does not"
[ "$(fetch health/pc web-2:8080)" = 'Welcome to health' ] || fail "a range of ports is not accepted"
if fetch health/pc web-2; then fail "a rule that rejects does not"; fi
grep -q refused "$work/err" || fail "rejected, but in silence: $(cat "$work/err")"
if fetch health/pc web-1:81; then fail "what no rule names passes"; fi
if in_guest health/pc 'ping -c 1 -W 2 10.10.1.10' >/dev/null; then fail "ICMP passes"; fi
[ "$(fetch health/referee web-2)" = 'Welcome to health' ] || fail "web-2 does not serve at all"
in_guest health/gateway 'dmesg | grep "shut: IN="' >/dev/null || fail "the kernel's log does not tell of the rule"
ok "the firewall's rules decide, in their order, and log"

box=$(in_guest red/box 'ip -4 -o addr show dev eth0 | sed "s|.*inet \([0-9.]*\)/.*|\1|"')
[[ $box =~ ^203\.0\.113\.([0-9]+)$ ]] || fail "red's address is $box"
((BASH_REMATCH[1] >= 128 && BASH_REMATCH[1] <= 191)) || fail "$box is not of the pool"
gateway=$(parry plan "$here/estates.yaml" --json |
  json 'd.hosts.find(h => h.id === "health/gateway").nics.find(n => n.network === "internet").addr')
[ "$(fetch red/box "$gateway")" = 'Welcome to health' ] || fail "what is published does not pass"
ok "red comes from the pool, and reaches what is published through a firewall that drops"

[ "$(in_guest health/pc 'cat /etc/resolv.conf')" = 'nameserver 10.10.1.53' ] || fail "no resolver"
for name in web-2.health.test:10.10.1.11 portal.health.test:10.10.1.11 legacy.health.test:10.10.1.99; do
  in_guest health/pc "nslookup ${name%:*}" >"$work/out" || fail "${name%:*}: $(cat "$work/out")"
  says out "${name#*:}"
done
expect_status 0 parry start estates
found() { [ "$(sql estates "select count(*) > 0 from check_result where text = 'answered 10.10.1.11'")" = 1 ]; }
wait_for 60 "the referee finds the portal" found
ok "the zone is served, also to networks behind the router"

in_guest health/web-1 'cat /srv/flag' >"$work/flag"
grep -qE '^PARRY\{[0-9a-f]{32}\}$' "$work/flag" || fail "the flag: $(cat "$work/flag")"
[ "$(parry plan "$here/estates.yaml" --json | json 'd.flags[0].sha256')" = \
  "$(tr -d '\n' <"$work/flag" | sha256sum | cut -d' ' -f1)" ] || fail "another flag than the plan's"
[ "$(in_guest health/web-1 'stat -c "%U %a" /srv/flag')" = 'ann 400' ] || fail "the flag's owner or mode"
ok "the flag is planted, and the plan commits to it"

# shellcheck disable=SC2016
in_guest health/web-1 'line=$(grep ^ann: /etc/shadow) && hash=${line#ann:} && hash=${hash%%:*} &&
  salt=${hash#\$6\$} && salt=${salt%%\$*} && [ "$(mkpasswd -m sha512 -S "$salt" "$(cat /root/admin)")" = "$hash" ]' ||
  fail "the account's password is not the secret: $(cat "$work/err")"
! parry plan "$here/estates.yaml" --json | grep -qF "$(in_guest health/web-1 'cat /root/admin')" ||
  fail "the plan shows the secret"
ok "the credential's account has the secret as its password"

expect_status 0 parry down estates
expect_nothing_left estates
