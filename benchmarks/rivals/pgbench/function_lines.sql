-- The same for an order of several lines, each of other products. All lines, all movements and all
-- stock are one statement each. Products are locked in id order, so that two orders cannot deadlock.
CREATE FUNCTION place_order_of_lines(
    key_digest text, wanted bigint[], units integer, key text, shop_number text, email text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    caller accounts_apikey;
    new_id bigint;
    total_price numeric;
    lines text;
    answer text;
    taken integer;
BEGIN
    SELECT * INTO STRICT caller FROM accounts_apikey WHERE digest = key_digest AND revoked_at IS NULL;
    SELECT sum(price * units), string_agg(
        '{"product_id":' || id || ',"sku":"' || sku || '","product_name":"' || name
        || '","unit_price":"' || price || '","quantity":' || units || '}',
        ',' ORDER BY array_position(wanted, id)
    ) INTO STRICT total_price, lines FROM products_product WHERE id = ANY (wanted);
    new_id := nextval('orders_order_id_seq');
    answer := '{"id":' || new_id || ',"status":"pending","currency":"EUR","total":"' || total_price
        || '","reference":"' || shop_number || '","customer_email":"' || email
        || '","shipping_address":{},"metadata":{},"lines":[' || lines
        || '],"created_at":"2026-01-01T00:00:00.000000Z",'
        '"updated_at":"2026-01-01T00:00:00.000000Z"}';
    INSERT INTO orders_order (
        id, client_id, status, currency, total, reference, customer_email, shipping_address,
        metadata, idempotency_key, fingerprint, first_answer, version, created_at, updated_at
    ) VALUES (
        new_id, caller.client_id, 'pending', 'EUR', total_price, shop_number, email, '{}', '{}',
        key, key_digest, answer, 1, now(), now()
    );
    INSERT INTO orders_orderline (order_id, product_id, sku, product_name, unit_price, quantity)
    SELECT new_id, id, sku, name, price, units FROM products_product WHERE id = ANY (wanted)
    ORDER BY array_position(wanted, id);
    INSERT INTO orders_orderevent (order_id, type, from_status, to_status, actor, data, created_at)
    VALUES (new_id, 'placed', '', 'pending', 'client:' || caller.client_id, '{}', now());
    PERFORM FROM products_product WHERE id = ANY (wanted) ORDER BY id FOR NO KEY UPDATE;
    WITH sold AS (
        UPDATE products_product AS product
        SET stock_quantity = stock_quantity - units,
            committed_quantity = committed_quantity + units, updated_at = now()
        FROM orders_orderline AS line
        WHERE line.order_id = new_id AND product.id = line.product_id
            AND product.price = line.unit_price AND stock_quantity >= units AND is_active
        RETURNING product.id, stock_quantity, committed_quantity
    )
    INSERT INTO products_stockmovement (
        product_id, delta, quantity_after, committed_delta, committed_after, reason, reference,
        revision, actor, note, created_at
    )
    SELECT id, -units, stock_quantity, units, committed_quantity, 'sold', 'order:' || new_id, 1,
        'client:' || caller.client_id, '', now()
    FROM sold;
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken <> cardinality(wanted) THEN
        RAISE 'A product is unknown, short or has another price.';
    END IF;
    RETURN answer;
END $$;
