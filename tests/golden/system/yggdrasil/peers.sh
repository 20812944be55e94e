#!/bin/sh
# twinkle.example: written by greygate VERSION from the site file; edit that
# Adds our peers to the node that runs on this machine, and takes away those that it added.
# A peer that the node has already, from its own file, is left alone: then and at the end.
set -u
PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin
marks='/run/greygate/peers'
what=${1:?up or down}
set -- 'tls://192.0.2.10:8443?key=5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c' 'quic://[2001:db8::10]:443'

add() {
    answer=$(yggdrasilctl addPeer uri="$1" 2>&1)
    case $?,$answer in
        *already\ configured*) ;;
        0,*Fatal\ error*) failed "$1" "$answer" ;; # no node there: it ends with 0 all the same (0.5.12)
        0,*) printf '%s\n' "$1" >"$marks/$(printf %s "$1" | cksum | tr ' ' -)" ;;
        *) failed "$1" "$answer" ;;
    esac
}

# By the marks, not by the list above: that is the new one when the site file has changed.
remove_all() {
    for mark in "$marks"/*; do
        [ -f "$mark" ] || continue
        read -r peer <"$mark"
        yggdrasilctl removePeer uri="$peer" >/dev/null 2>&1 # a node that was restarted has it no more
        rm -f "$mark"
    done
}

failed() {
    echo "cannot add the peer $1: $2" >&2
    status=1
}

umask 077 # a peer may have a password in it
mkdir -p "$marks" || exit 1
status=0
case $what in
    up) for peer; do add "$peer"; done ;;
    down) remove_all ;;
esac
exit "$status"
