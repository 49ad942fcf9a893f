#!/usr/bin/env bash
# Runs tests under Wine: again.sh LOG COMMAND... What they print goes to LOG. Where they failed and Wine itself has broken a
# process they run again, twice at most, and it is said. Wine 8 breaks one start of any program in some three thousand:
# CreateProcess fails with ERROR_INTERNAL_ERROR, or the new process dies before its first instruction.
set -euo pipefail

log=$1
shift
for left in 2 1 0; do
  code=0
  "$@" </dev/null >"$log" 2>&1 || code=$?
  if [ "$code" = 0 ] || [ "$left" = 0 ] || ! fault=$(grep -m1 -E 'fork/exec .*: Internal error\.|wine client error:|Inconsistency detected by ld\.so' "$log"); then
    exit "$code"
  fi
  echo "   once more, as Wine broke a process: $fault"
done
