# shellcheck shell=sh
# Run as root by images_guest in each guest of test_images.c; "parry.test=ROLE" on the
# kernel's command line says what to try. Each "ok" line is looked for by the test.
role=none
read -r cmdline </proc/cmdline
for word in $cmdline; do
    case $word in
    parry.test=*) role=${word#parry.test=} ;;
    esac
done

say() {
    echo "guest $role: $*"
}

# until SECONDS COMMAND…: tries until it works.
try_until() {
    left=$(($1 * 5))
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.2
    done
}

# net DEVICE ADDRESS: waits for the device, sets the address.
net() {
    try_until 20 test -d "/sys/class/net/$1"
    ip link set "$1" up && ip address add "$2" dev "$1"
}

micro_alone() {
    [ "$(stat -c '%a %U:%G' /srv/secret)" = "640 www-data:adm" ] && say ok file
    [ "$(stat -c '%a' /)" = 755 ] && say ok root
    try_until 20 pidof syslogd && try_until 20 pidof crond && say ok daemons
    logger marked-line
    try_until 20 grep -q marked-line /var/log/messages && say ok syslog
    try_until 20 ping -c 1 -W 1 127.0.0.1 && say ok loopback
    # Accounts as the agent makes them: su asks nothing of root, everything of others.
    echo 'pat:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd
    echo 'pat:*:19000:0:99999:7:::' >>/etc/shadow
    [ "$(su pat -c 'id -u')" = 1000 ] && say ok su
    su pat -c 'echo guess | su root -c true' >/dev/null 2>&1 || say ok su-refuses
    su pat -c 'cat /etc/shadow' >/dev/null 2>&1 || say ok shadow
    httpd -h /var/www/html
    try_until 20 wget -q -O /tmp/page http://127.0.0.1/ && say ok httpd
    grep -q org.parry.agent.0 /sys/class/virtio-ports/*/name && say ok port
    command -v iptables >/dev/null || say ok no-iptables
}

server() {
    net eth0 10.10.1.10/24 && ip route add default via 10.10.1.1
    httpd -h /var/www/html
    say ok serving
}

router() {
    net eth0 203.0.113.10/24 && net eth1 10.10.1.1/24
    echo 1 >/proc/sys/net/ipv4/ip_forward
    iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 80 \
        -j DNAT --to-destination 10.10.1.10:80 && say ok publish
    iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE && say ok masquerade
    iptables -A FORWARD -s 203.0.113.66 -m conntrack --ctstate NEW -j DROP &&
        iptables -A FORWARD -p tcp --dport 23 -m limit --limit 1/s -j REJECT &&
        iptables-save | grep -q 'ctstate NEW' && say ok firewall
}

# (Debian's busybox wget dies of its own -T.)
client() {
    net eth0 203.0.113.20/24
    try_until 100 timeout 3 wget -q -O /tmp/page http://203.0.113.10/
    grep -q 'inner page' /tmp/page && say ok published
    # The inner network is not there for the outside.
    ip route add 10.10.1.0/24 via 203.0.113.99 2>/dev/null
    timeout 3 wget -q -O /tmp/inner http://10.10.1.10/ || say ok hidden
}

debian() {
    try_until 100 systemctl is-active multi-user.target && say ok multi-user
    [ -z "$(systemctl list-units --failed --no-legend)" ] && say ok none-failed
    [ "$(cat /etc/machine-id)" = 11111111222243338444555555555555 ] && say ok identity
    [ "$(stat -c '%a %U:%G' /srv/secret)" = "640 www-data:adm" ] && say ok file
    case $(getent shadow root) in root:!*) say ok root-locked ;; esac
    [ "$(df -k --output=size / | tail -n 1)" -gt 2700000 ] && say ok grown
    modprobe sch_netem && say ok modules
    [ ! -s /etc/resolv.conf ] && [ ! -e /etc/apt/sources.list ] && say ok nothing-of-ours
}

seed() {
    say ok seed "$(systemctl is-enabled parry-agent.service)"
}

case $role in
micro) micro_alone ;;
server | router | client | debian | seed) $role ;;
esac
say "end"
