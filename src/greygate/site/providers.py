"""The DNS providers whose interfaces dns-lexicon 3.25 knows; a test keeps the list in step."""

from __future__ import annotations

KNOWN = (
    *("aliyun", "arvancloud", "aurora", "azure", "cloudflare", "cloudns", "cloudxns", "conoha"),
    *("constellix", "desec", "devnomads", "digitalocean", "dinahosting", "directadmin"),
    *("dnsimple", "dnsmadeeasy", "dnspark", "dnspod", "dnsservices", "dreamhost", "duckdns"),
    *("dynu", "easydns", "easyname", "euserv", "exoscale", "flexibleengine", "gandi", "gehirn"),
    *("glesys", "godaddy", "googleclouddns", "gratisdns", "henet", "hetzner", "hostingde"),
    *("hover", "httpnet", "infoblox", "infomaniak", "internetbs", "inwx", "ionos", "joker"),
    *("linode", "linode4", "luadns", "memset", "misaka", "mythicbeasts", "namecheap", "namecom"),
    *("namesilo", "netcup", "nfsn", "njalla", "nsone", "onapp", "online", "ovh", "plesk"),
    *("pointhq", "porkbun", "powerdns", "rackspace", "rage4", "rcodezero", "regfish", "safedns"),
    *("sakuracloud", "scaleway", "timeweb", "transip", "ultradns", "valuedomain", "vercel"),
    *("vultr", "wedos", "yandex", "yandexcloud", "zeit", "zilore", "zonomi"),
)

# Known to it too, but each needs a package of many megabytes that Greygate does not bring.
TOO_HEAVY = ("gransy", "oci", "qcloud", "route53", "softlayer")

# What dns-lexicon 3.25 cannot write there (read in its source, and in the providers' own
# documentation: DigitalOcean and Namecheap want each part of such a record in a field of its own).
CANNOT_WRITE = {
    "azure": ("CAA",),
    "digitalocean": ("SRV",),
    "dinahosting": ("NS", "SRV"),
    "duckdns": ("CAA", "CNAME", "NS", "SRV"),
    "infoblox": ("CAA", "NS"),
    "namecheap": ("SRV",),
    "onapp": ("CAA", "NS", "SRV"),
}
