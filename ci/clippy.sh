#!/usr/bin/env bash
# The workspace's lints, on all of it, tests and examples included.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
need_component clippy cargo clippy --version
cargo clippy --workspace --all-targets -- -D warnings
