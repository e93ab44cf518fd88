#!/usr/bin/env bash
# The benches over all transports in short: every bench takes criterion's flags, a few
# links are timed and held against a baseline, and the last line names a report of all
# that was timed, whose record its schema accepts. In /dev/shm, nothing is left.
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

need_cc
results=$(mktemp -d)
before=$(find /dev/shm -mindepth 1)
ci_tidy() { rm -rf "$results"; }
export PIPEFIT_RESULTS=$results

fail() {
    echo "$ci_name: $1" >&2
    exit 1
}

listed=$(cargo bench -- --list)
for id in latency/pipe/64B limits/ overhead/ throughput/shm-latest/64KiB; do
    grep -q "^$id.*: benchmark$" <<<"$listed" || fail "$id is not listed"
done

some='(coroutine|task|thread|pipe|shm-ring)/64B'
cargo bench -- --quick --save-baseline ci "$some"
table=$(cargo bench -- --quick --baseline ci "$some")
echo "$table"
compared=$(grep -c 'change:' <<<"$table" || true)
[ "$compared" -eq 10 ] || fail "$compared of 10 benchmarks were held against the baseline"
report=$(tail -n 1 <<<"$table" | sed -n 's/^report: //p')
[ -s "$report" ] || fail "the last line names no report"
for id in latency/shm-ring/64B throughput/pipe/64B; do
    grep -q "$id" "$(dirname "$report")/run.json" || fail "$id is not in $report"
done
PIPEFIT_VALIDATE_BENCH=$(dirname "$report") cargo test --test record_schema

new=$(comm -13 <(sort <<<"$before") <(find /dev/shm -mindepth 1 | sort))
[ -z "$new" ] || fail "left in /dev/shm: $new"
