--
-- Bytes that are stored: what one version has written, every later one reads
--
-- The literals were written by the version that the row names.  Until the first release a change of
-- format may replace them, with a line in CHANGELOG; from then on they are a promise: rows may be added,
-- never changed.
--
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA golden;
SET search_path = golden, public;

--
-- customer_activity
--
CREATE TABLE activity_rows (name text, customer customer_key, day date);
INSERT INTO activity_rows VALUES
    ('one day', 1, '2024-02-29'),
    ('list', 1, '2024-01-05'), ('list', 1, '2024-02-10'), ('list', 2, '2024-01-20'), ('list', -7, '2024-03-31'),
    ('far', 9223372036854775807, '4714-11-24 BC'), ('far', -9223372036854775808, '5874897-12-31'),
    ('far', 0, '2000-01-01'),
    ('text', text 'ann', '2024-01-05'), ('text', text 'bob', '2024-01-06'), ('text', text 'ann', '2024-06-30');
INSERT INTO activity_rows
	SELECT 'bitmap', 42, d::date
	FROM generate_series(date '2024-01-01', '2024-02-09', '1 day') d WHERE extract(dow FROM d) <> 0;
INSERT INTO activity_rows SELECT 'many', i % 9, date '2023-12-31' + i * i % 97 FROM generate_series(1, 40) i;
CREATE TABLE activities (version text, name text, stored customer_activity);
INSERT INTO activities VALUES
    ('1.0', 'one day', '\x010000000000000000010000000000000001000022790000227900000000000000010000'),
    ('1.0', 'list', '\x0100000000000000000300000000000000040000224200002298fffffffffffffff900560702002300000f'),
    ('1.0', 'bitmap', '\x0100000000000000000100000000000000230000223e00002265000000000000002a450027dfeff7fb7d'),
    ('1.0', 'far',
     '\x010000000000000000030000000000000003ffda97a77fda970c800000000000000000e5feffff07ffffffffffffffff7f'
        '00d9d09501feffffffffffffff7f0000'),
    ('1.0', 'text',
     '\x01000000000000000002000000000000000300002242000022f383b361ef8431908d0001ecea81bab5aa9090190200b001'),
    ('1.0', 'many',
     '\x0100000000000000000900000000000000280000223e0000229d00000000000000000620010e1e0008000104023a000803'
        '070b28140008081113050c00080f1f170f0700060116120900061508043600062a050c1a00063c021d00');
-- the aggregate still writes these bytes
SELECT version, name,
       stored::text
           = (SELECT customer_activity(customer, day)::text FROM activity_rows r WHERE r.name = a.name) AS same_bytes
FROM activities a ORDER BY name;
-- and they still mean what they meant
SELECT name, customers(stored), active_days(stored), CASE WHEN name <> 'far' THEN activity_span(stored) END AS span
FROM activities ORDER BY name;
SELECT name, c.cohort, c.age, c.customers, c.retained
FROM activities, cohort_table(stored, '1 month') c WHERE name IN ('list', 'many', 'text') ORDER BY name, cohort, age;

--
-- customer_purchases
--
CREATE TABLE purchase_rows (name text, customer customer_key, day date, amount numeric, purchases int);
INSERT INTO purchase_rows VALUES
    ('one', 1, '2024-02-29', 5, 1),
    ('kinds', 1, '2024-01-05', 100.00, 1), ('kinds', 1, '2024-01-05', 20.50, 1), ('kinds', 1, '2024-01-05', -7, 1),
    ('kinds', 1, '2024-02-12', -30.00, 1), ('kinds', -7, '2024-03-01', NULL, 1), ('kinds', 2, '2024-03-31', 10.005, 0),
    ('far', 9223372036854775807, '4714-11-24 BC', 9223372036.854775807, 1),
    ('far', -9223372036854775808, '5874897-12-31', -9223372036.854775807, 1), ('far', 0, '2000-01-01', 0, 2147483647);
CREATE TABLE purchases (version text, name text, stored customer_purchases);
INSERT INTO purchases VALUES
    ('1.0', 'one',
     '\x0100000000000000000000010000000000000001000000000000000100002279000022790000000000000001'
        '000000000000000000000000000000000000000000000005000000000000000000000000000000000000000000'
        '000001000005'),
    ('1.0', 'kinds',
     '\x0100030000000000000000030000000000000005000000000000000200002242000022980000000000000003'
        '00000000000000020000000000000000000000000001fdc900000000000000000000000000009088ffffffffff'
        'fffff900e0010007020101b4ad0702d8369a01b0ea010000d90200954e'),
    ('1.0', 'far',
     '\x01000900000000000000000300000000000000030000000000000002ffda97a77fda970c0000000080000000'
        '000000000000000100000000000000007fffffffffffffff00000000000000007fffffffffffffff8000000000'
        '0000000096fbffff1fffffffffffffffff7fffffffffffffffff7f00e5c2d604feffffff0700feffffffffffff'
        'ff7f0000ffffffffffffffff7f');
-- the aggregate still writes these bytes
SELECT version, name,
       stored::text = (SELECT customer_purchases(customer, day, amount, purchases)::text
                       FROM purchase_rows r WHERE r.name = p.name) AS same_bytes
FROM purchases p ORDER BY name;
-- and they still mean what they meant
SELECT name, customers(stored), purchases(stored), revenue(stored), refunded(stored),
       CASE WHEN name <> 'far' THEN purchase_span(stored) END AS span
FROM purchases ORDER BY name;
SELECT name, t.* FROM purchases, rfm_table(stored, '2024-06-01') t WHERE name <> 'far' ORDER BY name, customer;

--
-- survival_curve
--
CREATE TABLE durations (name text, duration double precision, churned boolean);
INSERT INTO durations VALUES
    ('one', 30, true),
    ('ties', 5, true), ('ties', 5, true), ('ties', 5, false), ('ties', 8, true), ('ties', 12, false),
    ('censored', 1, false), ('censored', 1, false), ('censored', 2.5, false),
    ('fractions', 0, true), ('fractions', 0.1, true), ('fractions', 1e-9, false), ('fractions', 1e9, true),
    ('fractions', 0.30000000000000004, false);
INSERT INTO durations SELECT 'many', i % 5, i % 3 > 0 FROM generate_series(1, 50) i;
CREATE TABLE curves (version text, name text, stored survival_curve);
INSERT INTO curves VALUES
    ('1.0', 'one', '\x0101010200000001403e00000000000000000000000000000000000000000001'),
    ('1.0', 'ties',
     '\x01010102000000034014000000000000000000000000000100000000000000024020000000000000000000000000000000'
        '00000000000001402800000000000000000000000000010000000000000000'),
    ('1.0', 'censored',
     '\x01010102000000023ff0000000000000000000000000000200000000000000004004000000000000000000000000000100'
        '00000000000000'),
    ('1.0', 'fractions',
     '\x01010102000000050000000000000000000000000000000000000000000000013e112e0be826d695000000000000000100'
        '000000000000003fb999999999999a000000000000000000000000000000013fd33333333333340000000000000001000000'
        '000000000041cdcd650000000000000000000000000000000000000001'),
    ('1.0', 'many',
     '\x01010102000000050000000000000000000000000000000300000000000000073ff0000000000000000000000000000300'
        '0000000000000740000000000000000000000000000003000000000000000740080000000000000000000000000004000000'
        '0000000006401000000000000000000000000000030000000000000007');
SELECT version, name,
       stored::text
           = (SELECT survival_curve(duration, churned)::text FROM durations d WHERE d.name = c.name) AS same_bytes
FROM curves c ORDER BY name;
SELECT name, t."time", t.at_risk, t.churned, t.censored, round(t.survival::numeric, 9) AS survival
FROM curves, survival_table(stored) t ORDER BY name, "time";

--
-- customer_key: stored as the integer, or as a hash that must not change either
--
SELECT customer_key('ann'::text), customer_key(1.50::numeric), customer_key('-7'::numeric),
       customer_key('7a3e2f3c-0e0d-4b5e-9a52-1f0c2d3e4f50'::uuid), customer_key(row('a'::text, 1)),
       7.0::double precision::customer_key;
DROP SCHEMA golden CASCADE;
