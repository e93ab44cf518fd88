#!/usr/bin/env bash
# The fitness function for structure alone: floors, unsafe, atomics, sleeps, registries.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
cargo test --test architecture
