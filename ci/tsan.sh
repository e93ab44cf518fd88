#!/usr/bin/env bash
# Two threads over one mapping, under ThreadSanitizer: nothing may be found in the ring
# and the exchange, and it must find the control, which has no order between its sides.
# The toolchain stays the stable one: RUSTC_BOOTSTRAP opens the sanitizer's flag. The
# standard library is not rebuilt, so what is proven is our own code's.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
# Built apart: with these flags nothing fits what is built without them.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/tsan"
export RUSTC_BOOTSTRAP=1
flags=(-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer)
target=x86_64-unknown-linux-gnu
built=$CARGO_TARGET_DIR/$target/debug
name=threads_over_one_mapping

# Not by `cargo test`: that would build all that other tests depend on, too, and of its
# runner's threads only half could be seen.
RUSTFLAGS="${flags[*]}" cargo build --profile test --target "$target" -p pipefit --lib
rustc --edition 2024 -C opt-level=3 -C debuginfo=line-tables-only "${flags[@]}" \
    --target "$target" -L "dependency=$built/deps" -L "dependency=$CARGO_TARGET_DIR/debug/deps" \
    --extern "pipefit=$built/libpipefit.rlib" \
    -o "$built/$name" "tests/$name.rs"

export TSAN_OPTIONS="halt_on_error=1"
"$built/$name"
echo "$ci_name: nothing was found"

log=$built/$name.log
if "$built/$name" control >"$log" 2>&1; then
    echo "$ci_name: ThreadSanitizer found nothing in the control" >&2
    exit 1
fi
race="WARNING: ThreadSanitizer: data race"
if ! grep -q "$race" "$log" || ! grep -q src/memory/exchange.rs "$log"; then
    echo "$ci_name: the control failed, but not for a data race in the exchange:" >&2
    cat "$log" >&2
    exit 1
fi
echo "$ci_name: the control's data race was found"
