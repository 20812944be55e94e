"""An internet on one machine: booted Debian hosts, joined by links, for trying the whole thing."""
