#!/usr/bin/env bash
# The pages of reports in a real browser: read, used by mouse and by keys, and held against
# their records. First the checks themselves: a sound page passes, and each fault that is put
# into it is found. Screenshots stay in target/browser/shots.
#   ci/browser.sh [self-test]
set -euo pipefail
# shellcheck source=ci/prelude.sh
. "$(dirname "${BASH_SOURCE[0]}")/prelude.sh"

case ${1:-all} in
    all | self-test) ;;
    *)
        echo "$ci_name: no part is called '$1': there is self-test" >&2
        exit 2
        ;;
esac

need_browser
results=$(mktemp -d)
ci_tidy() { rm -rf "$results"; }

target=${CARGO_TARGET_DIR:-target}
work=$target/browser
CHROMIUM=$(command -v chromium)
export CHROMIUM

# NAME KINDS FILE of each page; see pages.mjs.
pages=()

# page NAME KINDS FILE
page() {
    if [ ! -s "$3" ]; then
        echo "$ci_name: there is no page $3" >&2
        exit 1
    fi
    pages+=("$@")
}

# measure NAME ARGUMENTS...: a run whose page and record are kept under that name. A rate that
# this machine misses makes a cell invalid (65), which a page must be able to show.
measure() {
    local name=$1 code=0
    shift
    "$target/release/pipefit" run "$@" --quick --results "$results/$name" || code=$?
    if [ "$code" -ne 0 ] && [ "$code" -ne 65 ]; then
        exit "$code"
    fi
}

# seconds MOST COMMAND...: a command that takes at most so long.
seconds() {
    local most=$1 began took
    shift
    began=$(date +%s%N)
    "$@"
    took=$((($(date +%s%N) - began) / 1000000))
    echo "$ci_name: $took ms: $*"
    if [ "$took" -gt $((most * 1000)) ]; then
        echo "$ci_name: that is more than $most s" >&2
        exit 1
    fi
}

# Makes all pages. One more is a line or two here.
make_pages() {
    measure run stream,rtt,gui60,max --transport call,thread,pipe,shm-ring --wait block,spin
    page run table,plot,points,hues,figures "$results/run/latest/report.html"

    # Those that are not the usual ones, from literal records.
    PIPEFIT_PAGES=$results/pages cargo test --test report pages_are_written -- --ignored
    local name
    for name in whole judged large; do
        page "$name" table,plot,points,hues,figures "$results/pages/$name/report.html"
    done
    for name in invalid partial; do
        page "$name" table,plot,hues,figures "$results/pages/$name/report.html"
    done
    page one plot,points,figures "$results/pages/one/report.html"
    page empty - "$results/pages/empty/report.html"
    seconds 1 "$target/release/pipefit" report --results "$results/pages/kept"

    # Runs side by side, and over time.
    measure again stream,rtt,gui60,max --transport call,thread,pipe,shm-ring --repeat 3
    seconds 2 "$target/release/pipefit" report "$results/run/latest" "$results/again/latest" \
        --results "$results/run" --export-html "$results/compared.html"
    page compared table,plot,points,hues "$results/compared.html"
    PIPEFIT_PAGES=$results/pages cargo test --test reports a_thousand_runs
    seconds 2 "$target/release/pipefit" report --history --results "$results/pages/history"
    page history table,plot,hues "$results/pages/history/index.html"
    if [ "$(stat -c %s "$results/pages/history/index.html")" -gt 5000000 ]; then
        echo "$ci_name: the page of 1,000 runs is larger than 5 MB" >&2
        exit 1
    fi

    # What the gate saw of this build beside itself.
    "$target/release/pipefit" gate --base "$target/release/pipefit" --scenario rtt \
        --transport task,thread --results "$results/gated" || [ $? -eq 75 ]
    page gated table,plot "$(find "$results/gated" -name report.html)"
}

# What npm installs stays out of the repository.
rm -rf "$work/shots"
mkdir -p "$work"
cp ci/browser/*.mjs ci/browser/package.json ci/browser/package-lock.json "$work/"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund)

node "$work/functions.mjs" harness/src/report
node "$work/pages.mjs" harness/src/report "$work/shots" --self-test
if [ "${1:-all}" = self-test ]; then
    exit
fi

need_cc
cargo build --release
make_pages
node "$work/pages.mjs" harness/src/report "$work/shots" "${pages[@]}"
