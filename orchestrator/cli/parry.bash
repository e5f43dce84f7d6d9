# shellcheck shell=bash
# Completion of the parry command for bash, installed where bash-completion looks for it.
#
# It knows no command, option or operand of its own: it asks parry --help and the command's
# --help, so it cannot tell another story than they do.

_parry_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# What a help text's word for an operand or an option's value stands for. The variables are
# _parry's.
_parry_kind() {
  case $1 in
  SCENARIO*) _filedir '@(yaml|yml)' ;;
  PATH* | FILE* | DIR* | IMAGES* | SCRIPT-FILE*) _filedir ;;
  NAME | NAME…) _parry_words "$("$parry" names drills 2>/dev/null)" ;;
  TEAM*) _parry_words "$("$parry" names teams ${drill:+"$drill"} 2>/dev/null)" ;;
  HOST*) _parry_words "$("$parry" names hosts ${drill:+"$drill"} 2>/dev/null)" ;;
  CHECKPOINT*) _parry_words "$("$parry" names checkpoints ${drill:+"$drill"} 2>/dev/null)" ;;
  INJECT*) _parry_words "$("$parry" names injects ${drill:+"$drill"} 2>/dev/null)" ;;
  *[a-z]\|*) _parry_words "${1//|/ }" ;;
  esac
}

_parry_command() {
  local help place=0 i value kind
  local -a kinds
  local -A values=()
  help=$(LC_ALL=C.UTF-8 "$parry" "$command" --help 2>/dev/null)
  # Each option's word for its value, by its long name; those without one are not there.
  while read -r value kind; do
    values[$value]=$kind
  done < <(sed -n 's/^.* \(--[a-z-]*\)=\([^ ]*\) .*/\1 \2/p' <<<"$help")
  # The command's operands as its usage line gives them, brackets taken off.
  mapfile -t kinds < <(sed -n 's/^ *parry [a-z-]* \[OPTION[^]]*\] *\(..*\)/\1/p' <<<"$help" |
    tr -d '[]' | tr -s ' ' '\n')

  for ((i = 2; i < cword; i++)); do
    case ${words[i]} in
    --drill) drill=${words[++i]} ;;
    --*=*) ;;
    -*) [[ -z ${values[${words[i]}]-} ]] || i=$((i + 1)) ;;
    *)
      [[ ${kinds[place]-} != NAME ]] || drill=${words[i]}
      place=$((place + 1))
      ;;
    esac
  done
  if [[ $prev == --drill || $prev == --diff ]]; then
    _parry_kind NAME
  elif [[ -n ${values[$prev]-} ]]; then
    [[ ${values[$prev]} == NAME* ]] || _parry_kind "${values[$prev]}"
  elif [[ $cur == -* ]]; then
    _parry_words "$(_parse_help - <<<"$help")"
    [[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
  elif [[ $place -lt ${#kinds[@]} ]]; then
    _parry_kind "${kinds[place]}"
  elif [[ ${kinds[-1]-} == *… ]]; then
    _parry_kind "${kinds[-1]}"
  fi
}

_parry() {
  # shellcheck disable=SC2034 # split is _init_completion's
  local cur prev words cword split parry command drill=""
  _init_completion -s -n : || return
  parry=${words[0]} command=${words[1]-}
  if [[ $cword -eq 1 ]]; then
    _parry_words "--help --version $("$parry" --help 2>/dev/null |
      sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p')"
  else
    _parry_command
  fi
  __ltrim_colon_completions "$cur"
}

complete -F _parry parry
