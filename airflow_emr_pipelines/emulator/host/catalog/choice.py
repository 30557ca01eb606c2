"""Which catalog of databases and tables a cluster's Configurations lead its steps to."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass

CLIENT_FACTORY = "hive.metastore.client.factory.class"
CATALOG_ID = "hive.metastore.glue.catalogid"
URIS = "hive.metastore.uris"
DATABASE = "javax.jdo.option.ConnectionURL"
FOLLOWED = (CLIENT_FACTORY, CATALOG_ID, URIS, DATABASE)
ACCOUNT = "123456789012"
"""The account that all clients of the emulator belong to."""
_GLUE = re.compile(r"com\.amazonaws\.glue\.\S*(ClientFactory|MetastoreFactory)")
_KIND = re.compile(r"jdbc:[A-Za-z]\w*:")
_PLAIN = re.compile(rf"(?P<kind>{_KIND.pattern})//([^@/?;(]*@)?(?P<host>[\w.-]+)(:\d+)?([/?;][^@]*)?")
_HERE = ("localhost", "127.0.0.1", "::1")
_OF_SPARK = ("spark.hadoop.", "spark.")
"""What stands before a setting of Hive's to spark-submit."""


class Kind(enum.Enum):
    """Whose catalog it is."""

    OWN = "the cluster's own"
    GLUE = "the Glue Data Catalog"
    EXTERNAL = "an external metastore"
    REFUSED = "none"


@dataclass(frozen=True)
class Choice:
    """A catalog; `words` are an external one's addresses, or why there is none and what to do."""

    kind: Kind = Kind.OWN
    words: str = ""


def choose(site: Mapping[str, str], hive_site: Mapping[str, str], name: str) -> Choice:
    """The catalog of one kind of program.

    :param site: the properties of its own classification, of which `name` is the name
    :param hive_site: those of hive-site, by which the metastore on the primary node runs
    """
    if _GLUE.fullmatch(site.get(CLIENT_FACTORY, "").strip()):
        account = site.get(CATALOG_ID, "").strip() or ACCOUNT
        if account == ACCOUNT:
            return Choice(Kind.GLUE)
        return Choice(
            Kind.REFUSED,
            f"{name} {CATALOG_ID}={account}: the emulator has the Glue Data Catalog of account {ACCOUNT} alone. "
            "Leave the property out on the emulator.",
        )
    if CLIENT_FACTORY in site:
        return Choice(
            Kind.REFUSED,
            f"{name} {CLIENT_FACTORY}={site[CLIENT_FACTORY]}: the emulator has no such client. Name "
            "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory, or leave it out for a catalog "
            "of the cluster's own.",
        )
    uris = [uri.strip() for uri in site.get(URIS, "").split(",") if uri.strip()]
    if uris and not all(_host(uri) in _HERE for uri in uris):
        return Choice(Kind.EXTERNAL, ",".join(uris))
    address = hive_site.get(DATABASE, "").strip()
    if address and not address.startswith("jdbc:derby:") and _host(address) not in _HERE:
        return Choice(
            Kind.REFUSED,
            f"hive-site {DATABASE}={_without_secrets(address)}: the emulator has no drivers for an external database "
            "of a metastore. Run that metastore elsewhere and name its address in hive.metastore.uris, use the Glue "
            f"Data Catalog by {CLIENT_FACTORY}, or leave the property out for a catalog that ends with the cluster.",
        )
    return Choice()


def of_spark(settings: Mapping[str, str]) -> dict[str, str]:
    """What a Spark command or the cluster's spark-defaults say of the catalog, as properties of Hive's."""
    written = {prefix + name: name for prefix in _OF_SPARK for name in FOLLOWED}
    return {written[key]: value for key, value in settings.items() if key in written}


def _host(address: str) -> str:
    """The host of `thrift://host:port` or `jdbc:kind://host:port/name`, in lower case."""
    authority = re.split(r"[/?;]", address.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    return (authority.rpartition(":")[0] or authority).strip("[]").lower()


def _without_secrets(address: str) -> str:
    """Its kind, and its host where that is beyond doubt: each driver has forms of its own with a password in them."""
    if plain := _PLAIN.fullmatch(address):
        return f"{plain['kind']}//{plain['host']}/…"
    kind = _KIND.match(address)
    return f"{kind[0] if kind else ''}…"
