#!/usr/bin/env bash
# ci/gate.sh [BASE]: this build against another commit or program; against itself, unless
# told. A regression is a failure (100). A machine too noisy to say (75) is a warning, unless
# PIPEFIT_STRICT=1. A tool that fails (1) fails this script as such.
# A BASE that is neither fails (1), and so does a commit that is too old to have workers that
# could be asked, unless PIPEFIT_GATE_BOOTSTRAP=1: then this build is held against itself.
# Then an excerpt of the gate's own proof: the same build twice, and slow-downs on purpose.
# What came of it is left in target/ci/gate.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

target=${CARGO_TARGET_DIR:-target}
pipefit=$target/release/pipefit
base=${1:-$pipefit}
# Looked at before anything is built: whoever misspells it learns so at once.
if [ $# -gt 0 ] && [ ! -f "$base" ]; then
    commit=$(git rev-parse --verify --quiet "$base^{commit}") || {
        echo "$ci_name: '$base' is neither a program nor a commit here (a shallow clone has" \
            "only the newest: fetch more)" >&2
        exit 1
    }
    if ! git cat-file -e "$commit:harness/src/gate/protocol.rs" 2>/dev/null; then
        echo "$ci_name: $base is too old: it has no workers that could be asked" >&2
        if [ "${PIPEFIT_GATE_BOOTSTRAP:-0}" != 1 ]; then
            echo "$ci_name: PIPEFIT_GATE_BOOTSTRAP=1 holds this build against itself instead" >&2
            exit 1
        fi
        base=$pipefit
    fi
fi

need_cc
results=$target/ci/gate
rm -rf "$results"
mkdir -p "$results"

cargo build --release
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
gate --base "$base" --export-junit "$results/gate.xml"
gate --self-test --excerpt
