--
-- money: amounts read without loss, and exact sums
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA money_test;
SELECT set_config('search_path', 'money_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- The state of clv, which holds amounts as they were read: bytes 8 to 15 of
-- its totals are the purchases, then come high half, low half and form (twice
-- the scale, and 1 if binary) of what was bought, and the same of refunds
CREATE AGGREGATE money_state(customer_key, date, numeric) (SFUNC = clv_transfn, STYPE = customer_map,
                                                           COMBINEFUNC = clv_combine, PARALLEL = SAFE);
CREATE AGGREGATE money_state(customer_key, date, double precision) (SFUNC = clv_transfn, STYPE = customer_map,
                                                                    COMBINEFUNC = clv_combine, PARALLEL = SAFE);
CREATE AGGREGATE merge_clv(customer_map) (SFUNC = clv_combine, STYPE = customer_map, FINALFUNC = clv_summary_finalfn);
CREATE AGGREGATE merge_state(customer_map) (SFUNC = clv_combine, STYPE = customer_map);
CREATE FUNCTION total(state customer_map, i int) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN ('x' || substr(state::text, 19 + 16 * i, 16))::bit(64)::bigint;
CREATE FUNCTION units(state customer_map, i int) RETURNS numeric LANGUAGE sql IMMUTABLE
RETURN total(state, i)::numeric * 18446744073709551616 +
       total(state, i + 1) + CASE WHEN total(state, i + 1) < 0 THEN 18446744073709551616 ELSE 0 END;

--
-- Reading numeric, against what the server prints
--
-- one customer with a purchase of unknown value and the amount
CREATE TABLE amounts (i bigint, a numeric);
-- every number of digits and every scale
INSERT INTO amounts
	SELECT i, (CASE rnd(i, 1, 3) WHEN 0 THEN -1 ELSE 1 END) *
	          round((rnd(i, 2, 1000000000000000000)::numeric * 1000000000000000000 + rnd(i, 3, 1000000000000000000)) *
	                10::numeric ^ (-36 + rnd(i, 4, 18)::int), rnd(i, 5, 21)::int)
	FROM generate_series(1, 20000) i;
-- digits in base 10,000 that are few, with zeros inside and at either end; weights -9 to 8
INSERT INTO amounts
	SELECT 100000 + i, (CASE rnd(i, 11, 3) WHEN 0 THEN -1 ELSE 1 END) *
	       (rnd(i, 12, 2) * rnd(i, 13, 10000) * 100000000 + rnd(i, 14, 2) * rnd(i, 15, 100) * 10000
	            + rnd(i, 16, 3) * (10 ^ rnd(i, 17, 4))::int)::numeric *
	       ('1e' || -36 + rnd(i, 18, 62)::int)::numeric
	FROM generate_series(1, 20000) i;
-- by hand: short and long headers (more than 63 decimals to show), ends of the limits
INSERT INTO amounts
	SELECT 200000 + n, a::numeric
	FROM unnest(ARRAY['0', '0.00', '1.50', '1.5', '100', '10000', '1e20', '0.0001', '0.00010', '9999.9999', '-0.01',
	'1.50' || repeat('0', 70), '-12345.678' || repeat('0', 5000), '0.' || repeat('0', 90), repeat('9', 38),
	'-' || repeat('9', 38), '0.' || repeat('0', 23) || '1', '1e37',
	'170141183460469231731687303715884105727', '1' || repeat('0', 38), '9223372036854775807', '9223372036854775808',
	'92233720368547758.08', '12345678901234567890.123456789']) WITH ORDINALITY x(a, n);
DELETE FROM amounts
WHERE abs(a) > 170141183460469231731687303715884105727
  OR abs(a) * 10::numeric ^ min_scale(a) > 170141183460469231731687303715884105727 OR min_scale(a) > 24;
SELECT count(*) > 30000 AS many, count(DISTINCT min_scale(a)) = 25 AS scales, max(a) > 1e33 AS large,
       min(nullif(abs(a), 0)) < 1e-23 AS small, bool_or(a < 0) AS negative,
       bool_or(scale(a) > 63) AS long_header, bool_or(get_byte(numeric_send(a), 1) > 8) AS many_digits FROM amounts;
CREATE VIEW reading AS
	SELECT i, a, money_state(1, '2024-01-01', x) AS state, money_state(1, '2024-01-01', x + 0) AS copied
	FROM amounts, LATERAL (VALUES (NULL), (a)) v(x) GROUP BY i, a;
-- read from the table (with a header of one byte) or from memory (of four)
SELECT count(*) AS amounts, count(*) FILTER (WHERE state::text <> copied::text) AS copies_differ,
       count(*) FILTER (WHERE NOT coalesce(CASE WHEN a < 0
                                                  THEN units(state, 5) = a * ('1e' || total(state, 7) / 2)::numeric
                                                ELSE units(state, 2) = a * ('1e' || total(state, 4) / 2)::numeric END,
                                           false)) AS wrong,
       count(*) FILTER (WHERE NOT coalesce(min_scale(a)
                                               = CASE WHEN a < 0 THEN total(state, 7) ELSE total(state, 4) END / 2,
                                           false)) AS wrong_scale
FROM reading;
-- compressed and out of line, where only what is too long can be
CREATE TABLE wide (storage text, a numeric);
ALTER TABLE wide SET (toast_tuple_target = 128);
INSERT INTO wide VALUES ('plain', 1.5);
ALTER TABLE wide ALTER a SET STORAGE EXTERNAL;
INSERT INTO wide SELECT 'external', (repeat('1234567', 900) || '.25')::numeric;
ALTER TABLE wide ALTER a SET STORAGE EXTENDED;
INSERT INTO wide SELECT 'compressed', (repeat('1234', 2000) || '.25')::numeric;
SELECT storage, pg_column_size(a) < pg_column_size(a + 0) AS smaller,
       outcome(format('SELECT clv(1, date ''2024-01-01'', a) FROM money_test.wide WHERE storage = %L', storage))
FROM wide ORDER BY storage;
-- one of 38 digits out of line, because nothing else in its row can be moved
CREATE TABLE moved (filler text, a numeric);
ALTER TABLE moved ALTER filler SET STORAGE PLAIN, ALTER a SET STORAGE EXTERNAL;
INSERT INTO moved VALUES
	(repeat('x', 4000), 12345678901234567890123456789.012345678),
	(repeat('x', 4000), -12345678901234567890123456788.012345677);
SELECT pg_relation_size(reltoastrelid) > 0 AS moved FROM pg_class WHERE oid = 'moved'::regclass;
SELECT (clv_summary(1, date '2024-01-01', a)).revenue FROM moved;

-- more than 24 decimals: each amount is rounded by itself, but not to 0
CREATE TABLE long AS
	SELECT i,
	       (CASE rnd(i, 51, 3) WHEN 0 THEN -1 ELSE 1 END) * (rnd(i, 52, 1000000)::numeric / 300)
	           * (rnd(i, 53, 1000000000)::numeric * ('1e-' || rnd(i, 54, 30))::numeric / 7) AS a
	FROM generate_series(1, 5000) i;
INSERT INTO long
	SELECT -n, a::numeric
	FROM unnest(ARRAY['1e-24', '4.9e-25', '5e-25', '1.5e-24', '-1.5e-24', '2.4999999e-24', '1e-30', '-1e-30',
	                  '-1e-1000', '1e-16000', '0.999999999999999999999999' || repeat('9', 20)]) WITH ORDINALITY x(a, n);
SELECT count(*) FILTER (WHERE min_scale(a) > 24) > 1000 AS many,
       count(*) FILTER (WHERE NOT coalesce(CASE WHEN a < 0
                                                THEN units(state, 5) = rounded * ('1e' || total(state, 7) / 2)::numeric
                                                ELSE units(state, 2) = rounded * ('1e' || total(state, 4) / 2)::numeric
                                           END, false)) AS wrong
FROM (SELECT i, a, CASE WHEN round(a, 24) <> 0 OR a = 0 THEN round(a, 24) ELSE sign(a) * 1e-24 END AS rounded,
             money_state(1, '2024-01-01', x) AS state
      FROM long, LATERAL (VALUES (NULL), (a)) v(x) GROUP BY i, a) s;

-- what cannot be had, and what it says
SELECT a, outcome(format('SELECT clv(1, date ''2024-01-01'', %L::numeric)', a)) AS clv
FROM unnest(ARRAY['NaN', 'Infinity', '-Infinity', '1e38', '1.8e38', '1e-24', '1e-39', '1e1000', '1e-1000', '-1e40']) a;
\set VERBOSITY default
SELECT clv(1, date '2024-01-01', 'NaN'::numeric);
SELECT clv(1, date '2024-01-01', 'NaN'::double precision);
SELECT clv(1, date '2024-01-01', 1e39);
\set VERBOSITY sqlstate
-- products of quotients have 40 decimals, which are no more trouble than two
SELECT count(*) AS rows,
       clv(1, date '2024-01-01', (i / 7.0) * (i / 1.19) * (1 / 3.0))
           - sum((i / 7.0) * (i / 1.19) * (1 / 3.0))::float8 AS difference
FROM generate_series(1, 10000) i;
SELECT a, b,
       outcome(format('SELECT clv(1, d, a) FROM (VALUES (%s, date ''2024-01-01''), (%s, ''2024-01-02'')) v(a, d)', a,
                      b)),
       outcome(format('SELECT clv(1, d, a) FROM (VALUES (%s, date ''2024-01-02''), (%s, ''2024-01-01'')) v(a, d)', b,
                      a)) AS other_order
FROM (VALUES ('1e30', '1e-9'), ('1e30', '1e-8'), ('1e35', '0.01'), ('1e36', '0.01'), ('9e37', '9e37'),
             ('1e-24', '1.5e14'), ('1e-24', '2e14'), ('-1e35', '0.01'), ('-1e37', '0.01')) v(a, b);
-- refunds do not make room: whether it fails does not depend on the order
SELECT o,
       outcome(format('SELECT clv(1, date ''2024-01-01'', a ORDER BY %s) '
                      'FROM (VALUES (1, 9e37), (2, -9e37), (3, 9e37)) v(i, a)',
                      o))
FROM unnest(ARRAY['i', 'a', 'a DESC']) o;

--
-- Reading double precision: exact, whatever the size
--
SELECT a, clv(1, date '2024-01-01', a)::text = a::text AS same, (clv_summary(1, date '2024-01-01', -a)).clv
FROM unnest('{0,1,0.1,0.01,49.99,1e15,9007199254740993,1e16,1e22,1e100,1e300,1.7976931348623157e308,'
            '1e-10,1e-300,2.2250738585072014e-308,5e-324,0.3333333333333333,123456.789}'::float8[]) a
GROUP BY a ORDER BY a;
SELECT count(*) AS values, count(*) FILTER (WHERE v IS DISTINCT FROM a) AS wrong
FROM (SELECT a, clv(i, date '2024-01-01', a) AS v
      FROM (SELECT i, (1 + rnd(i, 21, 1000000000) / 1e9) * 2::float8 ^ (rnd(i, 22, 2000)::int - 1000) AS a
            FROM generate_series(1, 20000) i) x
      GROUP BY i, a) y;
-- sums beyond 127 bits lose what a double would lose, and no row fails that did not
SELECT clv(1, date '2024-01-01', a) FROM (VALUES (1e300::float8), (1e-300), (1e300)) v(a);
SELECT clv(1, date '2024-01-01', a) FROM (VALUES (1e-300::float8), (1), (-1e-300), (1e300), (-1)) v(a);
SELECT clv(1, date '2024-01-01', a) FROM (VALUES (1e308::float8), (-1e308), (1e308)) v(a);
SELECT clv(1, date '2024-01-01', a) FROM (VALUES (1e308::float8), (1e308)) v(a);
SELECT (clv_summary(i, date '2024-01-01', 1e307::float8)).clv FROM generate_series(1, 15) i;
SELECT clv(1, date '2024-01-01', 9.3e18::float8) / 100 = 9.3e18 AS many_large FROM generate_series(1, 100);
-- 0.1 + 0.2 - 0.3 of doubles is 2^-54 * 0.5 and stays it; of numeric it is 0
SELECT clv(1, date '2024-01-01', a) AS float8, clv(1, date '2024-01-01', a::numeric) AS numeric
FROM (VALUES (0.1::float8), (0.2), (-0.3)) v(a);

--
-- One rounding: sums and means against exact division
--
SELECT count(*) AS groups,
       count(*) FILTER (WHERE clv IS DISTINCT FROM (div(total * 1e80, customers)::text || 'e-80')::float8)
           AS wrong_mean,
       count(*) FILTER (WHERE (s).average_purchase_value IS DISTINCT FROM (div(total * 1e80, purchases)::text
                                                                           || 'e-80')::float8) AS wrong_average,
       count(*) FILTER (WHERE (s).revenue IS DISTINCT FROM total::float8) AS wrong_sum,
       count(DISTINCT scale) > 20 AS scales
FROM (SELECT i, sum(a) AS total, count(DISTINCT c) AS customers, count(*) AS purchases, clv(c, date '2024-01-01', a),
             clv_summary(c, date '2024-01-01', a) AS s, max(min_scale(a)) AS scale
      FROM (SELECT i, rnd(j, 31, 30) AS c,
                   round((rnd(i * 100 + j, 32, 1000000000000)::numeric + rnd(j, 33, 1000000000)::numeric / 1000000000)
                             * 10::numeric ^ (rnd(i, 34, 16)::int - 15) / 7,
                         rnd(i, 35, 25)::int) AS a
            FROM generate_series(1, 1500) i, generate_series(1, 10) j) r GROUP BY i) x;
-- so does the binary sum: exactly the mean of the doubles' own decimals
SELECT count(*) AS groups,
       count(*) FILTER (WHERE clv IS DISTINCT FROM (div(total * 1e80, customers)::text || 'e-80')::float8) AS wrong_mean
FROM (SELECT i, sum(k::numeric / 1048576) AS total, count(DISTINCT c) AS customers,
             clv(c, date '2024-01-01', k / 1048576.0::float8)
      FROM (SELECT i, rnd(j, 36, 30) AS c, rnd(i * 100 + j, 37, 1000000000000000) AS k
            FROM generate_series(1, 1500) i, generate_series(1, 12) j) r
      GROUP BY i) x;

--
-- Any order and any split give the same bytes
--
CREATE TABLE sales AS
	SELECT i, rnd(i, 41, 300) AS c, date '2024-01-01' + rnd(i, 42, 300)::int AS d, rnd(i, 43, 7)::int AS k,
	       CASE WHEN rnd(i, 44, 20) > 0
	              THEN CASE WHEN rnd(i, 41, 300) < 20 OR rnd(i, 45, 6) = 0 THEN -1 ELSE 1 END
	                       * (rnd(i, 46, 100000)::numeric / 100) END AS cents
	FROM generate_series(1, 4000) i;
CREATE VIEW forms AS
	SELECT s.*, f.*
	FROM sales s,
	     LATERAL (VALUES ('cents', cents, cents::float8), ('thirds', cents / 3, cents::float8 / 3),
	                     ('mixed', CASE WHEN i % 100 = 0 THEN cents / 1000 ELSE round(cents) END,
	                      cents::float8 * 10 ^ (k - 3)),
		('tiny', cents / 1e12, cents::float8 * 1e-12), ('large', cents * 1e15, cents::float8 * 1e12)) f(form, n, f);
SELECT form, count(DISTINCT n) AS numeric, count(DISTINCT f) AS float8, bool_or(refunds) AS with_refunds
FROM (SELECT form, o, money_state(c, d, n ORDER BY key)::text AS n, money_state(c, d, f ORDER BY key)::text AS f,
             bool_or(cents < 0) AS refunds
      FROM forms,
           LATERAL (VALUES (1, i), (2, -i), (3, rnd(i, 47, 1000000)), (4, k * 10000 + i), (5, (f * 1000)::bigint),
                           (6, (-abs(f) * 1000)::bigint)) v(o, key)
      GROUP BY form, o) x GROUP BY form ORDER BY form COLLATE "C";
SELECT form, w.n = p.n AS numeric, w.f = p.f AS float8
FROM (SELECT form, money_state(c, d, n)::text AS n, money_state(c, d, f)::text AS f FROM forms GROUP BY form) w
JOIN (SELECT form, merge_state(n ORDER BY k)::text AS n, merge_state(f ORDER BY k DESC)::text AS f
      FROM (SELECT form, k, money_state(c, d, n) AS n, money_state(c, d, f) AS f FROM forms GROUP BY form, k) x
      GROUP BY form) p USING (form) ORDER BY form COLLATE "C";
SELECT parallel_check('SELECT clv(c, d, cents / 3) a, (clv_summary(c, d, cents / 7)).*, clv(c, d, '
                      'cents::float8 / 3) b FROM money_test.sales');
SELECT parallel_check('SELECT k, (clv_summary(c, d, cents)).* FROM money_test.sales GROUP BY k');
-- the same revenue in numeric and in double precision, by plain SQL
SELECT k, (n).revenue = exact AS numeric, abs((f).revenue - exact) < 1e-9 AS float8,
       (n).customers = (f).customers AND (n).purchases = (f).purchases AS counts
FROM (SELECT k, clv_summary(c, d, cents) AS n, clv_summary(c, d, cents::float8) AS f,
             (SELECT sum(cents)::float8
              FROM (SELECT cents, bool_or(cents >= 0 OR cents IS NULL) OVER (PARTITION BY c) AS buyer
                    FROM sales i WHERE i.k = sales.k) b
              WHERE buyer) AS exact
      FROM sales GROUP BY k) x ORDER BY k;

--
-- Values that were not made by rows
--
-- numeric and double precision do not mix
SELECT merge_clv(s)
FROM (SELECT money_state(1, '2024-01-01', 1.5::numeric)
      UNION ALL SELECT money_state(1, '2024-01-01', 1.5::float8)) x(s);
SELECT merge_clv(s)
FROM (SELECT money_state(1, '2024-01-01', -1.5::numeric)
      UNION ALL SELECT money_state(1, '2024-01-01', -1.5::float8)) x(s);
-- nothing but null amounts goes with either
SELECT merge_clv(s)
FROM (SELECT money_state(1, '2024-01-01', NULL::numeric)
      UNION ALL SELECT money_state(2, '2024-01-01', 1.5::float8)) x(s);
CREATE FUNCTION with_total(i int, hex text) RETURNS customer_map LANGUAGE sql
RETURN overlay((SELECT money_state(c, '2024-01-01', a)::text
                FROM (VALUES (1, 1.5), (1, -0.5), (2, -0.25)) v(c, a)) placing hex from 19 + 16 * i for
                   16)::customer_map;
SELECT i, hex, outcome(format('SELECT money_test.merge_clv(money_test.with_total(%s, %L))', i, hex))
FROM (VALUES (0, '0000000000000001'), (0, '0000000000000003'), (0, 'ffffffffffffffff'), (1, '0000000000000000'),
             (2, 'ffffffffffffffff'), (4, '000000000000004e'), (4, 'fffffffffffffffe'),
             (4, '0000000000000001'), (4, '7fffffffffffffff'), (4, '8000000000000000'), (5, '0000000000000001'),
             (7, '0000000000000003')) v(i, hex);
-- flags of customers: bought, refunds in units of 10^0 to 10^-24, and of 65536^68 to 65536^-68
SELECT outcome, array_agg(flag ORDER BY flag)
FROM (SELECT flag,
             outcome(format('SELECT money_test.merge_clv(overlay(money_test.with_total(0, '
                            '''0000000000000001'')::text placing %L from 19 + 16 * 8 + 66 for 2)::customer_map)',
                            lpad(to_hex(flag), 2, '0'))) AS outcome
      FROM unnest(ARRAY[0, 1, 2, 26, 27, 49, 50, 51, 52, 188, 189, 255]) flag) x GROUP BY outcome ORDER BY 1;

-- nothing, and then next to nothing: the sum of no units is brought to any scale
SELECT clv(1, date '2024-01-01', f) AS tiny,
       clv(1, date '2024-01-01', f ORDER BY f DESC) = clv(1, date '2024-01-01', f ORDER BY f) AS any_order
FROM unnest('{0,5e-324,0,1e-300,-0,1e-300}'::float8[]) f;
SELECT clv(1, date '2024-01-01', f) AS huge,
       clv(1, date '2024-01-01', f ORDER BY f DESC) = clv(1, date '2024-01-01', f ORDER BY f) AS any_order
FROM unnest('{0,1e300,0,1.5e300,-0,5e-324}'::float8[]) f;

DROP SCHEMA money_test CASCADE;
