#!/usr/bin/env bash
# Completion of the parry command in bash, asked as a terminal's Tab asks it.
# shellcheck disable=SC2034
rootless=1
. "$(dirname "$0")/lib.sh"
trap 'rm -rf "$work"' EXIT
framework=/usr/share/bash-completion/bash_completion
[ -r "$framework" ] || skip "bash-completion is not installed"

# tab WORDS…: what Tab offers for the last of these words, one a line.
tab() {
  (
    set +eu
    cd "$work" || exit
    # shellcheck disable=SC1090
    . "$framework"
    . "$top/orchestrator/cli/parry.bash"
    compopt() { :; } # needs a real Tab
    COMP_WORDS=(parry "$@") COMP_CWORD=$#
    COMP_LINE="parry $*"
    COMP_POINT=${#COMP_LINE}
    _parry
    printf '%s\n' "${COMPREPLY[@]}"
  )
}

# offers WANT WORDS…: Tab offers exactly these, in this order.
offers() {
  local want=$1 got
  shift
  got=$(tab "$@" | sort | paste -sd ' ')
  [ "$got" = "$want" ] || fail "parry $* <Tab>: $got, not $want"
}

while read -r name; do
  [[ " $(tab "$name" | paste -sd ' ') " = *" $name "* ]] || fail "parry $name <Tab> does not offer it"
done < <(parry --help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
offers "start status stop" st
offers "check checkpoint" chec
offers "" nothing-such
ok "every command of the help, and none besides"

cp "$here/small.yaml" "$work/one.yaml"
touch "$work/two.txt"
mkdir "$work/dir"
offers "dir one.yaml" check ""
offers "dir one.yaml two.txt" import ocr ""
offers "kypo msel ocr" import ""
offers "--secrets --set= --svg" plan --s
offers "" score --lang ""
offers "dir" simulate --report d
ok "operands and values of options, by the words of the help"

export PARRY_HOME=$work/home
mkdir -p "$PARRY_HOME/drills"
offers "" status ""
expect_status 0 parry simulate --keep --home "$PARRY_HOME" "$work/one.yaml"
expect_status 0 parry names drills
name=$(cat "$work/out")
expect_status 0 parry names hosts "$name"
says out health/web
expect_status 0 parry names injects "$name"
[ "$(sort "$work/out" | uniq -d)" = "" ] || fail "an inject twice"
expect_status 64 parry names cities
expect_status 3 parry names hosts nothing-such
offers "$name" status ""
offers "$name" plan --diff ""
offers "$name" inject --drill ""
offers "health/referee health/web" exec "$name" health/
offers "health/referee health/web" exec --user someone "$name" health/
offers "$(parry names injects "$name" | sort | paste -sd ' ')" cancel --drill "$name" ""
offers "$(parry names teams "$name" | sort | paste -sd ' ')" approve --drill "$name" --for ""
offers "" status "$name" ""
ok "drills, hosts, teams and injects, by their names"
