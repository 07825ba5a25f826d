"""The operator's product suite: what is sold, at which list price, and how its use is measured."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.demo.draft import CURRENCY, Row, minor
from models.catalog import Charge


@dataclass(frozen=True)
class Item:
    """A product: list price in whole units (a month when recurring), and the monthly use of one unit."""

    key: str
    name: str
    family: str
    price: int
    unit: str = ""
    monthly_use: int = 0
    charge: Charge = Charge.RECURRING

    @property
    def external_id(self) -> str:
        """The product's number in the catalogue."""
        return f"PRD-{self.key}"


SUITE: tuple[Item, ...] = (
    Item("SDWAN", "SD-WAN Site", "Connectivity", 240, "GB", 420),
    Item("INET", "Business Internet Access 1 Gbit/s", "Connectivity", 390, "GB", 900),
    Item("MPLS", "MPLS VPN Port", "Connectivity", 460, "GB", 300),
    Item("WAVE", "Wavelength 10 Gbit/s", "Connectivity", 2_900, "GB", 21_000),
    Item("LTE", "Mobile Backup Line", "Connectivity", 45, "GB", 6),
    Item("SIP", "SIP Trunking Channel", "Voice and Collaboration", 9, "minutes", 640),
    Item("UCAAS", "Cloud Telephony Seat", "Voice and Collaboration", 14, "minutes", 310),
    Item("MEET", "Meeting Room Connect", "Voice and Collaboration", 65, "minutes", 1_900),
    Item("CC", "Cloud Contact Centre Agent", "Voice and Collaboration", 89, "sessions", 780),
    Item("MOB", "Enterprise Mobile Line", "Mobile and IoT", 22, "GB", 9),
    Item("IOT", "IoT Connectivity SIM", "Mobile and IoT", 3, "GB", 1),
    Item("PMN", "Private 5G Campus Network", "Mobile and IoT", 6_500, "GB", 14_000),
    Item("CLOUD", "Cloud Connect Port", "Cloud and Data Centre", 780, "GB", 5_200),
    Item("COLO", "Colocation Rack", "Cloud and Data Centre", 1_150, "kWh", 2_100),
    Item("BACKUP", "Managed Backup per TB", "Cloud and Data Centre", 48, "GB", 1_000),
    Item("FW", "Managed Firewall", "Security", 310, "GB", 640),
    Item("DDOS", "DDoS Protection", "Security", 520, "GB", 1_100),
    Item("SASE", "Secure Remote Access User", "Security", 8, "sessions", 44),
    Item("CARE", "Service Manager and Monitoring", "Professional Services", 1_400),
    Item("INST", "Site Installation", "Professional Services", 650, charge=Charge.ONE_OFF),
    Item("MIGR", "Migration Project Day", "Professional Services", 1_180, charge=Charge.ONE_OFF),
)

BY_KEY: dict[str, Item] = {item.key: item for item in SUITE}


def products() -> list[Row]:
    """The suite as rows of the catalogue."""
    return [
        Row(
            item.external_id,
            {
                "name": item.name,
                "family": item.family,
                "charge": item.charge,
                "list_price_minor": minor(item.price),
                "currency": CURRENCY,
            },
        )
        for item in SUITE
    ]
