"""Constants of the simulated business: countries, devices, pages, products, words of ad names."""

from __future__ import annotations

from decimal import Decimal

# (ISO 3166-1 alpha-2, weight, currency that people pay in, locale)
COUNTRIES: tuple[tuple[str, float, str, str], ...] = (
    ("TR", 0.20, "TRY", "tr-TR"),
    ("US", 0.24, "USD", "en-US"),
    ("DE", 0.13, "EUR", "de-DE"),
    ("FR", 0.09, "EUR", "fr-FR"),
    ("GB", 0.08, "USD", "en-GB"),
    ("BR", 0.09, "USD", "pt-BR"),
    ("ID", 0.07, "USD", "id-ID"),
    ("TH", 0.05, "USD", "th-TH"),
    ("MX", 0.05, "USD", "es-MX"),
)

_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0"

# (os, weight, user agent) of browsers
BROWSERS: tuple[tuple[str, float, str], ...] = (
    ("windows", 0.30, f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36"),
    ("android", 0.30, f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Mobile Safari/537.36"),
    (
        "ios",
        0.22,
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_SAFARI} Version/18.5"
        " Mobile/15E148 Safari/604.1",
    ),
    (
        "macos",
        0.12,
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Version/18.5 Safari/605.1.15",
    ),
    ("linux", 0.06, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
)

# (os, weight, manufacturer, model, os name, os version) of phones
PHONES: tuple[tuple[str, float, str, str, str, str], ...] = (
    ("android", 0.26, "Samsung", "SM-S921B", "Android", "15"),
    ("android", 0.18, "Xiaomi", "23117RA68G", "Android", "14"),
    ("android", 0.14, "Google", "Pixel 8", "Android", "16"),
    ("ios", 0.24, "Apple", "iPhone15,4", "iOS", "18.5"),
    ("ios", 0.18, "Apple", "iPhone13,2", "iOS", "17.7"),
)

# (path, title, weight as landing page, weight as later page)
PAGES: tuple[tuple[str, str, float, float], ...] = (
    ("/", "Lumo: meet people nearby", 0.44, 0.14),
    ("/lp/swipe", "Swipe and meet", 0.20, 0.02),
    ("/lp/how-it-works", "How it works", 0.12, 0.08),
    ("/blog/first-message", "What to write first", 0.10, 0.05),
    ("/blog/safe-dating", "Ten rules for safe dates", 0.06, 0.05),
    ("/pricing", "Packs and prices", 0.05, 0.20),
    ("/signup", "Join Lumo", 0.02, 0.26),
    ("/help", "Help", 0.01, 0.20),
)

SCREENS: tuple[str, ...] = ("Home", "Discover", "Profile", "Chat", "Shop", "Settings")
TRACKS: tuple[str, ...] = ("Profile Viewed", "Photo Swiped", "Message Sent", "Filter Changed")

# (product id, label, virtual units, price by currency, weight): packs of a virtual currency
PACKS: tuple[tuple[str, str, int, dict[str, Decimal], float], ...] = tuple(
    (
        f"em{units}",
        f"{units:,} coins",
        units,
        {"USD": Decimal(usd), "EUR": Decimal(eur), "TRY": Decimal(lira)},
        weight,
    )
    for units, usd, eur, lira, weight in (
        (2_000, "1.99", "2.29", "79.99", 0.10),
        (3_000, "2.99", "3.49", "119.99", 0.09),
        (5_000, "4.99", "5.49", "199.99", 0.42),
        (12_000, "10.99", "11.99", "429.99", 0.24),
        (25_000, "21.99", "23.99", "849.99", 0.11),
        (65_000, "52.99", "57.99", "2099.99", 0.025),
        (140_000, "109.99", "119.99", "4299.99", 0.01),
        (330_000, "239.99", "264.99", "9499.99", 0.005),
    )
)

# Words of campaign names, as one marketing team wrote them in 2016: geo - audience - age - cost
# model - day - what is shown.
GEOS: tuple[str, ...] = ("TR", "EU", "Latam", "TH", "VN", "PH", "BR", "ID", "MX", "MY", "IN", "US")
AGES: tuple[str, ...] = ("1734", "1838", "1855", "1937", "2036", "2040", "2046", "2148", "2250")
COST_MODELS: tuple[str, ...] = ("CPM", "CPA", "CPC", "CPI")
CREATIVES: tuple[str, ...] = (
    "MAE",
    "F - swipe",
    "F - swipe(2)",
    "F - ver1 - MediumCPA (Android)",
    "F - ver1_HighCPA (IOS)",
    "F -- swipe1 - Balkan, Android",
    "F - howto1 - profit_countries",
    "swipe",
    "ACT",
    "PVC - swipe2",
    "sports & music",
    "top1",
)
AD_SET_NAMES: tuple[str, ...] = ("Lookalike 1%", "Interest: dating", "Broad", "Retarget 30d")
AD_NAMES: tuple[str, ...] = ("swipe_A", "swipe_B", "1min_ver", "story_RED", "Profit ALL", "ver1")
