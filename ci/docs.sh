#!/usr/bin/env bash
# The documentation builds without a warning: no dead link, nothing undocumented.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --workspace
