#!/usr/bin/env bash
# ci/iceoryx2.sh [rows]: what is compiled with the feature `iceoryx2` only: its lints, its
# promises, a short run, a run that is killed; and, if asked, the bench's rows against it,
# briefly. Whether those rows meet their targets is not asked: a few pairs cannot tell. In
# /dev/shm and in the folder for temporary files, nothing is left.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
need_libclang
results=$(mktemp -d)
ci_tidy() { rm -rf "$results"; }
pipefit=${CARGO_TARGET_DIR:-target}/release/pipefit

# What the library or a link could have left. Others work here, too.
left() {
    find /dev/shm "${TMPDIR:-/tmp}" -mindepth 1 -maxdepth 1 \
        \( -name 'pipefit-*' -o -name 'pf*_*' -o -name '*iox2*' -o -name 'iceoryx2*' \) \
        2>/dev/null | sort
}
before=$(left)
left_nothing() {
    local new
    new=$(comm -13 <(echo "$before") <(left))
    if [ -n "$new" ]; then
        echo "$ci_name: left after $1: $new" >&2
        exit 1
    fi
}

cargo test --release --features pipefit/iceoryx2 --test capabilities
# Processes that are killed: see ci/extras.sh.
cargo test --release --features pipefit/iceoryx2 --test conformance -- iceoryx2
left_nothing "the tests"

cargo build --release -p pipefit-harness --features iceoryx2
# 65: a cell is invalid. That a busy machine missed a rate is no fault of the transport's.
code=0
"$pipefit" run stream,rtt,gui60 --transport iceoryx2 --wait spin,block --rate 1kHz \
    --duration 1s --warmup 100ms --results "$results" >"$results/said" 2>"$results/told" || code=$?
cat "$results/said" "$results/told"
if [ "$code" -ne 0 ] && { [ "$code" -ne 65 ] || grep 'invalid:' "$results/said" | grep -v 'frames a second'; }; then
    echo "$ci_name: the run ended with exit code $code" >&2
    exit 1
fi
if grep -qiE 'config file|\[(W|E|F)\]|iceoryx2 says' "$results/told"; then
    echo "$ci_name: the library speaks on standard error" >&2
    exit 1
fi
left_nothing "a run"

# Killed, it leaves something; whoever sweeps finds it.
"$pipefit" run stream --transport iceoryx2 --duration 30s -q --results "$results" >/dev/null 2>&1 &
run=$!
for _ in $(seq 100); do
    [ -z "$(comm -13 <(echo "$before") <(left))" ] || break
    sleep 0.1
done
sleep 0.5
kill -KILL "$run"
wait "$run" 2>/dev/null || true
sleep 0.5
"$pipefit" doctor --fix --results "$results" | grep '^swept'
left_nothing "a sweep"

if [ "${1:-}" != rows ]; then
    exit
fi
# Exit code 1 says that no trial of a row worked: the table tells.
table=$(cargo bench --bench limits --features iceoryx2 -- --quick iceoryx2) || true
echo "$table"
measured=$(grep -Ec 'ring / iceoryx2 +[0-9.]+ [^ ]+ +[0-9.]+ ' <<<"$table" || true)
if [ "$measured" -ne 8 ]; then
    echo "$ci_name: $measured of 8 rows against iceoryx2 were measured" >&2
    exit 1
fi
left_nothing "the bench"
