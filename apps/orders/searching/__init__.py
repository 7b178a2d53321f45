"""Finding orders by a part of their reference, of the customer's e-mail address, or of a SKU."""
