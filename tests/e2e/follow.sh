#!/usr/bin/env bash
# A standby: a drill is copied while it is written, here and over ssh by a real sshd on loopback,
# and becomes a drill of another home. What is wrong is said.
# shellcheck disable=SC2034
rootless=1
. "$(dirname "$0")/lib.sh"
sshd_pid=
trap '[ -z "$sshd_pid" ] || kill "$sshd_pid"; rm -rf "$work"' EXIT
export PARRY_HOME=$work/home
standby=$work/standby
mkdir -p "$PARRY_HOME" "$standby"
expect_status 0 parry simulate --keep --home "$PARRY_HOME" "$here/small.yaml"
source=$PARRY_HOME/drills/small
[ -f "$source/journal.db" ] || fail "no drill to follow"
mkdir -p "$source/recordings" "$PARRY_HOME/keys/small"
echo cast >"$source/recordings/one.cast"
mkdir -p "$source/checkpoints/ready"
echo memory >"$source/checkpoints/ready/web.save"
echo key >"$PARRY_HOME/keys/small/journal.key"

journal_of() { # every row of every table that follow copies
  local table
  for table in event check_result observation blob; do
    sqlite3 -readonly "$1/journal.db" "select * from $table"
  done | sha256sum
}

expect_status 0 env PARRY_HOME="$standby" parry follow --once "$source"
[ "$(journal_of "$source")" = "$(journal_of "$standby/copies/small/drill")" ] || fail "the copy is another journal"
cmp "$source/scenario.yaml" "$standby/copies/small/drill/scenario.yaml"
cmp "$source/recordings/one.cast" "$standby/copies/small/drill/recordings/one.cast"
[ "$(stat -c %a "$standby/copies/small/drill")" = 711 ] || [ "$(stat -c %a "$standby/copies/small")" = 700 ] || fail "others may read the copy"
expect_status 0 parry-verify "$standby/copies/small/drill/journal.db"
says out SOUND
cmp "$PARRY_HOME/keys/small/journal.key" "$standby/copies/small/keys/journal.key"
[ "$(stat -c %a "$standby/copies/small/keys")" = 700 ] || fail "others may read the keys"
cmp "$source/checkpoints/ready/web.save" "$standby/copies/small/drill/checkpoints/ready/web.save"
expect_status 0 env PARRY_HOME="$work/bare" parry follow --once --no-checkpoints "$source"
[ ! -e "$work/bare/copies/small/drill/checkpoints" ] || fail "--no-checkpoints copied them"
rm "$source/checkpoints/ready/web.save"
expect_status 0 env PARRY_HOME="$standby" parry follow --once --limit 1000 "$source"
[ ! -e "$standby/copies/small/drill/checkpoints/ready/web.save" ] || fail "a checkpoint that is gone stays in the copy"
ok "a copy of a drill on this machine is the same with keys and checkpoints, and verified"

expect_status 1 parry follow --once /tmp
says err "no drill's directory"
expect_status 1 parry follow --once "ssh://-oProxyCommand=x/a/drills/b"
says err "no host"
expect_status 1 parry follow --once "http://localhost/a/drills/b"
says err "only ssh:// is known"
expect_status 1 parry follow --once "$PARRY_HOME/drills/nothing-such"
says err "nothing-such"
expect_status 3 parry restore nothing-such
says err "no copy"
printf '1 2 3\n' | expect_status 1 parry replicate "$source"
printf 'x\n' | expect_status 1 parry replicate "$source"
ok "what cannot be followed is refused"

# One that follows goes on while the other end is gone, and takes what came meanwhile.
mv "$source" "$work/away"
PARRY_HOME=$standby parry follow "$source" >"$work/follow.out" 2>"$work/follow.err" &
follower=$!
wait_for 20 "a word that the source is gone" grep -q 'trying again' "$work/follow.err"
mv "$work/away" "$source"
echo more >>"$source/recordings/one.cast"
wait_for 20 "the rest" cmp -s "$source/recordings/one.cast" "$standby/copies/small/drill/recordings/one.cast"
expect_status 4 env PARRY_HOME="$standby" parry restore small
says err "another process"
kill -INT "$follower"
wait "$follower" || fail "follow ended with $?"
grep -q "the copy has all" "$work/follow.out" || fail "follow does not say that it is back"
ok "a source that was gone is followed again; nothing is restored meanwhile"

# A copy that is of another drill is not continued, however long it is.
expect_status 0 parry simulate --keep --home "$work/other" "$here/small.yaml"
mkdir -p "$work/other/copies/small"
mv "$work/other/drills/small" "$work/other/copies/small/drill"
expect_status 1 env PARRY_HOME="$work/other" parry follow "$source"
says err "does not continue"
ok "another drill's copy is refused"

if [ "$(id -u)" = 0 ] && [ -x /usr/sbin/sshd ]; then
  mkdir -p /run/sshd "$work/ssh"
  ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/host"
  ssh-keygen -q -t ed25519 -N '' -f "$work/ssh/user"
  port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
  cat >"$work/ssh/config" <<EOF
ListenAddress 127.0.0.1:$port
HostKey $work/ssh/host
AuthorizedKeysFile $work/ssh/user.pub
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
SetEnv PATH=$PARRY_BIN:/usr/bin:/bin ASAN_OPTIONS=${ASAN_OPTIONS-}
EOF
  /usr/sbin/sshd -D -e -f "$work/ssh/config" 2>"$work/ssh/log" &
  sshd_pid=$!
  # The user's own ssh settings, as an organiser would make them.
  mkdir -p "$work/bin"
  printf '#!/bin/sh\nexec /usr/bin/ssh -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o StrictHostKeyChecking=yes "$@"\n' \
    "$work/ssh/user" "$work/ssh/known" >"$work/bin/ssh"
  chmod +x "$work/bin/ssh"
  printf '[127.0.0.1]:%s %s\n' "$port" "$(cut -d' ' -f1,2 "$work/ssh/host.pub")" >"$work/ssh/known"
  wait_for 10 sshd grep -q listening "$work/ssh/log"
  expect_status 0 env PATH="$work/bin:$PATH" PARRY_HOME="$work/far" parry follow --once "ssh://root@127.0.0.1:$port$source"
  [ "$(journal_of "$source")" = "$(journal_of "$work/far/copies/small/drill")" ] || fail "the copy over ssh is another journal"
  cmp "$source/recordings/one.cast" "$work/far/copies/small/drill/recordings/one.cast"
  ok "over ssh it is the same"
fi

# Whoever has it there keeps it; who does not answer is a question that only a person can answer.
exec 9>"$source/journal.lock"
flock 9
expect_status 4 env PARRY_HOME="$standby" parry restore small
says err "end its parryd first"
expect_status 4 parry fence "$source"
exec 9>&-
mv "$source" "$work/away"
expect_status 4 sh -c 'PARRY_HOME=$1 parry restore small </dev/null' - "$standby"
says err "two machines would tell two stories"
says err '`parry restore -y small`'
mv "$work/away" "$source"
[ ! -e "$standby/drills" ] || fail "something was restored"
expect_status 0 env PARRY_HOME="$standby" parry restore small
says out "starts it no more"
[ -f "$source/moved" ] || fail "the original is not told"
expect_status 0 parry status small
says out moved
expect_status 0 env PARRY_HOME="$standby" parry verify small
expect_status 0 env PARRY_HOME="$standby" parry score small
sqlite3 -readonly "$standby/drills/small/journal.db" "select body from event where kind = 'drill.restored/1'" | grep -q '"fenced":true' ||
  fail "the restore is not told"
expect_status 4 env PARRY_HOME="$standby" sh -c 'parry follow --once "$1" && parry restore small' - "$source"
says err "is here already"
expect_status 0 env PARRY_HOME="$work/bare" sh -c 'mv "$1" "$1.away" && parry restore -y small' - "$source"
ok "a restored copy is a drill like any other, and the only one"
