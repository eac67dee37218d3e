-- A small shop: 9 tables, 14 indexes beside the primary keys, a sequence. Made with the search_path at its schema.
--
-- In the pool, `tenant` is the column of the row's tenant, filled by whom the transaction is for, and `key` puts it
-- first in every key: plain foreign keys and unique constraints look past row-level security, so that one tenant could
-- point at another's rows, or learn of them by what it may not insert. In a tenant's own schema both are empty.

CREATE SEQUENCE order_numbers START 1000;  -- in the pool all draw from it, and its gaps tell how busy the others are

CREATE TABLE categories ({tenant}
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    parent_id uuid,
    slug text NOT NULL,
    name text NOT NULL,
    position smallint NOT NULL DEFAULT 0,
    PRIMARY KEY ({key}id),
    FOREIGN KEY ({key}parent_id) REFERENCES categories ({key}id)
);

CREATE TABLE products ({tenant}
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    category_id uuid NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    price numeric(12, 2) NOT NULL CHECK (price >= 0),
    weight double precision,
    tags text[] NOT NULL DEFAULT ARRAY[]::text[],
    attributes jsonb NOT NULL DEFAULT 'null',
    published boolean NOT NULL DEFAULT false,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({key}id),
    FOREIGN KEY ({key}category_id) REFERENCES categories ({key}id)
);

CREATE TABLE product_images ({tenant}
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    product_id uuid NOT NULL,
    position smallint NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY ({key}id),
    FOREIGN KEY ({key}product_id) REFERENCES products ({key}id) ON DELETE CASCADE
);

CREATE TABLE customers ({tenant}
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email text NOT NULL,
    name text NOT NULL,
    born date,
    consents boolean[],
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({key}id)
);

CREATE TABLE addresses ({tenant}
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    customer_id uuid NOT NULL,
    lines text[] NOT NULL,
    postal_code text NOT NULL,
    country character(2) NOT NULL,
    PRIMARY KEY ({key}id),
    FOREIGN KEY ({key}customer_id) REFERENCES customers ({key}id) ON DELETE CASCADE
);

CREATE TABLE carts ({tenant}
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    customer_id uuid,
    session jsonb NOT NULL DEFAULT '{{}}',
    expires_at timestamptz NOT NULL DEFAULT now() + interval '30 days',
    PRIMARY KEY ({key}id),
    FOREIGN KEY ({key}customer_id) REFERENCES customers ({key}id)
);

CREATE TABLE cart_items ({tenant}
    cart_id uuid NOT NULL,
    product_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    PRIMARY KEY ({key}cart_id, product_id),
    FOREIGN KEY ({key}cart_id) REFERENCES carts ({key}id) ON DELETE CASCADE,
    FOREIGN KEY ({key}product_id) REFERENCES products ({key}id)
);

CREATE TABLE orders ({tenant}
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    number bigint NOT NULL DEFAULT nextval('order_numbers'),
    customer_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'placed' CHECK (status IN ('placed', 'paid', 'shipped', 'returned')),
    total numeric(14, 2) NOT NULL,
    note text,
    placed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY ({key}id),
    FOREIGN KEY ({key}customer_id) REFERENCES customers ({key}id)
);

CREATE TABLE order_items ({tenant}
    order_id uuid NOT NULL,
    line smallint NOT NULL,
    product_id uuid NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(12, 2) NOT NULL,
    amount numeric(14, 2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    PRIMARY KEY ({key}order_id, line),
    FOREIGN KEY ({key}order_id) REFERENCES orders ({key}id) ON DELETE CASCADE,
    FOREIGN KEY ({key}product_id) REFERENCES products ({key}id)
);

CREATE UNIQUE INDEX categories_slug ON categories ({key}slug);
CREATE UNIQUE INDEX products_sku ON products ({key}sku);
CREATE INDEX products_category ON products ({key}category_id);
CREATE INDEX products_name ON products ({key}name);
CREATE INDEX products_on_sale ON products ({key}updated_at) WHERE published;
CREATE UNIQUE INDEX product_images_position ON product_images ({key}product_id, position);
CREATE UNIQUE INDEX customers_email ON customers ({key}lower(email));
CREATE INDEX addresses_customer ON addresses ({key}customer_id);
CREATE INDEX carts_customer ON carts ({key}customer_id);
CREATE INDEX carts_expiry ON carts ({key}expires_at);
CREATE INDEX cart_items_product ON cart_items ({key}product_id);
CREATE UNIQUE INDEX orders_number ON orders ({key}number);
CREATE INDEX orders_customer ON orders ({key}customer_id, placed_at DESC);
CREATE INDEX order_items_product ON order_items ({key}product_id);
