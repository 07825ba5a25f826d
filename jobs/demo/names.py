"""The words that the demo world is made of: people, positions, competitors; no structure."""

OPERATOR = "Northline Telecom"
DOMAIN = "northline.example"

FIRST_NAMES = (
    "Anna", "Bastian", "Camille", "Daan", "Elena", "Filip", "Greta", "Henrik", "Ines", "Jonas",
    "Katarzyna", "Luca", "Marta", "Niels", "Oriane", "Pavel", "Rosalie", "Stefan", "Teresa", "Ulrich",
    "Valentina", "Wouter", "Yasmin", "Zoltan", "Aoife", "Benoit", "Chiara", "Dominik", "Eva", "Florian",
    "Giulia", "Hugo", "Ingrid", "Javier", "Klara", "Lars", "Magnus", "Noemi", "Olga", "Piotr",
)  # fmt: skip
LAST_NAMES = (
    "Albers", "Bernard", "Costa", "De Vries", "Eriksson", "Ferrari", "Garnier", "Hoffmann", "Ivanova",
    "Jansen", "Kowalski", "Lindqvist", "Moreau", "Novak", "Olsen", "Pereira", "Quist", "Romano", "Sauer",
    "Thomsen", "Urban", "Vermeer", "Weiss", "Zielinski", "Byrne", "Castillo", "Dubois", "Engel", "Fischer",
    "Gallo", "Haas", "Ibarra", "Keller", "Lambert", "Marino", "Nowak", "Peeters", "Richter", "Schmitt", "Wagner",
)  # fmt: skip

#: Positions by seniority, the one who signs first.
EXECUTIVE_TITLES = ("Chief Information Officer", "Chief Financial Officer", "Chief Operating Officer")
HEAD_TITLES = (
    "Head of Network Services",
    "Head of IT Procurement",
    "Head of Workplace",
    "Head of Information Security",
)
MANAGER_TITLES = ("Network Manager", "IT Service Manager", "Category Manager Telecom", "Programme Manager")
STAFF_TITLES = ("Network Engineer", "Buyer", "Telephony Administrator", "Service Desk Lead")

COMPETITORS = ("Fennwick Telecom", "Aldermoor Networks", "Tarnhelm Communications", "Quillon Connect")
LOSS_REASONS = (
    "Price above the competing offer",
    "Budget moved to another programme",
    "Decision postponed, no date given",
    "Requirements dropped after the reorganisation",
    "Delivery time for access lines too long",
)

TICKETS = (
    "Intermittent packet loss at the {city} site",
    "No dial tone on the main number in {city}",
    "Slow cloud access from {city} in the mornings",
    "Router in {city} not reachable after the power cut",
    "Wrong caller ID shown on outgoing calls",
    "Invoice shows a circuit that was cancelled",
    "Firewall change request waiting for approval",
    "SIM cards for the {city} warehouse not activated",
    "Jitter on voice calls between {city} and the data centre",
    "Portal login fails for the new administrators",
)
SEVERE_TICKETS = (
    "{city} site offline, both access lines down",
    "Data centre cross-connect down, ERP not reachable",
    "Contact centre drops incoming calls since this morning",
    "SD-WAN failover did not work during the {city} outage",
    "DDoS protection did not trigger, web shop unreachable",
)
CITIES = {
    "Germany": ("Hamburg", "Stuttgart", "Leipzig"),
    "France": ("Lyon", "Nantes", "Lille"),
    "Netherlands": ("Utrecht", "Eindhoven", "Rotterdam"),
    "Belgium": ("Ghent", "Antwerp", "Liège"),
    "Spain": ("Valencia", "Bilbao", "Seville"),
    "Italy": ("Turin", "Bologna", "Verona"),
    "Poland": ("Poznań", "Gdańsk", "Wrocław"),
    "Austria": ("Graz", "Linz", "Salzburg"),
    "Sweden": ("Malmö", "Gothenburg", "Uppsala"),
    "Ireland": ("Cork", "Galway", "Limerick"),
}
