#!/usr/bin/env bash
# What is compiled with the feature `iceoryx2` only: its lints, and a short run of the
# bench's rows against that peer. Whether those rows meet their targets is not asked
# here: a few pairs cannot tell. In /dev/shm, nothing is left.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
need_libclang
before=$(find /dev/shm -mindepth 1)
cargo clippy --workspace --all-targets --features pipefit/iceoryx2 -- -D warnings
# Exit code 1 says that no trial of a row worked: the table tells.
table=$(cargo bench --bench limits --features iceoryx2 -- --quick iceoryx2) || true
echo "$table"
measured=$(grep -Ec 'ring / iceoryx2 +[0-9.]+ [^ ]+ +[0-9.]+ ' <<<"$table" || true)
if [ "$measured" -ne 8 ]; then
    echo "$ci_name: $measured of 8 rows against iceoryx2 were measured" >&2
    exit 1
fi
new=$(comm -13 <(sort <<<"$before") <(find /dev/shm -mindepth 1 | sort))
if [ -n "$new" ]; then
    echo "$ci_name: left in /dev/shm: $new" >&2
    exit 1
fi
