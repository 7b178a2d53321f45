\set product random(1, :products)
\set customer random(1, :customers)
\set number :number + :connections
\set shop_number :number + :client_id
SELECT client_id AS owner, scopes, last_used_at FROM accounts_apikey
WHERE digest = :digest AND revoked_at IS NULL \gset
BEGIN;
SELECT sku, name, price, stock_quantity, is_active FROM products_product WHERE id = :product \gset
INSERT INTO orders_order (
    id, client_id, status, currency, total, reference, customer_email, shipping_address, metadata,
    idempotency_key, fingerprint, first_answer, version, created_at, updated_at
)
SELECT id, :owner, 'pending', 'EUR', :price, 'S-' || :shop_number::text,
    'customer' || :customer::text || '@example.com', '{}', '{}', gen_random_uuid()::text, :digest,
    '{"id":' || id || ',"status":"pending","currency":"EUR","total":"' || :price::text
    || '","reference":"S-' || :shop_number::text || '","customer_email":"customer'
    || :customer::text || '@example.com","shipping_address":{},"metadata":{},"lines":['
    '{"product_id":' || :product::text || ',"sku":"' || :sku::text || '","product_name":"'
    || :name::text || '","unit_price":"' || :price::text || '","quantity":1}],"created_at":'
    '"2026-01-01T00:00:00.000000Z","updated_at":"2026-01-01T00:00:00.000000Z","product_id":'
    || :product::text || ',"quantity":1}',
    1, now(), now()
FROM nextval('orders_order_id_seq') AS id
RETURNING id AS order_id \gset
INSERT INTO orders_orderline (order_id, product_id, sku, product_name, unit_price, quantity)
VALUES (:order_id, :product, :sku, :name, :price, 1);
INSERT INTO orders_orderevent (order_id, type, from_status, to_status, actor, data, created_at)
VALUES (:order_id, 'placed', '', 'pending', 'client:1', '{}', now());
UPDATE products_product SET stock_quantity = stock_quantity - 1,
    committed_quantity = committed_quantity + 1, updated_at = now()
WHERE id = :product AND stock_quantity >= 1 AND is_active AND price = :price
RETURNING stock_quantity AS quantity_after, committed_quantity AS committed_after \gset
INSERT INTO products_stockmovement (
    product_id, delta, quantity_after, committed_delta, committed_after, reason, reference, revision,
    actor, note, created_at
) VALUES (
    :product, -1, :quantity_after, 1, :committed_after, 'sold', 'order:' || :order_id::text, 1, 'client:1', '', now()
);
COMMIT;
