#!/usr/bin/env bash
# sudo tests/run.sh [CTEST OPTIONS]: installs what is missing, builds with warnings as errors and
# sanitizers, runs every test: unit, integration, end-to-end on real VMs.
#
#   tests/run.sh -L unit          only one label: unit, integration, e2e, style
#   tests/run.sh -R test_name     only those that match
#   BUILD=dir                     where to build (build-test)
#   PARRY_TEST_HOME=dir           where images are kept between runs (/var/tmp/parry-test)
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/packages.sh

[ "$(id -u)" = 0 ] || { echo "tests/run.sh makes VMs and network namespaces: run it with sudo" >&2; exit 1; }
parry_install "${parry_packages_build[@]}" "${parry_packages_run[@]}" "${parry_packages_test[@]}"
command -v node >/dev/null || parry_install nodejs

build=${BUILD:-build-test}
export PARRY_TEST_HOME=${PARRY_TEST_HOME:-/var/tmp/parry-test}
mkdir -p "$PARRY_TEST_HOME"
cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=Debug -DPARRY_WERROR=ON -DPARRY_SANITIZE=ON >"$build.log" 2>&1 ||
  { cat "$build.log"; exit 1; }
rm -f "$build.log"
ninja -C "$build" --quiet

# Leaks are defects here; a suppression names the library it is for.
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=99:strict_string_checks=1
export LSAN_OPTIONS=suppressions=$PWD/tests/lsan.supp:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export G_DEBUG=gc-friendly

# Two at a time: machines that boot leave a processor idle now and then. Those that share one
# PARRY_HOME take turns by themselves.
status=0
ctest --test-dir "$build" --parallel 2 --output-on-failure --no-tests=error "$@" || status=$?
# What was skipped, counted, with each reason in the test's own words.
log=$build/Testing/Temporary/LastTest.log
skipped=$(grep -c '^Test Skipped' "$log" || true)
printf '%s skipped\n' "${skipped:-0}"
grep -h '^SKIP: ' "$log" || true
exit "$status"
