#!/usr/bin/env bash
# What is slow, and not part of .ci/run unless it changed. All of it, or the parts that are named:
#   ci/extras.sh [long] [features] [benches] [reports] [busy] [changed]
# long: the long forms of tests (PIPEFIT_LONG=1). features: what is slow to build.
# benches: cargo bench, in short. reports: what is exported, read by other programs, and pages
# in a browser. busy: every test once on a machine that is kept busy by one process per core;
# what depends on timing may come out as inconclusive there, and everything else holds.
# changed: the parts whose files are not as they were when they last passed. A part that
# passes on files as they are committed is noted in ci/extras.passed, which is to be committed;
# one that was never noted is named and left out.
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

# files PART: what a part is about; nothing where it is about everything.
files() {
    case $1 in
        long) echo fuzz src/memory src/transport/shared src/transport/exec.rs tests/stress.rs tests/killed ;;
        features) echo src/transport/zenoh src/transport/iceoryx src/run/host ci/zenoh.sh ci/iceoryx2.sh ;;
        benches) echo benches ci/bench.sh ;;
        reports) echo harness/src/report ci/browser ci/browser.sh ci/readers ci/readers.sh ;;
    esac
}

# state PART: a number for its files as they are committed.
state() {
    # shellcheck disable=SC2046
    git ls-tree -r HEAD -- $(files "$1") | sha256sum | cut -d ' ' -f 1
}

passed=ci/extras.passed

# note PART: it passed on these files.
note() {
    # shellcheck disable=SC2046
    if [ -z "$(files "$1")" ] || [ -n "$(git status --porcelain -- $(files "$1"))" ]; then
        return
    fi
    { sed "/^$1 /d" "$passed" && echo "$1 $(state "$1")"; } | sort >"$passed.new"
    mv "$passed.new" "$passed"
}

known=(long features benches reports busy)
parts=()
for part in "${@:-all}"; do
    case $part in
        all) parts=("${known[@]}") ;;
        changed)
            for one in "${known[@]}"; do
                [ -n "$(files "$one")" ] || continue
                if ! grep -q "^$one " "$passed"; then
                    echo "$ci_name: $one was never noted as passed, so whether it changed is not known"
                elif ! grep -qx "$one $(state "$one")" "$passed"; then
                    parts+=("$one")
                fi
            done
            ;;
        *)
            before=${#parts[@]}
            for one in "${known[@]}"; do
                [ "$one" != "$part" ] || parts+=("$one")
            done
            if [ "${#parts[@]}" -eq "$before" ]; then
                echo "$ci_name: no part is called '$part': there are ${known[*]} changed" >&2
                exit 2
            fi
            ;;
    esac
done
echo "$ci_name: ${parts[*]:-nothing changed}"
[ "${#parts[@]}" -gt 0 ] || exit 0

need_cc
cargo test --no-run
for part in "${parts[@]}"; do
    "$part"
    note "$part"
    echo "$ci_name: $part done after $SECONDS s"
done
