"""Stock and its ledger: of one product, of many, for orders, and corrections."""
