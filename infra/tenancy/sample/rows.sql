-- Rows of the sample, number `first` to number `last`: the same for the same tenant and seed, but for the order
-- numbers, which are the sequence's. PostgreSQL makes them, so that the caller holds none.

INSERT INTO categories (id, parent_id, slug, name, position)
SELECT md5({seed} || '/category/' || n)::uuid, CASE WHEN n > 1 THEN md5({seed} || '/category/' || (n / 2))::uuid END,
       'category-' || n, 'Category ' || n, n % 1000
FROM generate_series({first}, {last}) n WHERE n <= {categories};

INSERT INTO products (id, category_id, sku, name, description, price, weight, tags, attributes, published, updated_at)
SELECT md5({seed} || '/product/' || n)::uuid, md5({seed} || '/category/' || (1 + n % {categories}))::uuid,
       'SKU-' || n, 'Product ' || n || ' of ' || {slug},
       CASE n % 7 WHEN 0 THEN E'Tab\there, "quotes", a \\ backslash,\nand a second line: \u00e9\u4e2d' ELSE '' END,
       (n % 99999) / 100.0, CASE WHEN n % 3 > 0 THEN sqrt(n) END,
       CASE WHEN n % 5 = 0 THEN ARRAY[]::text[] ELSE ARRAY['tag-' || n % 13, 'with, comma', NULL] END,
       jsonb_build_object('n', n, 'nested', jsonb_build_array(n % 2 = 0, NULL, 'text')), n % 4 > 0,
       {start}::timestamptz + n * interval '1.5 second'
FROM generate_series({first}, {last}) n;

INSERT INTO product_images (id, product_id, position, media_type, content)
SELECT md5({seed} || '/image/' || n)::uuid, md5({seed} || '/product/' || n)::uuid, 1, 'image/png', {image}
FROM generate_series({first}, {last}) n;

INSERT INTO customers (id, email, name, born, consents, created_at)
SELECT md5({seed} || '/customer/' || n)::uuid, 'Customer.' || n || '@' || {slug} || '.example', 'Customer ' || n,
       CASE WHEN n % 2 = 0 THEN date '1950-01-01' + n % 20000 END, CASE WHEN n % 3 > 0 THEN ARRAY[n % 2 = 0, NULL] END,
       {start}::timestamptz + n * interval '1 minute'
FROM generate_series({first}, {last}) n;

INSERT INTO addresses (id, customer_id, lines, postal_code, country)
SELECT md5({seed} || '/address/' || n)::uuid, md5({seed} || '/customer/' || n)::uuid, ARRAY['Street ' || n, ''],
       lpad((n % 100000)::text, 5, '0'), 'DE'
FROM generate_series({first}, {last}) n;

INSERT INTO carts (id, customer_id, session, expires_at)
SELECT md5({seed} || '/cart/' || n)::uuid, CASE WHEN n % 2 = 0 THEN md5({seed} || '/customer/' || n)::uuid END,
       jsonb_build_object('visits', n), {start}::timestamptz + n * interval '1 hour'
FROM generate_series({first}, {last}) n;

INSERT INTO cart_items (cart_id, product_id, quantity)
SELECT md5({seed} || '/cart/' || n)::uuid, md5({seed} || '/product/' || n)::uuid, 1 + n % 9
FROM generate_series({first}, {last}) n;

INSERT INTO orders (id, customer_id, status, total, note, placed_at)
SELECT md5({seed} || '/order/' || n)::uuid, md5({seed} || '/customer/' || n)::uuid,
       (ARRAY['placed', 'paid', 'shipped', 'returned'])[1 + n % 4],
       2 * (1 + n % 5) * (n % 9999) / 100.0, CASE WHEN n % 6 = 0 THEN '' WHEN n % 6 = 1 THEN '\N' END,
       {start}::timestamptz + n * interval '1 day' / 24
FROM generate_series({first}, {last}) n;

INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT md5({seed} || '/order/' || n)::uuid, line, md5({seed} || '/product/' || n)::uuid, 1 + n % 5, (n % 9999) / 100.0
FROM generate_series({first}, {last}) n, generate_series(1, 2) line;
