"""The catalogue of a small home and garden shop, for demos."""

from datetime import datetime

from apps.products.catalogue import create_product

# Kind, variants, price of the first variant in cents, and how much more each next one costs.
_RANGE = (
    ("Mug", ("Blue", "White", "Speckled", "Sea Green"), 890, 50),
    ("Bowl", ("Oak", "Walnut", "Stoneware", "Enamel"), 1650, 400),
    ("Teapot", ("Cast Iron", "Glass", "Porcelain"), 2990, 700),
    ("Bread Board", ("Round Oak", "Long Beech", "Small Walnut"), 2450, 350),
    ("Tea Towel", ("Striped", "Checked", "Plain Linen", "Herb Print"), 795, 100),
    ("Candle", ("Beeswax", "Cedar", "Lavender", "Fig"), 1150, 150),
    ("Cushion", ("Mustard", "Moss", "Slate", "Rust"), 2495, 200),
    ("Wool Blanket", ("Grey", "Rust", "Cream"), 6900, 500),
    ("Basket", ("Willow", "Seagrass", "Rattan", "Felt"), 1890, 450),
    ("Vase", ("Tall Glass", "Round Clay", "Bud"), 1750, 250),
    ("Plant Pot", ("Terracotta", "Glazed Blue", "Concrete", "Hanging"), 650, 300),
    ("Watering Can", ("Zinc", "Copper", "Green"), 1990, 600),
    ("Hand Trowel", ("Ash", "Steel"), 1290, 310),
    ("Pruning Shears", ("Classic", "Bypass"), 2190, 900),
    ("Garden Twine", ("Jute", "Green"), 395, 100),
    ("Seeds", ("Basil", "Tomato", "Sunflower", "Poppy", "Sweet Pea"), 249, 20),
    ("Bird Feeder", ("Copper", "Wooden"), 1590, 700),
    ("Doormat", ("Coir", "Half Moon"), 1850, 450),
    ("Lantern", ("Black Steel", "Brass"), 2790, 800),
)


def create_demo_products(*, at: datetime | None = None) -> None:
    """Create about 60 products with stock.

    at: the moment it happened; now where it is None.
    Raises SkuExists if they exist already.
    """
    number = 0
    for kind, variants, first, step in _RANGE:
        for position, variant in enumerate(variants):
            number += 1
            cents = first + position * step
            create_product(
                sku=f"{kind.upper().replace(' ', '')[:4]}-{position + 1:02}",
                name=f"{variant} {kind}",
                description=f"{kind} of our own range: {variant.lower()}.",
                price=f"{cents // 100}.{cents % 100:02}",
                stock_quantity=20 + number * 37 % 180,
                low_stock_at=20,
                at=at,
            )
