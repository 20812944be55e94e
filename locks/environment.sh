# What ../greygate and ../dev share: a Python environment made once from a lock file, kept
# outside the clone. POSIX sh; sourced with $name set to the program's name, for messages.
#
#   $GREYGATE_STATE    where everything is kept, the environments below env/ too; by default
#                      /var/lib/greygate for root, else $XDG_DATA_HOME (~/.local/share)/greygate
#   env/KEY            one environment; KEY follows the lock file's content and the machine
#   env/KEY/complete   written last, and holds the Python it was made with: without it, or with
#                      another Python in its place, the environment is made anew

# environment LOCK: sets $environment to a whole environment made from LOCK.
environment() {
    find_state
    key=$({ cat "$1" && uname -m; } | sha256sum)
    environment=$state/env/$(printf %.16s "$key")
    whole || (make "$1") || exit
}

find_state() {
    state=${GREYGATE_STATE:-}
    if [ -z "${HOME:-}" ]; then
        HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
        export HOME
    fi
    case $state in
    '') if [ "$(id -u)" = 0 ]; then
            state=/var/lib/greygate
        else
            state=${XDG_DATA_HOME:-$HOME/.local/share}/greygate
        fi ;;
    /*) ;;
    *) state=$PWD/$state ;;
    esac
    case $state in
    *:*) cannot "use $state: Python takes no path with a colon in it" \
        "name another directory: GREYGATE_STATE=DIR" ;;
    esac
}

whole() {
    [ -r "$environment/complete" ] && read -r made_with <"$environment/complete" || return 1
    now=$("$environment/bin/python" -V 2>/dev/null) || return 1
    [ "${now%.*}" = "${made_with%.*}" ] # 3.11.2 and 3.11.4 read the same packages
}

# Runs in a subshell: the lock ends with it, and its umask is its own.
make() {
    trap 'say "interrupted; running it again goes on"; exit 130' INT TERM
    umask 022
    exec 3>&2 # the user's eyes, wherever stderr goes meanwhile
    cannot_do="make a Python environment in $environment"
    refused=$(mkdir -p "$state/env" 2>&1 && : 2>&1 >>"$state/env/lock") ||
        cannot "$cannot_do: ${refused##*: }" "name a directory of yours: GREYGATE_STATE=DIR"
    exec 9>>"$state/env/lock"
    flock -n 9 || { say "waiting for another run, which is making the environment" && flock 9; }
    whole && return
    settle_packages
    find_python && has_certificates || install_python
    say "making a Python environment in $environment"
    rm -rf "$environment"
    refused=$("$python" -m venv "$environment" 2>&1) || cannot "$cannot_do: $(why "$refused")" "$next"
    say "fetching $(grep -c '^[a-z]' "$1") Python packages, each checked against its hash"
    refused=$({ fetch "$1" >&3 && complete; } 2>&1 | aloud)
    whole || cannot "fetch Greygate's Python packages: $(why "$refused")" "$next"
}

# The user's own pip settings hold (index, proxy, certificates), but for one that venvs refuse.
fetch() {
    quiet=$([ -t 3 ] || echo --quiet)
    PIP_USER=no "$environment/bin/python" -m pip --disable-pip-version-check install $quiet \
        --require-hashes --only-binary :all: --no-deps -r "$1"
}

complete() {
    sync -f "$environment" # a power cut must not leave a marker before what it vouches for
    "$environment/bin/python" -V >"$environment/complete"
}

# Passes on what it reads, to the user and to the caller.
aloud() {
    while IFS= read -r line; do
        printf '%s\n' "$line" >&3
        printf '%s\n' "$line"
    done
}

find_python() {
    # The system's own first: it stays when a virtual environment on PATH goes.
    for python in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
        "$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
            2>/dev/null && return
    done
    return 1
}

# pip trusts what Debian's package brings; without root it is left to pip to say so.
has_certificates() {
    [ -s /etc/ssl/certs/ca-certificates.crt ] || [ -n "${PIP_CERT:-}" ] || [ "$(id -u)" != 0 ] ||
        ! command -v apt-get >/dev/null
}

# Waits for whoever else installs packages, and ends what an interrupted installation left.
settle_packages() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    told='' patience=150
    while ! said=$(LC_ALL=C apt-get -q check 2>&1); do
        case $said in
        *'held by process '*)
            [ $patience -gt 0 ] || return 0 # apt itself will say who it is
            who=${said##*held by process } && who="waiting for process ${who%%.*}: it has apt's lock"
            [ "$told" = "$who" ] || say "$who"
            told=$who patience=$((patience - 1))
            sleep 2 ;;
        *'dpkg was interrupted'* | *'Unmet dependencies'* | *'be reinstalled'*)
            [ "$told" != ended ] || return 0
            told=ended
            say "ending an installation that was interrupted (dpkg --configure -a)"
            DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a \
                </dev/null >&2 9>&- || :
            apt_get --fix-broken --no-remove install || : ;;
        *) return 0 ;;
        esac
    done
}

install_python() {
    packages="python3 python3-venv ca-certificates"
    cannot_do="start: Python 3.11 or newer with its venv module is needed"
    command -v apt-get >/dev/null ||
        cannot "$cannot_do" "install it with this system's package tool, then run this again"
    [ "$(id -u)" = 0 ] || cannot "$cannot_do" \
        "as root: apt-get update && apt-get install --no-install-recommends $packages"
    say "installing $packages with apt: Greygate is written in Python and keeps its own packages apart"
    bring --simulate >/dev/null 2>&1 && bring || { apt_get update && bring; } ||
        cannot "install $packages: apt refused, see above" "mend that, then run this again: it goes on"
    find_python || cannot "$cannot_do; this system has $(python3 -V)" "use a newer release of it"
}

bring() {
    apt_get install --no-install-recommends "$@" $packages
}

apt_get() {
    # What a package starts must not keep our lock (9).
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 \
        "$@" </dev/null >&2 9>&-
}

# why WORDS: what kept a program from it, from what it said. Sets nothing; prints.
why() {
    case $1 in
    *'No space left'* | *'Errno 28'* | *'Disk quota'*) echo "the disk that holds $state is full" ;;
    *CERTIFICATE_VERIFY_FAILED*) echo "the package index shows a certificate that is not trusted here" ;;
    *'DO NOT MATCH THE HASHES'*) echo "a package is not the one that the lock file names" ;;
    *'Retrying ('* | *'onnection'* | *'timed out'*) echo "the package index cannot be reached" ;;
    *'No matching distribution'*) echo "the package index has none that fits this $(uname -m)" ;;
    *) printf '%s\n' "${1:-it was ended}" | tail -n 1 ;;
    esac
}

next="mend that (network, disk, pip's settings), then run this again: it goes on where it stopped"

say() {
    printf '%s: %s\n' "$name" "$1" >&2
}

cannot() {
    say "cannot $1"
    printf '    next: %s\n' "$2" >&2
    exit 3
}
