#!/usr/bin/env bash
# Every Rust file is as rustfmt.toml has it.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_component rustfmt cargo fmt --version
cargo fmt --all -- --check
