#!/usr/bin/env bash
# What is slow, and not part of .ci/run: the long forms of tests (PIPEFIT_LONG=1), and
# every test once on a machine that is kept busy by one process per core. What depends
# on timing may come out as inconclusive there; everything else holds.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
cargo test --no-run
PIPEFIT_LONG=1 cargo test -p pipefit-harness --test honesty -- --nocapture
PIPEFIT_LONG=1 cargo test -p pipefit --test shared_memory hostile
PIPEFIT_LONG=1 cargo test -p pipefit --test stress --test killed
PIPEFIT_LONG=1 cargo test -p pipefit-harness --test leftovers --test python_record
PIPEFIT_LONG=1 cargo test -p pipefit --test exec
bash ci/fuzz.sh 300
cargo test --features pipefit/iceoryx2 --lib -p pipefit memory::
PIPEFIT_KILLS=120 cargo test --features pipefit/iceoryx2 --test killed
bash ci/iceoryx2.sh rows
bash ci/zenoh.sh

busy=()
ci_tidy() {
    if [ "${#busy[@]}" -gt 0 ]; then
        kill "${busy[@]}" 2>/dev/null || true
        wait "${busy[@]}" 2>/dev/null || true
    fi
}
for _ in $(seq "$(nproc)"); do
    (while :; do :; done) &
    busy+=("$!")
done
echo "${#busy[@]} processes keep this machine busy"
cargo test
