#!/usr/bin/env bash
# What is compiled with the feature `zenoh` only: its lints and documentation, its
# promises, and a sensor on another host, over the loopback and over a cable between two
# network namespaces. No default build knows of it, and nothing is left of it.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
need_ip
features=pipefit/zenoh,pipefit-harness/zenoh

for unwanted in zenoh rustls ring quinn rsa; do
    known=$features
    [ "$unwanted" != zenoh ] || known=
    # Whatever is not in the lock file is an error, and is not in the build.
    found=$(cargo tree -q -p pipefit-harness -e normal --features "$known" -i "$unwanted" 2>/dev/null) || true
    if [ -n "$found" ]; then
        echo "$ci_name: $unwanted is in the build with features '$known'" >&2
        exit 1
    fi
done

cargo clippy --workspace --all-targets --features "$features" -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace --features "$features"
cargo test --features "$features" --lib zenoh
cargo test --features "$features" --test capabilities
cargo test --features "$features" --test conformance -- zenoh
cargo test --features "$features" --test hosts -- --nocapture

left=$(ip netns list 2>/dev/null | grep '^pipefit-' || true)
if [ -n "$left" ]; then
    echo "$ci_name: network namespaces were left: $left" >&2
    exit 1
fi
