\set shuffle random(1, 1000000000)
\set p0 1 + permute(0, :products, :shuffle)
\set p1 1 + permute(1, :products, :shuffle)
\set p2 1 + permute(2, :products, :shuffle)
\set p3 1 + permute(3, :products, :shuffle)
\set p4 1 + permute(4, :products, :shuffle)
\set p5 1 + permute(5, :products, :shuffle)
\set p6 1 + permute(6, :products, :shuffle)
\set p7 1 + permute(7, :products, :shuffle)
\set p8 1 + permute(8, :products, :shuffle)
\set p9 1 + permute(9, :products, :shuffle)
\set p10 1 + permute(10, :products, :shuffle)
\set p11 1 + permute(11, :products, :shuffle)
\set p12 1 + permute(12, :products, :shuffle)
\set p13 1 + permute(13, :products, :shuffle)
\set p14 1 + permute(14, :products, :shuffle)
\set p15 1 + permute(15, :products, :shuffle)
\set p16 1 + permute(16, :products, :shuffle)
\set p17 1 + permute(17, :products, :shuffle)
\set p18 1 + permute(18, :products, :shuffle)
\set p19 1 + permute(19, :products, :shuffle)
\set customer random(1, :customers)
\set number :number + :connections
\set shop_number :number + :client_id
SELECT place_order_of_lines(:digest, ARRAY[
    :p0::bigint, :p1::bigint, :p2::bigint, :p3::bigint, :p4::bigint, :p5::bigint, :p6::bigint,
    :p7::bigint, :p8::bigint, :p9::bigint, :p10::bigint, :p11::bigint, :p12::bigint, :p13::bigint,
    :p14::bigint, :p15::bigint, :p16::bigint, :p17::bigint, :p18::bigint, :p19::bigint
], 1, gen_random_uuid()::text, 'S-' || :shop_number::text,
    'customer' || :customer::text || '@example.com');
