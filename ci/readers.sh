#!/usr/bin/env bash
# What pipefit exports, read by programs that are not ours: HdrHistogram's Python port reads
# the interval logs, and each figure is that of the record. Needs the network, once.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
need_venv
results=$(mktemp -d)
ci_tidy() { rm -rf "$results"; }

target=${CARGO_TARGET_DIR:-target}
cargo build --release
code=0
"$target/release/pipefit" run stream,rtt,gui60 --transport thread,pipe --duration 1s -q \
    --results "$results/results" --export-json "$results/run.json" --export-hlog "$results/all.hlog" \
    --export-hgrm "$results/all.hgrm" --export-trace "$results/trace.json" || code=$?
# A rate that this machine missed makes a cell invalid, and its histograms are written as well.
if [ "$code" -ne 0 ] && [ "$code" -ne 65 ]; then
    exit "$code"
fi

python3 -m venv "$target/readers"
"$target/readers/bin/pip" install --quiet --requirement ci/readers/requirements.txt
"$target/readers/bin/python" ci/readers/read.py \
    "$results/run.json" "$results/all.hlog" "$results/all.hgrm" "$results/trace.json"
