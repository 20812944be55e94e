"""A stand-in for acme-dns: the server that holds nothing but challenges, with its API and rules.

It follows joohoi/acme-dns, commit b7a0a8a (2024-12-15), to the letter where a client can tell the
difference: the words of errors, who may update from where, two slots a name of which the older is
overwritten, no way to delete, TXT records of TTL 1 found by their first label alone, and NXDOMAIN
for every other question. It differs in what clients do not see: scrypt for bcrypt, no CORS, no
certificate that it gets for itself.

It needs the standard library and dnspython, and none of the rest of us, so that a bare Debian runs
this folder alone:

    python3 -m acme_dns --domain auth.example --listen [::]:53 --api [::]:443 --database FILE
"""
