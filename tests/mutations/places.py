"""The files that are mutated most."""

ORDERS, PRODUCTS = "apps/orders", "apps/products"

COMMUNICATION = f"{ORDERS}/microservice_communication.py"
EXPORTING = f"{ORDERS}/export/rows.py"
MODELS = f"{ORDERS}/models.py"
PRICING = f"{ORDERS}/placing/pricing.py"
PRODUCT_MODELS = f"{PRODUCTS}/models.py"
VIEWS = f"{ORDERS}/views.py"
