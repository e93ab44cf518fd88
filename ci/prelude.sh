# shellcheck shell=bash
# Read by every script of this folder: where they run, what they need, and how they end.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
ci_name=$(basename "$0")

# Called at the end, whatever the end is. A script that has something to tidy up
# gives it another body.
ci_tidy() { :; }

# The last line of every script says how long it took; the exit code stays as it was.
ci_end() {
    local code=$?
    ci_tidy
    echo "$ci_name: $SECONDS s"
    exit "$code"
}
trap ci_end EXIT

can_install() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null
}

# packages WHAT NAME...: WHAT is missing here, and Debian's packages of these names bring it.
packages() {
    local what=$1
    shift
    if ! can_install; then
        echo "$ci_name: no $what: install $*" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

# need_cc: Rust programs are linked by a C compiler.
need_cc() {
    command -v cc >/dev/null || packages "C compiler" gcc libc6-dev
}

# need_cxx: the fuzzer's library is C++.
need_cxx() {
    command -v c++ >/dev/null || packages "C++ compiler" g++
}

# need_libclang: iceoryx2 reads the C library's headers with it when it is built.
need_libclang() {
    if ldconfig -p | grep -q libclang || compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null; then
        return
    fi
    packages libclang libclang-dev
}

# need_ip: two hosts are two network namespaces, and what lies between them can be made
# to lose packets. Without the tools for it, or without the right to use them, the tests
# that need them say that they were skipped.
need_ip() {
    if ! command -v ip >/dev/null || ! command -v nft >/dev/null; then
        ! can_install || packages "tools for networks" iproute2 nftables
    fi
}

# need_browser: pages are opened in a browser, which a program for Node.js leads.
need_browser() {
    local missing=()
    command -v chromium >/dev/null || missing+=(chromium)
    command -v node >/dev/null || missing+=(nodejs)
    command -v npm >/dev/null || missing+=(npm)
    [ "${#missing[@]}" -eq 0 ] || packages "browser, or nothing to lead it" "${missing[@]}"
}

# need_venv: Python with a place of its own for packages.
need_venv() {
    if ! command -v python3 >/dev/null || ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
        packages "Python with venv" python3-venv
    fi
}

# need_component NAME COMMAND...: a part of the toolchain, which this does not change.
need_component() {
    local name=$1
    shift
    if ! "$@" >/dev/null 2>&1; then
        echo "$ci_name: no $name in this toolchain: rustup component add $name" >&2
        exit 1
    fi
}
