#!/usr/bin/env bash
# The main job in short, and what it leaves: a record that its schema accepts, every
# transport in every scenario, no cell invalid but for a missed rate, a report of all.
# In /dev/shm, nothing.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
results=$(mktemp -d)
before=$(find /dev/shm -mindepth 1)
ci_tidy() { rm -rf "$results"; }

cargo run --release -- compare --quick --results "$results"
new=$(comm -13 <(sort <<<"$before") <(find /dev/shm -mindepth 1 | sort))
if [ -n "$new" ]; then
    echo "$ci_name: left in /dev/shm: $new" >&2
    exit 1
fi
run=$(readlink -f "$results/latest")
for file in run.json report.html figures.csv; do
    if [ ! -s "$run/$file" ]; then
        echo "$ci_name: $file is missing or empty in $run" >&2
        exit 1
    fi
done
PIPEFIT_VALIDATE_RUN=$run cargo test --test record_schema
