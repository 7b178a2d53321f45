\set product random(1, :products)
\set n :n + 1
SELECT place_order(:digest, :product, 1, :run::text || '-' || :client_id::text || '-' || :n::text);
