#!/usr/bin/env bash
# usage: ci/fuzz.sh [SECONDS]
# A hostile peer, its strokes chosen by libFuzzer, which aims for code that was not reached
# yet: nothing may be found in SECONDS (20), and a victim without care must be. The same
# peer with random strokes is in `cargo test`. Stable toolchain: RUSTC_BOOTSTRAP opens the
# compiler's coverage pass. Needs a C++ compiler.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

seconds=${1:-20}
need_cc
need_cxx
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/fuzz"
target=x86_64-unknown-linux-gnu
flags=(--cfg fuzzing -Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$option")
done
RUSTC_BOOTSTRAP=1 RUSTFLAGS="${flags[*]}" \
    cargo build --release --target "$target" --manifest-path fuzz/Cargo.toml

work=$(mktemp -d)
ci_tidy() { rm -rf "$work"; }
mkdir "$work/corpus" "$work/control"
fuzz=("$CARGO_TARGET_DIR/$target/release/hostile_peer" -max_len=2048 -timeout=10 -verbosity=0)
found=${CARGO_TARGET_DIR}/found-
"${fuzz[@]}" -max_total_time="$seconds" -artifact_prefix="$found" -print_final_stats=1 \
    "$work/corpus" 2>&1 | grep -v -e "# Uses:" -e "ecommended dictionary"
echo "$ci_name: nothing was found"

log=$work/log
if PIPEFIT_FUZZ_CONTROL=1 "${fuzz[@]}" -max_total_time=60 -artifact_prefix="$work/" \
    "$work/control" >"$log" 2>&1; then
    echo "$ci_name: a victim without care was not caught" >&2
    exit 1
fi
if ! grep -q "outside of the region" "$log"; then
    echo "$ci_name: the control failed, but not for a look outside of the region:" >&2
    cat "$log" >&2
    exit 1
fi
echo "$ci_name: the victim without care was caught"
