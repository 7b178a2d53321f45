\set product random(1, :products)
\set customer random(1, :customers)
\set number :number + :connections
\set shop_number :number + :client_id
SELECT place_order(
    :digest, :product, 1, gen_random_uuid()::text, 'S-' || :shop_number::text,
    'customer' || :customer::text || '@example.com'
);
