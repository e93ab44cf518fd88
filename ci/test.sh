#!/usr/bin/env bash
# Every test: the command of the README, and the example's, which is no default member.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
cargo test
cargo test -p own-transport
