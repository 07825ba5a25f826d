"""The sixty enterprise accounts, six for each director, in the order of the directors."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import normalize

from jobs.demo.draft import CURRENCY, Row
from jobs.demo.people import DIRECTORS, Person
from models.accounts import Tier

PER_DIRECTOR = 6


@dataclass(frozen=True)
class AccountSpec:
    """An account: ``number`` counts from 1, ``parent`` is the number of the account above it."""

    number: int
    name: str
    industry: str
    segment: str
    country: str
    employees: int
    tier: Tier
    parent: int | None

    @property
    def external_id(self) -> str:
        """The account's number in the CRM."""
        return account_id(self.number)

    @property
    def owner(self) -> Person:
        """The director who carries it."""
        return DIRECTORS[(self.number - 1) // PER_DIRECTOR]

    @property
    def sites(self) -> int:
        """Sites that need a connection, from 4 to 60."""
        return max(4, min(60, self.employees // 250))

    @property
    def domain(self) -> str:
        """Where its people get mail."""
        plain = normalize("NFKD", self.name.lower()).encode("ascii", "ignore").decode()
        words = "".join(c if c.isalnum() else " " for c in plain).split()
        return f"{'-'.join(words[:2])}.example"

    def row(self) -> Row:
        """The account without what its story says about it."""
        values: dict[str, object] = {
            "name": self.name,
            "industry": self.industry,
            "segment": self.segment,
            "country": self.country,
            "employees": self.employees,
            "sites": self.sites,
            "tier": self.tier,
            "currency": CURRENCY,
            "owner_id": self.owner.external_id,
            "parent_id": account_id(self.parent) if self.parent else None,
        }
        return Row(self.external_id, values)


def account_id(number: int) -> str:
    """The external id of an account."""
    return f"ACC-{number:02d}"


_MANUFACTURING, _AUTOMOTIVE, _CHEMICALS, _ENERGY = "Manufacturing", "Automotive", "Chemicals", "Energy"
_BANKING, _INSURANCE, _LEGAL = "Banking", "Insurance", "Professional Services"
_RETAIL, _LOGISTICS, _FOOD, _TRAVEL = "Retail", "Logistics", "Food and Beverage", "Travel and Hospitality"
_PUBLIC, _HEALTH, _EDUCATION, _MEDIA = "Public Administration", "Healthcare", "Education", "Media"
_GLOBAL, _LARGE, _MID, _STATE = "Global Enterprise", "Large Enterprise", "Mid-Market", "Public Sector"
_KEY, _NAMED, _STANDARD = Tier.KEY, Tier.NAMED, Tier.STANDARD

_ROWS: tuple[tuple[str, str, str, str, int, Tier, int | None], ...] = (
    # Clara Voss
    ("Hallbergwerk AG", _MANUFACTURING, _GLOBAL, "Germany", 11_800, _KEY, None),
    ("Hallbergwerk Polska", _MANUFACTURING, _LARGE, "Poland", 2_400, _NAMED, 1),
    ("Kronfeld Antriebstechnik", _AUTOMOTIVE, _LARGE, "Germany", 6_200, _KEY, None),
    ("Vestermark Pumps", _MANUFACTURING, _MID, "Sweden", 1_900, _NAMED, None),
    ("Rheinauer Chemie", _CHEMICALS, _LARGE, "Germany", 4_700, _NAMED, None),
    ("Talvik Energy", _ENERGY, _LARGE, "Sweden", 3_300, _NAMED, None),
    # Emil Sandberg
    ("Norrhavn Shipyards", _MANUFACTURING, _LARGE, "Sweden", 5_100, _KEY, None),
    ("Officine Bertolani", _AUTOMOTIVE, _MID, "Italy", 1_450, _STANDARD, None),
    ("Lakmar Coatings", _CHEMICALS, _MID, "Netherlands", 1_200, _STANDARD, None),
    ("Sundbacka Paper", _MANUFACTURING, _LARGE, "Sweden", 3_900, _NAMED, None),
    ("Gewerke Oststeier", _ENERGY, _MID, "Austria", 1_600, _STANDARD, None),
    ("Wielopol Glass", _MANUFACTURING, _MID, "Poland", 2_100, _NAMED, None),
    # Nadia Ferrante
    ("Meccanica Valdorsa", _MANUFACTURING, _MID, "Italy", 1_750, _NAMED, None),
    ("Fonderie du Brévent", _MANUFACTURING, _MID, "France", 1_300, _STANDARD, None),
    ("Solcampo Renovables", _ENERGY, _LARGE, "Spain", 2_800, _KEY, None),
    ("Talvik Solar Iberia", _ENERGY, _MID, "Spain", 900, _STANDARD, 6),
    ("Autoteile Hagenow", _AUTOMOTIVE, _MID, "Germany", 2_250, _NAMED, None),
    ("Brixen Kunststoff", _CHEMICALS, _MID, "Italy", 1_050, _STANDARD, None),
    # Pieter Hoekstra
    ("Zuiderkade Bank", _BANKING, _GLOBAL, "Netherlands", 9_400, _KEY, None),
    ("Zuiderkade Verzekeringen", _INSURANCE, _LARGE, "Netherlands", 3_100, _NAMED, 19),
    ("Banque Sorlin", _BANKING, _LARGE, "France", 4_200, _KEY, None),
    ("Leievallei Krediet", _BANKING, _MID, "Belgium", 1_500, _STANDARD, None),
    ("Merwede Pensioen", _INSURANCE, _MID, "Netherlands", 1_100, _NAMED, None),
    ("Dorneval Avocats", _LEGAL, _MID, "Belgium", 1_000, _STANDARD, None),
    # Lucie Marchand
    ("Mutuelle des Trois Rives", _INSURANCE, _LARGE, "France", 3_600, _NAMED, None),
    ("Crédit Armorval", _BANKING, _LARGE, "France", 5_300, _KEY, None),
    ("Aseguradora Montalbo", _INSURANCE, _LARGE, "Spain", 2_900, _NAMED, None),
    ("Cassa Pedemontana", _BANKING, _MID, "Italy", 1_800, _STANDARD, None),
    ("Bankhaus Eulenthal", _BANKING, _MID, "Germany", 1_250, _STANDARD, None),
    ("Ferrand & Loiseau Conseil", _LEGAL, _MID, "France", 1_400, _STANDARD, None),
    # Oskar Lindholm
    ("Fjordmat Group", _FOOD, _GLOBAL, "Sweden", 8_600, _KEY, None),
    ("Fjordmat Deutschland", _FOOD, _LARGE, "Germany", 2_700, _NAMED, 31),
    ("Storkullen Retail", _RETAIL, _LARGE, "Sweden", 7_200, _KEY, None),
    ("Lastbryggan Logistics", _LOGISTICS, _MID, "Sweden", 1_700, _NAMED, None),
    ("Ekvalla Hotels", _TRAVEL, _MID, "Sweden", 2_000, _STANDARD, None),
    ("Nordlager Spedition", _LOGISTICS, _MID, "Germany", 1_350, _STANDARD, None),
    # Beatriz Navarro
    ("Supermercados La Encina Real", _RETAIL, _LARGE, "Spain", 6_800, _KEY, None),
    ("Transportes Arbolea", _LOGISTICS, _MID, "Spain", 1_600, _NAMED, None),
    ("Bodegas Casaltorre", _FOOD, _MID, "Spain", 950, _STANDARD, None),
    ("Hoteles Puerto Claro", _TRAVEL, _LARGE, "Spain", 3_400, _NAMED, None),
    ("Calzados Monteverde", _RETAIL, _MID, "Spain", 1_900, _STANDARD, None),
    ("Panificadora Rosal", _FOOD, _MID, "Spain", 1_150, _STANDARD, None),
    # Conor Halloran
    ("Killarow Foods", _FOOD, _LARGE, "Ireland", 2_600, _NAMED, None),
    ("Kestrane Parcels", _LOGISTICS, _LARGE, "Ireland", 4_400, _KEY, None),
    ("Ballintree Stores", _RETAIL, _LARGE, "Ireland", 3_700, _NAMED, None),
    ("Corrib Ferries & Coaches", _TRAVEL, _MID, "Ireland", 1_200, _STANDARD, None),
    ("Maison Delacourt", _RETAIL, _MID, "France", 1_850, _STANDARD, None),
    ("Drukkerij Van Ostade", _MEDIA, _MID, "Netherlands", 900, _STANDARD, None),
    # Agnieszka Zawada
    ("Szpitale Nadwarta", _HEALTH, _STATE, "Poland", 5_600, _KEY, None),
    ("Metropolia Lubrzańska", _PUBLIC, _STATE, "Poland", 3_800, _NAMED, None),
    ("Politechnika Nadwarciańska", _EDUCATION, _STATE, "Poland", 2_300, _STANDARD, None),
    ("Kolej Nadmorska", _LOGISTICS, _STATE, "Poland", 6_400, _KEY, None),
    ("Apteki Lipowe", _HEALTH, _MID, "Poland", 1_950, _NAMED, None),
    ("Telewizja Meridia", _MEDIA, _MID, "Poland", 1_100, _STANDARD, None),
    # Matthias Ebner
    ("Klinikverbund Traunsee", _HEALTH, _LARGE, "Austria", 4_900, _KEY, None),
    ("Landesverwaltung Hohenmark", _PUBLIC, _STATE, "Austria", 5_200, _KEY, None),
    ("Universität Salzach", _EDUCATION, _STATE, "Austria", 2_200, _STANDARD, None),
    ("Pflegeheime Sonnleiten", _HEALTH, _MID, "Austria", 1_650, _NAMED, None),
    ("Stadtwerke Innfurt", _PUBLIC, _STATE, "Germany", 1_900, _NAMED, None),
    ("Donauland Verlag", _MEDIA, _MID, "Austria", 1_050, _STANDARD, None),
)

ACCOUNTS: tuple[AccountSpec, ...] = tuple(
    AccountSpec(number, *row) for number, row in enumerate(_ROWS, start=1)
)
