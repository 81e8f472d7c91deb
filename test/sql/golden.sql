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
CREATE TABLE purchase_rows (name text, customer customer_key, day date, amount numeric, purchases integer DEFAULT 1);
INSERT INTO purchase_rows VALUES
    ('one', 1, '2024-02-29', 10, 1),
    ('refunds', 1, '2024-01-05', 100.00, 1), ('refunds', 1, '2024-01-05', 20.50, 1),
    ('refunds', 1, '2024-02-12', -30.00, 1), ('refunds', 2, '2024-02-02', -12.00, 1),
    ('refunds', -7, '2024-03-31', 10.005, 1), ('refunds', 2, '2024-02-14', NULL, 1),
    ('far', 9223372036854775807, '4714-11-24 BC', 0.000000001, 1), ('far', 0, '5874897-12-31', 9000000000, 1),
    ('counts', 5, '2024-01-01', 7, 0), ('counts', 5, '2024-01-02', 12, 2147483647), ('counts', 5, '2024-01-09', 0, 3);
INSERT INTO purchase_rows
SELECT 'many', i % 9, date '2023-12-31' + i * i % 97, (i % 13 - 2) * 12.25, 1 FROM generate_series(1, 40) i;
CREATE TABLE purchases (version text, name text, stored customer_purchases);
INSERT INTO purchases VALUES
    ('1.0', 'counts', '\x010000000000000000000001000000000000000300000000000000010000223e00002246000000008000000200000'
        '0000000000000000000000000000000000000000013000000000000000000000000000000000000000000000005020100070'
        '5feffffff070c1d0200'),
    ('1.0', 'far', '\x01000900000000000000000200000000000000020000000000000002ffda97a77fda970c000000000000000200000000'
        '0000000000000000000000007ce66c50e28400010000000000000000000000000000000000000000000000000094fbffff1f'
        '808090948e8a9bf37cfeffffffffffffff7f000001'),
    ('1.0', 'many', '\x010002000000000000000009000000000000002800000000000000090000223e0000229d00000000000000210000000'
        '0000000070000000000000000000000000003158d00000000000000000000000000002fda0000000000000000038001db1c0'
        '8c84c3ec9097cff42000402c90908c84c14000c9156ec01a42600040c0020ed2f309156a401c90954da5f000420c90948921'
        '350da5f18b63936921300043c92138201c90962921340db1c20ff42000306c9095cdb1c4cc84c28a426000354ed2f240014a'
        '426dc0191560003a801da5f18ed2f34c9096cb6390003f001ff420cb6397a9213049213'),
    ('1.0', 'one', '\x010000000000000000000001000000000000000100000000000000010000227900002279000000000000000100000000'
        '000000000000000000000000000000000000000a00000000000000000000000000000000000000000000000100000a'),
    ('1.0', 'refunds', '\x01000300000000000000000300000000000000050000000000000003000022420000229800000000000000040000'
        '0000000000020000000000000000000000000001fdc90000000000000000000000000000a410fffffffffffffff900d80295'
        '4e07010101b4ad079a01b0ea01000172e05d3000');
-- the aggregate still writes these bytes
SELECT version, name, stored::text = (SELECT customer_purchases(customer, day, amount, purchases)::text
                                      FROM purchase_rows r WHERE r.name = p.name) AS same_bytes
FROM purchases p ORDER BY name;
-- and they still mean what they meant
SELECT name, customers(stored), purchases(stored), revenue(stored), refunded(stored),
       CASE WHEN name <> 'far' THEN purchase_span(stored) END AS span
FROM purchases ORDER BY name;
SELECT name, t.cohort, t.age, t.active, t.purchases, t.revenue, t.refunded
FROM purchases, revenue_cohort_table(stored, '1 month') t WHERE name IN ('counts', 'many', 'refunds')
ORDER BY name, cohort, age;

--
-- customer_subscriptions
--
CREATE TABLE subscriptions (version text, name text, stored customer_subscriptions);
INSERT INTO subscriptions VALUES
    ('1.0', 'one', '\x01000100000000000000000100000000000000020000223e0000225d0000223e00000000000000010101d2017ed101'),
    ('1.0', 'some',
     '\x01000200000000000000000300000000000000030000223e000022bb000022bb00000000000000010001d00f00007dd8040000f503'
        'c103');
SELECT s.name, stored = (SELECT customer_subscriptions(customer, started, ended, amount)
                         FROM (VALUES ('one', 1, date '2024-01-01', date '2024-02-01', 10.5),
                               ('some', 1, '2024-01-01', '2024-02-01', 10.0), ('some', 1, '2024-02-01', NULL, 10),
                               ('some', 2, '2024-02-01', '2024-02-01', 3), ('some', 2, '2024-02-01', 'infinity', 3),
                               ('some', 3, '2024-05-05', NULL, -2.25)) v(name, customer, started, ended, amount)
                         WHERE v.name = s.name) AS same_bytes
FROM subscriptions s ORDER BY name;

--
-- revenue_cells
--
CREATE TABLE cells (version text, name text, stored revenue_cells);
INSERT INTO cells VALUES
    ('1.0', 'activity', '\x010100000000000100000000000022990000010101020001000001'),
    ('1.0', 'purchases', '\x01020100000000010000000000002299000001013c008407000101130000020001011e00e10100000001011328'
        '19e101');
SELECT version, name, t.cohort, t.age, t.customers, t.retained
FROM cells, cohort_table(stored) t ORDER BY name, cohort, age;
SELECT name, t.* FROM cells, revenue_table(stored) t WHERE name = 'purchases';
SELECT c.name, stored = (SELECT CASE c.name WHEN 'activity'
                                THEN revenue_cells(p::customer_activity, '1 month', '2024-04-01')
                                ELSE revenue_cells(p, '1 month', '2024-04-01') END
                         FROM (SELECT customer_purchases(c, d, a) FROM (VALUES (1, date '2024-02-02', 1.5),
                               (1, '2024-03-03', -2), (1, '2024-03-03', 1), (2, '2024-03-05', 3)) v(c, d, a)) x(p))
       AS same_bytes
FROM cells c ORDER BY name;

--
-- customer_events
--
CREATE TABLE event_rows (name text, kind text, customer customer_key, at timestamp, event text);
INSERT INTO event_rows VALUES
    ('one', 'date', 1, '2024-02-29', 'view'),
    ('names', 'date', -7, '2024-01-08', 'Zoë'), ('names', 'date', 2, '2024-01-01', ''),
    ('names', 'date', 2, '2024-01-01', 'a'), ('names', 'date', 2, '2024-01-15', 'a'),
    ('times', 'timestamp', 5, '2024-01-01 10:00', 'cart'), ('times', 'timestamp', 5, '2024-01-01 10:00:30', 'buy'),
    ('times', 'timestamp', 300, '1999-12-31 23:59:59.5', 'cart'),
    ('instants', 'timestamptz', 9223372036854775807, '2024-10-27 00:30', 'view'),
    ('instants', 'timestamptz', -9223372036854775808, '2024-10-27 01:10', 'cart');
INSERT INTO event_rows
SELECT 'many', 'timestamp', i % 7, timestamp '2024-01-01' + i * i % 97 * interval '90 min', chr(97 + i % 5)
FROM generate_series(1, 40) i;
CREATE TABLE events (version text, name text, stored customer_events);
INSERT INTO events VALUES
    ('1.0', 'one',
     '\x010106000000000000000001000000000000000100000000000022790000000000002279000000000000000101047669657700000000'
     '00000001000000'),
    ('1.0', 'names',
     '\x0101060000000000000000020000000000000004000000000000223e000000000000224c00000000000000070300045a6fc3ab0161ff'
     'fffffffffffff90001010802000000020202'),
    ('1.0', 'times',
     '\x0102060000000000000000020000000000000003fffffffffff85ee00002b0de38776b80000000000007a12002036275790463617274'
     '000000000000000501c1a6aad205013c00a602000001'),
    ('1.0', 'instants',
     '\x01030600000000000000000200000000000000020002c869389792000002c869c7a4aa00000000008f0d180002046361727404766965'
     '778000000000000000000100feffffffffffffffff01000001'),
    ('1.0', 'many',
     '\x01020600000000000000000700000000000000280002b0d716c6b6000002b14e87f580000000000141dd760005016101620163016401'
     '6500000000000000000401040603290204010800000500011e0004011d0301041f0200050302070210001103120113040005020006034d'
     '0302010304040200050f04080109030a000b020c04000515030300160201001604180100040b0018010e0216031104');
-- the aggregate still writes these bytes
SELECT version, name, stored::text = (
    SELECT CASE min(kind) WHEN 'date' THEN customer_events(customer, at::date, event)
           WHEN 'timestamp' THEN customer_events(customer, at, event)
           ELSE customer_events(customer, at AT TIME ZONE 'UTC', event) END::text
    FROM event_rows r WHERE r.name = e.name) AS same_bytes
FROM events e ORDER BY name;
-- and they still mean what they meant
SELECT name, customers(stored), t.* FROM events, event_table(stored) t ORDER BY name, event COLLATE "C";
SELECT name, customer, step, at
FROM events, funnel_attempts(stored, '{cart,buy}', '1 day', 'all', '2025-01-01') ORDER BY name, customer, step;

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
-- customers who come under observation late, at 9 and at 4 days
INSERT INTO curves VALUES
    ('1.0', 'late',
     '\x0101010200000007c02200000000000000000000000000010000000000000000c010000000000000000000000000000200'
        '0000000000000040100000000000000000000000000000000000000000000140180000000000000000000000000000000000'
        '0000000001402400000000000000000000000000000000000000000001403100000000000000000000000000010000000000'
        '000000403a00000000000000000000000000010000000000000000');
SELECT name, stored::text = survival_curve(customer_subscriptions(c, started, ended), '2024-02-01',
                                           since => '2024-01-10')::text AS same_bytes
FROM curves, (VALUES (1, date '2024-01-01', date '2024-01-11'), (2, '2024-01-06', NULL),
                     (3, '2024-01-20', '2024-01-24'), (4, '2024-01-06', '2024-01-12'), (5, '2024-01-15', NULL))
                 v(c, started, ended)
WHERE name = 'late' GROUP BY name, stored;
SELECT name, t."time", t.at_risk, t.churned, t.censored, round(t.survival::numeric, 9) AS survival
FROM curves, survival_table(stored) t WHERE name = 'late' ORDER BY "time";

--
-- summaries and models: composite types, whose fields may be added to, at the end, and never moved
--
CREATE TABLE summaries (version text, nps nps_summary, ces ces_summary, rate retention_summary, value clv_summary,
    rfm rfm_summary, model purchase_model, pareto purchase_model, spend spend_model, sbg sbg_model,
    logrank logrank_test, lift retention_lift, spent spend_lift);
INSERT INTO summaries VALUES
    ('1.0', '(18,18,64)', '(100,42,397)', '(5,3,2,1)', '(7,40,80,2,63.24,0.09,11.4)',
     '(3,60,90,20.5,4,80,2024-01-02,2024-03-02)',
     '(MBG/NBD,0.5248,6.1829,0.8912,1.6135,,,,,,,,,-9538.49,-9573.44,41.2,2357,2357,12,t)',
     '(Pareto/NBD,0.5533,10.578,,,0.6061,11.669,,,,,,,-9594.98,-9650.11,43.1,2357,2357,14,t)',
     '(6.25,3.74,15.44,0.81,0.25,3.2,-4058.9,946,900,t)', '(0.704,1.182,0.05,0.11,-1611.16,1000,7,t,)',
     '(0.2123,1,0.6449)', '(50,16,50,17,0.32,0.34,-0.02,-0.198,0.16,0.83)', '(20,20,3.15,2.85,0.3,-0.968,1.568,0.634)');
SELECT nps(nps), nps(nps) = nps((SELECT rollup(nps) FROM summaries)) AS of_rollup, (ces).*,
       retention_rate(rate), churn_rate(rate), clv(value)
FROM summaries;
SELECT lower < nps(nps) AND nps(nps) < upper AS interval, (value).*, (logrank).* FROM summaries, nps_interval(nps);
SELECT (rfm).*, (spend).* FROM summaries;
SELECT (model).* FROM summaries UNION ALL SELECT (pareto).* FROM summaries;
SELECT (sbg).*, sbg_survival(sbg, 3) BETWEEN 0 AND 1 AS survival FROM summaries;
SELECT (lift).*, (spent).* FROM summaries;
SELECT round(expected_purchases(model, rfm, '90 days')::numeric, 6) AS mbgnbd,
       round(expected_purchases(pareto, rfm, '90 days')::numeric, 6) AS pareto,
       round(expected_spend(spend, rfm)::numeric, 6) AS spend
FROM summaries;

--
-- customer_key: stored as the integer, or as a hash that must not change either
--
CREATE TABLE keys (version text, stored customer_key);
INSERT INTO keys VALUES ('1.0', '7'), ('1.0', '-9223372036854775808'), ('1.0', '8257462417098471532');
SELECT stored FROM keys ORDER BY stored;
SELECT customer_key('ann'::text), customer_key(1.50::numeric), customer_key('-7'::numeric),
       customer_key('7a3e2f3c-0e0d-4b5e-9a52-1f0c2d3e4f50'::uuid), customer_key(row('a'::text, 1)),
       7.0::double precision::customer_key;
-- no type is left out, except those of transition values, which are not meant to be stored
SELECT t.oid::regtype AS without_golden_value
FROM pg_type t JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'retention'
WHERE t.typelem = 0 AND NOT obj_description(t.oid, 'pg_type') ~ 'not meant to be stored'
  AND NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
                  WHERE c.relnamespace = 'golden'::regnamespace AND a.atttypid = t.oid)
ORDER BY 1;

--
-- compiled just in time, where the server can do that, aggregates give the same
--
SET jit = on;
SET jit_above_cost = 0;
SET jit_inline_above_cost = 0;
SET jit_optimize_above_cost = 0;
SELECT nps(i % 11) = 100 * (sum((i % 11 >= 9)::int) - sum((i % 11 <= 6)::int)) / 100.0 AS nps,
       retention_rate(i % 2 = 0, i % 3 = 0) = 16 / 50.0 AS rate,
       customers(customer_activity(i % 7, date '2024-01-01' + i)) AS customers
FROM generate_series(1, 100) i;
RESET jit;
RESET jit_above_cost;
RESET jit_inline_above_cost;
RESET jit_optimize_above_cost;
DROP SCHEMA golden CASCADE;
