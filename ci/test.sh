#!/usr/bin/env bash
# Every test: the command of the README, and the example's, which is no default member.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
cargo test
# With all the others beside it, so that they are not built once more with fewer features.
told=$(cargo test --workspace --test conformance -- mailbox)
echo "$told"
grep -q '^test mailbox::.* ok$' <<<"$told" || {
    echo "$ci_name: none of the example's promises was tested" >&2
    exit 1
}
