#!/usr/bin/env bash
# What is slow, and not part of .ci/run. All of it, or the parts that are named:
#   ci/extras.sh [long] [features] [benches] [reports] [busy]
# long: the long forms of tests (PIPEFIT_LONG=1). features: what is slow to build.
# benches: cargo bench, in short.
# reports: what is exported, read by other programs, and pages in a browser. busy: every test
# once on a machine that is kept busy by one process per core; what depends on timing may come
# out as inconclusive there, and everything else holds.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

long() {
    export PIPEFIT_LONG=1
    cargo test -p pipefit-harness --test honesty -- --nocapture
    cargo test -p pipefit --test shared_memory hostile
    cargo test -p pipefit --test stress --test killed
    cargo test -p pipefit-harness --test leftovers --test python_record
    cargo test -p pipefit --test exec
    unset PIPEFIT_LONG
    bash ci/fuzz.sh 300
}

features() {
    cargo clippy --workspace --all-targets --features pipefit/iceoryx2 -- -D warnings
    cargo test --features pipefit/iceoryx2 --lib -p pipefit memory::
    PIPEFIT_KILLS=120 cargo test --features pipefit/iceoryx2 --test killed
    bash ci/iceoryx2.sh rows
    bash ci/zenoh.sh
}

benches() {
    bash ci/bench.sh
}

reports() {
    bash ci/readers.sh
    bash ci/browser.sh
}

hogs=()
ci_tidy() {
    if [ "${#hogs[@]}" -gt 0 ]; then
        kill "${hogs[@]}" 2>/dev/null || true
        wait "${hogs[@]}" 2>/dev/null || true
    fi
}

busy() {
    for _ in $(seq "$(nproc)"); do
        (while :; do :; done) &
        hogs+=("$!")
    done
    echo "${#hogs[@]} processes keep this machine busy"
    cargo test
}

parts=("$@")
[ "$#" -gt 0 ] || parts=(long features benches reports busy)
for part in "${parts[@]}"; do
    case $part in
        long | features | benches | reports | busy) ;;
        *)
            echo "$ci_name: no part is called '$part': there are long, features, benches, reports and busy" >&2
            exit 2
            ;;
    esac
done

need_cc
cargo test --no-run
for part in "${parts[@]}"; do
    "$part"
    echo "$ci_name: $part done after $SECONDS s"
done
