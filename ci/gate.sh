#!/usr/bin/env bash
# ci/gate.sh [BASE]: this build against another commit; the one before, unless told. A
# regression is a failure (100). A machine too noisy to say (75) is a warning, unless
# PIPEFIT_STRICT=1. A tool that fails (1) fails this script as such.
# Then an excerpt of the gate's own proof: the same build twice, and slow-downs on purpose.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
base=${1:-HEAD~1}
results=$(mktemp -d)
ci_tidy() { rm -rf "$results"; }

cargo build --release
target=${CARGO_TARGET_DIR:-target}
gate() {
    local code=0
    # Not through a pipe: the exit code is the verdict.
    "$target/release/pipefit" gate --results "$results" "$@" || code=$?
    if [ "$code" -eq 75 ] && [ "${PIPEFIT_STRICT:-0}" != 1 ]; then
        echo "$ci_name: warning: this machine is too noisy to say"
        code=0
    fi
    return "$code"
}
if git cat-file -e "$base:harness/src/gate/protocol.rs" 2>/dev/null; then
    gate --base "$base" --export-junit "$results/gate.xml"
else
    echo "$ci_name: $base has no workers yet: this build is held against itself"
    gate --base "$target/release/pipefit"
fi
gate --self-test --excerpt
