#!/usr/bin/env bash
# ci/gate.sh [BASE]: this build against another commit; against itself, unless told. A
# regression is a failure (100). A machine too noisy to say (75) is a warning, unless
# PIPEFIT_STRICT=1. A tool that fails (1) fails this script as such.
# Then an excerpt of the gate's own proof: the same build twice, and slow-downs on purpose.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
results=$(mktemp -d)
ci_tidy() { rm -rf "$results"; }

cargo build --release
pipefit=${CARGO_TARGET_DIR:-target}/release/pipefit
gate() {
    local code=0
    # Not through a pipe: the exit code is the verdict.
    "$pipefit" gate --results "$results" "$@" || code=$?
    if [ "$code" -eq 75 ] && [ "${PIPEFIT_STRICT:-0}" != 1 ]; then
        echo "$ci_name: warning: this machine is too noisy to say"
        code=0
    fi
    return "$code"
}
base=${1:-$pipefit}
if [ $# -gt 0 ] && ! git cat-file -e "$base:harness/src/gate/protocol.rs" 2>/dev/null; then
    echo "$ci_name: $base has no workers that could be asked: this build is held against itself"
    base=$pipefit
fi
gate --base "$base" --export-junit "$results/gate.xml"
gate --self-test --excerpt
