#!/usr/bin/env bash
# style.sh WHAT [BUILD]: does the tree keep to its own rules? One test of ctest each:
#
#   format   clang-format has nothing to change in any C file
#   shell    shellcheck has nothing to say about any shell script
#   sizes    files, functions and lines are as short as CONTRIBUTING.md says
#   layers   includes point one way, down
#   words    nothing that has no place in the tree
#   links    relative links of the Markdown pages lead somewhere
#   manuals  every program has a manual page, well formed; parry's has all that parry takes
#   tidy     clang-tidy finds nothing; needs BUILD, for its compile_commands.json
#
# Findings go to standard error as FILE:LINE: WORDS; the exit status is 1 where there are any, 77
# where the tool is not there.
set -euo pipefail
cd "$(dirname "$0")/../.."

skip() {
  printf 'SKIP: %s\n' "$*"
  exit 77
}

# need TOOL [PATTERN]: skips where it is missing, or is another version than the rules are for:
# each release of clang-format formats a little differently.
need() {
  command -v "$1" >/dev/null || skip "$1 is not installed"
  [ -z "${2:-}" ] || "$1" --version | grep -q "$2" || skip "$1 is not $2: $("$1" --version | head -n 1)"
}

sources() { # sources FOLDER…: its C files
  find "$@" -name '*.[ch]' | sort
}
folders=(agents scenarios scoreboard orchestrator)

check_format() {
  need clang-format 'version 14'
  sources "${folders[@]}" tests | xargs clang-format --dry-run -Werror
}

scripts() {
  find .ci agents examples orchestrator tests -type f ! -path '*/corpus/*' | while read -r path; do
    case $path in
    *.sh | *.bash) echo "$path" ;;
    *.[ch] | *.yaml | *.expect | *.mjs | *.txt) ;;
    *) ! head -n 1 "$path" | grep -aqE '^#!.*/(env )?(ba)?sh' || echo "$path" ;;
    esac
  done
}

# Notes are left to taste; warnings and errors are not.
check_shell() {
  need shellcheck
  scripts | xargs shellcheck --external-sources --source-path=SCRIPTDIR --severity=warning
}

# A function's body stands between a lone { and a lone } in the first column: clang-format sees
# to that.
check_sizes() {
  # shellcheck disable=SC2016 # awk's own
  sources "${folders[@]}" tests | xargs awk '
    FNR == 1 { start = 0 }
    FNR == 801 { printf "%s:801: a file has at most 800 lines\n", FILENAME; bad = 1 }
    $0 == "{" { start = FNR }
    $0 == "}" && start {
      body = FNR - start - 1
      functions++
      if (body <= 40) small++
      if (body > 100) {
        printf "%s:%d: a function of %d lines: at most 100\n", FILENAME, start, body
        bad = 1
      }
      start = 0
    }
    END {
      printf "%d functions, %.1f %% of at most 40 lines\n", functions, 100 * small / functions >"/dev/stdout"
      if (small < 0.85 * functions) { print "85 % of functions have at most 40 lines"; bad = 1 }
      exit bad
    }' >&2
}

# Who may include from where: a folder, then what its includes may begin with.
layers='
agents/wire            agents/wire/
agents/agent           agents/agent/ agents/wire/
agents/images          agents/images/
scenarios              scenarios/
scoreboard             scoreboard/ scenarios/
orchestrator/sandbox   orchestrator/sandbox/
orchestrator/host      orchestrator/host/
orchestrator/hub       orchestrator/hub/ orchestrator/sandbox/ agents/wire/ scoreboard/kinds.h
orchestrator/range     orchestrator/range/ scenarios/
orchestrator/gate      orchestrator/gate/ orchestrator/sandbox/ scoreboard/ scenarios/base/
orchestrator/board     orchestrator/sandbox/ scoreboard/
orchestrator/daemon    orchestrator/ agents/images/ scoreboard/ scenarios/
orchestrator/sim       orchestrator/sim/ orchestrator/daemon/ scoreboard/ scenarios/
orchestrator/cli       orchestrator/ agents/images/ scoreboard/ scenarios/
'

check_layers() {
  local folder allowed pattern bad=0
  while read -r folder allowed; do
    [ -n "$folder" ] || continue
    pattern=$(printf '%s' "$allowed" | tr ' ' '|')
    ! grep -rnE '^#include "[a-z_]+/' --include='*.[ch]' "$folder" |
      grep -vE "#include \"($pattern)" >&2 || bad=1
  done <<<"$layers"
  # The verifier shares no code with what it verifies.
  ! grep -rnE '^#include "' --include='*.[ch]' scoreboard/verify |
    grep -v '#include "verify\.h"' >&2 || bad=1
  # What runs as root or reads strangers' bytes does not reach into the commands.
  ! grep -rnE '^#include "orchestrator/cli/' --include='*.[ch]' orchestrator/daemon orchestrator/sim >&2 || bad=1
  # A drill must not come to depend on a world that is made up.
  ! grep -rnE '^#include "orchestrator/sim/' --include='*.[ch]' orchestrator/daemon >&2 || bad=1
  return $bad
}

check_words() {
  local bad=0 text=(--include='*.[ch]' --include='*.sh' --include='*.mjs' --include='*.js' --include='*.md'
    --include='*.txt' --include='*.yaml' --include='*.[158]' --include='*.html' --include='*.css')
  # Unbounded copies, shells made by printf, marks of unfinished work, paths of one machine.
  ! grep -rnE '\b(sprintf|vsprintf|strcpy|strcat|gets|system|popen)\(' --include='*.[ch]' "${folders[@]}" >&2 || bad=1
  ! grep -rnE '\b(TODO|FIXME|XXX)\b' "${text[@]}" . --exclude-dir='build*' --exclude-dir=style >&2 || bad=1
  ! grep -rnE '(^|[^A-Za-z0-9_.])/wor[k]/[a-z]' "${text[@]}" . --exclude-dir='build*' --exclude-dir=style >&2 || bad=1
  ! grep -rn '[[:blank:]]$' "${text[@]}" . --exclude-dir='build*' --exclude-dir=corpus --exclude-dir=data >&2 || bad=1
  return $bad
}

# Relative links of the pages lead somewhere.
check_links() {
  local page target bad=0
  for page in *.md docs/*.md; do
    while read -r target; do
      [ -e "$(dirname "$page")/$target" ] || { echo "$page: no $target" >&2; bad=1; }
    done < <(grep -oE '\]\([^)#: ]+[)#]' "$page" | sed 's|^](||; s|.$||')
  done
  return $bad
}

check_manuals() {
  local program bad=0
  for program in $(grep -rhoE 'install\(TARGETS [a-z -]+' --include=CMakeLists.txt . --exclude-dir='build*' |
    sed 's/install(TARGETS//; s/parry-agent-static//'); do
    ls docs/man/"$program".[18] >/dev/null 2>&1 || { echo "$program: no manual page in docs/man" >&2; bad=1; }
  done
  # Every command and option of parry is in its page.
  for program in $(sed -nE 's/^const CliCommand cmd_([a-z]+) = .*/\1/p' orchestrator/cli/cmd_*.c); do
    grep -qE "^\.(It )?Cm .*\b$program\b" docs/man/parry.1 || { echo "docs/man/parry.1: no command $program" >&2; bad=1; }
  done
  for program in $(sed -nE 's/^ +\{"([a-z-]+)", .*G_OPTION_ARG.*/\1/p' orchestrator/cli/*.c | sort -u); do
    grep -qE "Fl -$program\b" docs/man/parry.1 || { echo "docs/man/parry.1: no option --$program" >&2; bad=1; }
  done
  need mandoc
  mandoc -Tlint -Wwarning docs/man/*.[158] >&2 || bad=1
  return $bad
}

# All files of the compile database, once each. The analyser runs in its shallow mode: at full
# depth it takes four times as long; TIDY_DEPTH=deep asks for that.
# To clang a variable that only cleans up is an unused one; GCC tells the two apart.
check_tidy() {
  need clang-tidy 'version 14'
  local build=${1:?the build directory}
  sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$build/compile_commands.json" | grep '\.c$' | sort -u |
    xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet --extra-arg=-Wno-unused-variable \
      --extra-arg=-Xclang --extra-arg=-analyzer-config \
      --extra-arg=-Xclang --extra-arg="mode=${TIDY_DEPTH:-shallow}" 2>&1 |
    { grep -vE 'warnings? generated\.$' || true; } >&2
}

"check_${1:?what to check}" "${@:2}"
