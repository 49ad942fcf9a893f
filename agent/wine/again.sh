#!/usr/bin/env bash
# again.sh LOG COMMAND...: runs tests under Wine. What they print goes to LOG, and is shown where they fail. They run again,
# twice at most, where Wine itself has broken a process: Wine 8 does that to one start of any program in some three
# thousand, by an error of CreateProcess (ERROR_INTERNAL_ERROR) or before the new process's first instruction.
set -euo pipefail

fault='fork/exec .*: Internal error\.|wine client error:|Inconsistency detected by ld\.so'
log=$1
shift
for left in 2 1 0; do
  code=0
  "$@" </dev/null >"$log" 2>&1 || code=$?
  [ "$code" != 0 ] || exit 0
  cat "$log"
  [ "$left" != 0 ] && grep -qE "$fault" "$log" || exit "$code"
  echo "   once more: Wine has broken a process"
done
