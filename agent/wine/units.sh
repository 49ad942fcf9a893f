#!/usr/bin/env bash
# Runs the unit tests of the agent's Windows build under Wine, package by package. ../wine.mk says with what.
set -euo pipefail
shopt -s lastpipe

# Package, tests that are left out (a regular expression; a dot for all), why.
skipped() {
  cat <<'LIST'
agent/audit	^TestFile$	Unix modes
agent/card	^TestPIV	the virtual reader and card need pcscd
agent/card	^TestSlowModule|^TestHungModule|^TestEveryAlgorithm$|^TestHashingMechanismsOnly$|^TestKeysWithoutID$|^TestSeveralTokens$|^TestListAgain$	SoftHSM's own tools make their cards
agent/card	^TestEveryFunctionFails$	hundreds of processes, whose start takes Wine longer than a list waits
agent/card/pivtest	.	the virtual reader needs pcscd
agent/card/pivtest/cmd/virtual-piv-card	.	the virtual reader needs pcscd
agent/cmd/bridge-schema	.	developers run it, on Linux
agent/cmd/odnowa-agent	^TestScripts$	Unix paths and modes; the round trip runs the commands
agent/log	^TestFileHostile$	on Windows only administrators make symbolic links
agent/module	^TestListed$|^TestP11Kit$	Unix paths; p11-kit
agent/pcsc	.	Wine's PC/SC has neither service nor readers
agent/pkcs11	^TestLongValue$	OpenSC's pkcs11-tool writes the value
agent/policy	^TestParse$|^TestLoad$|^TestDiscoversModules$	Unix paths and modes
agent/support	^TestWords$	an example is in Unix' words
agent/rsign	^TestFiles$|^TestMode$	Unix modes; on Windows the keys are encrypted for the user
LIST
}

again=$(cd "$(dirname "$0")" && pwd)/again.sh
failed=()
for package in $(cd "$(dirname "$0")/../.." && $GO list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./agent/...); do
  name=${package#"$PWD"/}
  skip='^$'
  skipped | while IFS=$'\t' read -r at tests why; do
    if [ "$at" = "$name" ]; then
      skip="$skip|$tests"
      echo "   $name: left out: $([ "$tests" = . ] && echo all of it || echo "${tests//[\^\$]/}") ($why)"
    fi
  done
  [ "$skip" != '^$|.' ] || continue
  exe=$MODULES/tests/${name//\//-}.exe
  if $GO test -c -tags wine -overlay "$MODULES/overlay.json" -o "$exe" "./$name" && (cd "$name" && "$again" "$exe.log" timeout 300 wine "$exe" -test.timeout 240s -test.skip "$skip"); then
    echo "ok $name"
  else
    failed+=("$name")
  fi
done
[ ${#failed[@]} = 0 ] || { echo "failed under Wine: ${failed[*]}"; exit 1; }
