#!/usr/bin/env bash
# pipefit's own budgets, strictly: none fails or is invalid. What a noisy machine leaves
# open (exit code 75) is a warning, as long as at least half of them reach a verdict; the
# share is printed. PIPEFIT_STRICT=1: it is a failure. What came of it is left in
# target/ci/budgets.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
target=${CARGO_TARGET_DIR:-target}
results=$target/ci/budgets
rm -rf "$results"
mkdir -p "$results"

cargo build --release
code=0
# Not through a pipe: the exit code is the verdict.
"$target/release/pipefit" check harness/fitness/budgets.toml --profile ci --results "$results" \
    --export-junit "$results/budgets.xml" || code=$?
[ -s "$results/budgets.xml" ] || {
    echo "$ci_name: no JUnit was written" >&2
    exit 1
}
if [ "$code" -ne 75 ]; then
    exit "$code"
fi
share=$(sed -n 's/^  "decided": \([0-9.]*\),*$/\1/p' "$results/latest/verdicts.json")
echo "$ci_name: this machine is too noisy for some budgets; decided: $share"
if [ "${PIPEFIT_STRICT:-0}" = 1 ]; then
    exit 75
fi
echo "$ci_name: warning: what is open was not judged"
awk -v share="$share" 'BEGIN { exit !(share >= 0.5) }'
