# edge edge1 of site 7969ec0fcb8b648d: written by greygate VERSION; not by hand
# Keeps our table in the kernel as it was loaded; others flush the whole ruleset, or edit it.
#   load    loads the rules in place, and remembers what the kernel made of them
#   check   loads the same rules again where the kernel no longer has them; nothing after `down`
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
kept=/run/greygate/firewall
listed() {
    nft --stateless list table inet greygate
}
load() {
    nft -f "$kept/rules.nft"
    listed >"$kept/listed.new"
    mv "$kept/listed.new" "$kept/listed"
}
mkdir -p "$kept"
exec 9>"$kept/lock"
flock 9
case $1 in
load)
    cp /var/lib/greygate/rendered/firewall/rules.nft "$kept/rules.nft"
    load
    ;;
check)
    [ -e "$kept/listed" ] || exit 0
    listed 2>/dev/null | cmp -s - "$kept/listed" && exit 0
    load
    # <4>: a warning, for the journal.
    echo "<4>the firewall on the overlay was gone or changed: its rules are loaded again" >&2
    ;;
esac
