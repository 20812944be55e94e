# twinkle.example: written by greygate VERSION from the site file; edit that
# Keeps our table in the kernel as it was loaded; others flush the whole ruleset, or edit it.
#   load    loads the rules in place, and remembers what the kernel made of them
#   check   loads the same rules again where the kernel no longer has them; nothing after `down`
# Run with another group than root's it leaves for that group what filters there are here.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
kept=/run/greygate/firewall
listed() { # without what is in the named sets, which is ours to fill
    nft --stateless --terse list table inet greygate
}
load() {
    nft -f "$kept/rules.nft"
    listed >"$kept/listed.new"
    mv "$kept/listed.new" "$kept/listed"
}
networks() { # FAMILY SHORTEST: where this machine is without a router, and its own addresses
    for type in unicast local; do
        ip -o "-$1" route show table all type "$type"
    done | awk -v shortest="$2" '
        { to = $1 == "unicast" || $1 == "local" ? $2 : $1 }
        to == "default" || / via / || / dev lo( |$)/ { next }
        to ~ /^[23][0-9a-f][0-9a-f]:/ { next } # the overlay: servers are there
        split(to, part, "/") == 2 && part[2] < shortest { next } # a tunnel to everywhere
        !seen[to]++ { print to }'
}
resolvers() { # PATTERN
    sed -n 's/^[[:space:]]*nameserver[[:space:]]\{1,\}\([^[:space:]%]*\).*/\1/p' /etc/resolv.conf |
        grep "$1" | sort -u
}
element() { # SET: its elements come as lines
    echo "flush set inet greygate $1"
    sed "s/.*/add element inet greygate $1 { & }/"
}
fill() {
    ip route show table all >/dev/null && ip -6 route show table all >/dev/null || return 1
    {
        networks 4 8 | element networks4
        networks 6 32 | element networks6
        resolvers '[.]' | element resolvers4
        resolvers : | element resolvers6
    } | nft -f -
}
listings() { # DIRECTORY
    rm -rf "$1" && mkdir -m 750 "$1" && umask 027
    nft --json list ruleset >"$1/nft"
    for family in iptables ip6tables; do
        if grep -q '"xt"' "$1/nft" && command -v "$family-nft-save" >/dev/null; then
            "$family-nft-save" >"$1/$family-nft"
        fi
        names=/proc/net/${family%tables}_tables_names # ip_tables_names, ip6_tables_names
        if grep -qs filter "$names" && command -v "$family-legacy-save" >/dev/null; then
            "$family-legacy-save" >"$1/$family-legacy"
        fi
    done
}
umask 077 # whoever could open the lock could hold it
mkdir -p "$kept"
chmod 711 "$kept"
exec 9>"$kept/lock"
chmod 600 "$kept/lock"
flock -w 30 9
case $1 in
load)
    cp /var/lib/greygate/rendered/firewall/rules.nft "$kept/rules.nft"
    load
    ;;
check)
    [ -e "$kept/listed" ] || exit 0
    if ! listed 2>/dev/null | cmp -s - "$kept/listed"; then
        load
        # <4>: a warning, for the journal.
        echo "<4>the firewall on the overlay was gone or changed: its rules are loaded again" >&2
    fi
    ;;
esac
if grep -qs 'set networks4' "$kept/rules.nft" && ! fill; then
    echo "<3>cannot tell home's own networks: Synapse may be made to ask them" >&2
    [ "$1" = load ] || exit 1 # a firewall without them is better than none
fi
[ "$(id -g)" != 0 ] || exit 0
listings "$kept/seen.new"
rm -rf "$kept/seen"
mv "$kept/seen.new" "$kept/seen"
