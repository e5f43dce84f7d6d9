#!/usr/bin/env bash
# tests/fuzz/run.sh SECONDS [TARGET…]: builds libFuzzer programs (clang, ASan, UBSan) and runs each
# for so long, two at a time, from the corpora of the tree and what the tests keep. New inputs stay
# outside the tree; what crashes, hangs (10 s) or leaks is named and kept in the build directory.
#
#   BUILD=dir    where to build (build-fuzz)
#   SEED=n       of the first mutations; a new one each time otherwise
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:?seconds for each target}
shift
build=$(mkdir -p "${BUILD:-build-fuzz}" && cd "${BUILD:-build-fuzz}" && pwd)

# What a target starts from, besides its corpus; its dictionary.
declare -A seeds=([scenario]="tests/unit/data/scenario examples"
  [audit]=tests/unit/data/audit)
declare -A dict=([wire]=wire.dict [agent]=wire.dict [hub]=agent.dict [audit]=audit.dict
  [actions]=actions.dict [scenario]=scenario.dict
  [import_ocr]=import.dict [import_kypo]=import.dict)

cmake -G Ninja -S . -B "$build" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
  -DPARRY_FUZZ=ON >"$build/cmake.log" 2>&1 || { cat "$build/cmake.log" >&2; exit 1; }
mapfile -t targets < <(
  [ $# -gt 0 ] && printf '%s\n' "$@" && exit
  for file in tests/fuzz/fuzz_*.c; do file=${file##*/fuzz_} && printf '%s\n' "${file%.c}"; done
)
ninja -C "$build" --quiet "${targets[@]/#/fuzz-}"

# One target; says how far it got, or what broke it.
fuzz() {
  local name=$1 work=$build/runs/$1 options=()
  rm -rf "$work"
  mkdir -p "$work/new" "$work/broken"
  [ -z "${dict[$name]:-}" ] || options+=("-dict=tests/fuzz/${dict[$name]}")
  [ ! -d "tests/fuzz/corpus/$name" ] || options+=("tests/fuzz/corpus/$name")
  # shellcheck disable=SC2206 # a list of directories
  options+=(${seeds[$name]:-})
  if LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 "$build/tests/fuzz-$name" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -seed="${SEED:-0}" -print_final_stats=1 \
    -artifact_prefix="$work/broken/" "$work/new" "${options[@]}" >"$work/log" 2>&1; then
    printf '%-10s %s runs in %s s, %s new inputs, nothing broke it\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")" "$seconds" \
      "$(find "$work/new" -type f | wc -l)"
  else
    tail -n 60 "$work/log"
    printf '%s: BROKEN by %s\n' "$name" "$(find "$work/broken" -type f | tr '\n' ' ')"
    return 1
  fi
}

status=0
while [ ${#targets[@]} -gt 0 ]; do
  pids=()
  for name in "${targets[@]:0:2}"; do
    fuzz "$name" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  targets=("${targets[@]:2}")
done
exit "$status"
