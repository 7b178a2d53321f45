CREATE FUNCTION place_order(
    key_digest text, wanted bigint, units integer, key text, shop_number text, email text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    caller accounts_apikey;
    product products_product;
    new_id bigint;
    answer text;
    quantity_after integer;
    committed_after integer;
BEGIN
    SELECT * INTO STRICT caller FROM accounts_apikey WHERE digest = key_digest AND revoked_at IS NULL;
    SELECT * INTO STRICT product FROM products_product WHERE id = wanted;
    new_id := nextval('orders_order_id_seq');
    answer := '{"id":' || new_id || ',"status":"pending","currency":"EUR","total":"'
        || product.price * units || '","reference":"' || shop_number || '","customer_email":"'
        || email || '","shipping_address":{},"metadata":{},"lines":[{"product_id":' || wanted || ',"sku":"' || product.sku
        || '","product_name":"' || product.name || '","unit_price":"' || product.price
        || '","quantity":' || units || '}],"created_at":"2026-01-01T00:00:00.000000Z",'
        '"updated_at":"2026-01-01T00:00:00.000000Z","product_id":' || wanted || ',"quantity":'
        || units || '}';
    INSERT INTO orders_order (
        id, client_id, status, currency, total, reference, customer_email, shipping_address,
        metadata, idempotency_key, fingerprint, first_answer, version, created_at, updated_at
    ) VALUES (
        new_id, caller.client_id, 'pending', 'EUR', product.price * units, shop_number, email, '{}', '{}',
        key, key_digest, answer, 1, now(), now()
    );
    INSERT INTO orders_orderline (order_id, product_id, sku, product_name, unit_price, quantity)
    VALUES (new_id, wanted, product.sku, product.name, product.price, units);
    INSERT INTO orders_orderevent (order_id, type, from_status, to_status, actor, data, created_at)
    VALUES (new_id, 'placed', '', 'pending', 'client:' || caller.client_id, '{}', now());
    UPDATE products_product SET stock_quantity = stock_quantity - units,
        committed_quantity = committed_quantity + units, updated_at = now()
    WHERE id = wanted AND stock_quantity >= units AND is_active AND price = product.price
    RETURNING stock_quantity, committed_quantity INTO STRICT quantity_after, committed_after;
    INSERT INTO products_stockmovement (
        product_id, delta, quantity_after, committed_delta, committed_after, reason, reference,
        revision, actor, note, created_at
    ) VALUES (
        wanted, -units, quantity_after, units, committed_after, 'sold', 'order:' || new_id, 1,
        'client:' || caller.client_id, '', now()
    );
    RETURN answer;
END $$;
