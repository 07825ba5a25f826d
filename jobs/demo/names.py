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
    "Gallo", "Haas", "Ibarra", "Keller", "Lambert", "Marino", "Nowak", "Peeters", "Richter", "Schmitt",
    "Wagner",
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
#: What people were met about.
MET_ABOUT = (
    "Review of services and tickets",
    "Plans for the next budget year",
    "Sites that open or close",
    "Usage of the last quarter",
    "How the delivery goes",
    "Questions on the last invoice",
    "Security after the incident at a supplier",
    "What moves to the cloud, and when",
    "Introduction of a new colleague",
    "Next steps of the open offer",
)
LOSS_REASONS = (
    "Price above the competing offer",
    "Budget moved to another programme",
    "Decision postponed, no date given",
    "Requirements dropped after the reorganisation",
    "Delivery time for access lines too long",
)

#: What tickets say, each with the products that it can be about.
TICKETS: tuple[tuple[str, frozenset[str]], ...] = (
    ("Intermittent packet loss at the {city} site", frozenset({"SDWAN", "MPLS", "INET", "WAVE"})),
    ("Slow cloud access from {city} in the mornings", frozenset({"SDWAN", "MPLS", "INET", "CLOUD"})),
    ("Router in {city} not reachable after the power cut", frozenset({"SDWAN", "MPLS", "INET", "LTE"})),
    ("Bandwidth upgrade in {city} not active yet", frozenset({"SDWAN", "MPLS", "INET", "WAVE"})),
    ("Invoice shows a circuit that was cancelled", frozenset({"SDWAN", "MPLS", "INET", "LTE", "WAVE"})),
    ("No dial tone on the main number in {city}", frozenset({"SIP", "UCAAS"})),
    ("Wrong caller ID shown on outgoing calls", frozenset({"SIP", "UCAAS", "CC"})),
    ("Jitter on video calls from {city}", frozenset({"UCAAS", "MEET"})),
    ("Recordings of last week missing for the {city} agents", frozenset({"CC"})),
    ("Firewall change request waiting for approval", frozenset({"FW"})),
    ("Weekly attack report arrives empty", frozenset({"DDOS"})),
    ("Remote users asked for their second factor twice", frozenset({"SASE"})),
    ("SIM cards for the {city} warehouse not activated", frozenset({"MOB", "IOT"})),
    ("Roaming charges on the invoice though the tariff includes them", frozenset({"MOB"})),
    ("Sensors in {city} drop off the network at night", frozenset({"IOT"})),
    ("Remote hands in {city} arrived a day late", frozenset({"COLO", "BACKUP"})),
)
SEVERE_TICKETS: tuple[tuple[str, frozenset[str]], ...] = (
    ("{city} site offline, both access lines down", frozenset({"SDWAN", "MPLS", "INET", "WAVE"})),
    ("ERP not reachable from any site since this morning", frozenset({"SDWAN", "MPLS", "INET", "CLOUD"})),
    ("Failover did not work during the {city} outage", frozenset({"SDWAN", "MPLS", "INET", "LTE"})),
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
NEXT_STEPS = (
    "Send the revised price sheet to {person}",
    "Workshop on the site list with {person}",
    "Walk {person} through the service level annex",
    "Get the delivery dates confirmed for {person}",
    "Present the migration plan to {person} and the steering group",
    "Agree the contract schedule with {person}",
    "Reference call with another customer for {person}",
    "Collect open questions on security from {person}",
)
#: What account directors note, by kind of signal.
HEARD = {
    "SITE_OPENED": (
        "New distribution centre near {city} opens next spring, needs two access lines",
        "They are moving 300 people into a new office in {city}",
    ),
    "SITE_CLOSED": ("The small office in {city} will be given up at the end of the lease",),
    "CLOUD_MOVE": (
        "IT wants the ERP in the public cloud within two years, asked how we connect it",
        "Second data centre is to be emptied, workloads go to the cloud",
    ),
    "PRAISE": (
        "Service manager praised in the quarterly review, no escalation since summer",
        "Thanked us for the fast move of the {city} lines",
    ),
    "TENDER_ANNOUNCED": ("Procurement plans a tender for voice services next year",),
    "EXECUTIVE_JOINED": ("New head of procurement started, came from a logistics group",),
    "BUDGET_CUT": ("Travel and IT budgets frozen until the half-year figures are out",),
    "COMPLAINT": ("Unhappy about the long answer times of the service desk in {city}",),
    "MERGER": ("Press says they are looking at a smaller rival in {city}",),
    "OTHER": (
        "Asked for an energy report of our racks for their sustainability audit",
        "Interested in a visit to our operations centre",
    ),
}
RIVAL_HEARD = (
    "{rival} showed a counter-offer for {deal}, a tenth below ours",
    "{rival} was invited to present on {deal}, the buyer let it slip on the phone",
)
RIVAL_SEEN = "{rival} has been visiting other subsidiaries, nothing concrete so far"
LEFT_HEARD = "{person} has left the company, successor not named yet"
