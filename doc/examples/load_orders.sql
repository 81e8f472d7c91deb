-- Turns the text of the table "incoming" (row, customer, time, amount) into the
-- table "orders", or stops at the first row that cannot be read.  Empty values
-- become NULL; dates are read as the setting datestyle says.

CREATE FUNCTION pg_temp.to_time(v text) RETURNS timestamp
    LANGUAGE plpgsql STABLE STRICT AS $$
BEGIN
    IF v !~ '^[0-9]' THEN
        RAISE invalid_datetime_format;
    END IF;
    RETURN v::timestamp;
END $$;

-- With at most 9 decimals, as customer_purchases takes them
CREATE FUNCTION pg_temp.to_amount(v text) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF v !~ '^[-+.0-9]' OR v::double precision IN ('infinity', '-infinity') THEN
        RAISE invalid_text_representation;
    END IF;
    RETURN CASE WHEN scale(v::numeric) > 9 THEN round(v::numeric, 9) ELSE v::numeric END;
END $$;

CREATE TABLE orders (customer_id text, ordered_at timestamp, amount numeric);

DO $$
DECLARE
    r record;
    value text;
    complaint text;
BEGIN
    INSERT INTO orders
    SELECT customer, pg_temp.to_time(time), pg_temp.to_amount(amount)
    FROM incoming ORDER BY row;
EXCEPTION WHEN data_exception THEN
    FOR r IN SELECT * FROM incoming ORDER BY row LOOP
        BEGIN
            value := r.time;
            complaint := 'is not a date or a time such as 2024-02-29 or 2024-02-29 18:30';
            PERFORM pg_temp.to_time(value);
            value := r.amount;
            complaint := 'is not a number such as 19.90';
            PERFORM pg_temp.to_amount(value);
        EXCEPTION WHEN data_exception THEN
            RAISE data_exception USING
                MESSAGE = format('row %s (the header not counted): "%s" %s', r.row, value, complaint),
                HINT = CASE WHEN value = r.time AND value ~ '^[0-9]{1,2}[./-]' THEN
                       'if the day stands before the month, set PGDATESTYLE=DMY' ELSE '' END;
        END;
    END LOOP;
    RAISE;
END $$;

-- Plain integers stay integers
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM orders WHERE customer_id !~ '^(0|-?[1-9][0-9]{0,17})$') THEN
        ALTER TABLE orders ALTER customer_id TYPE bigint USING customer_id::bigint;
    END IF;
    IF NOT EXISTS (SELECT FROM orders WHERE customer_id IS NOT NULL AND ordered_at IS NOT NULL) THEN
        RAISE no_data_found USING MESSAGE = 'no row has both a customer and a time';
    END IF;
END $$;

CREATE INDEX ON orders (ordered_at);
