--
-- tracking: tracking_table and frequency_table, does a purchase model fit
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA tracking_test;
SELECT set_config('search_path', 'tracking_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- A model by hand, as a fit returns one
CREATE FUNCTION model(name text, r double precision, alpha double precision, a double precision, b double precision)
RETURNS purchase_model LANGUAGE SQL IMMUTABLE
AS $$ SELECT jsonb_populate_record(NULL::purchase_model,
	jsonb_build_object('model', name, 'r', r, 'alpha', alpha, 'a', a, 'b', b)) $$;
CREATE TABLE model AS
	SELECT model('BG/NBD', 0.25, 30, 0.8, 2.4) AS m UNION ALL SELECT model('MBG/NBD', 0.5, 45, 0.4, 2) UNION ALL
	SELECT model('BG/NBD', 3, 5, 0.1, 40) UNION ALL SELECT model('MBG/NBD', 1, 300, 1, 1);
-- Equal but for rounding
CREATE FUNCTION close(a double precision, b double precision) RETURNS boolean LANGUAGE SQL IMMUTABLE
AS $$ SELECT abs(a - b) <= 1e-10 + 1e-11 * abs(b) $$;

--
-- The example of the documentation
--
CREATE TABLE orders (customer text, day date);
INSERT INTO orders VALUES
	('ann', '2024-01-01'), ('ann', '2024-01-04'), ('ann', '2024-01-04'), ('ann', '2024-01-10'), ('ann', '2024-01-16'),
	('bob', '2024-01-03'), ('cem', '2024-01-08'), ('cem', '2024-01-15'), ('dee', '2024-01-16');
CREATE TABLE value AS SELECT customer_activity(customer, day) AS a, model('BG/NBD', 1, 10, 1, 2) AS m FROM orders;
SELECT t.* FROM value, tracking_table(m, a) t;
SELECT t.* FROM value, frequency_table(m, a, max_frequency => 3) t;
-- at the end of the first week ann has had 6 days and bob 4; a customer of the last day has had none
SELECT close(t.cumulative_expected,
             expected_purchases(m, 0, 0, 0, '6 days') + expected_purchases(m, 0, 0, 0, '4 days')) AS clock,
       t.cumulative_expected = t.expected AS first
FROM value, tracking_table(m, a) t LIMIT 1;

--
-- Random orders: two models, periods of days and months, days before and after the last, against plain SQL
--
CREATE TABLE facts AS
	SELECT 1 + dice(i, 1, 400) AS c, date '2023-01-01' + dice(i, 2, 40) * dice(i, 3, 11) AS d
	FROM generate_series(1, 2500) i;
CREATE TABLE birth AS SELECT c, min(d) AS born FROM facts GROUP BY c;
CREATE TABLE many AS SELECT customer_activity(c, d) AS a FROM facts;
CREATE TABLE options AS
	SELECT period::interval, as_of::date, origin::date
	FROM unnest(ARRAY['7 days', '1 day', '1 month', '3 months', '1 year']) period,
	     unnest(ARRAY['2023-06-16', '2023-01-01', '2024-06-01', NULL]) as_of,
	     unnest(ARRAY['2001-01-01', '2023-03-04']) origin;
CREATE TABLE tracked AS
	SELECT m, o.*, t.*, least(lead(period_start) OVER (PARTITION BY m, o ORDER BY period_start),
	                          coalesce(as_of, (SELECT max(d) + 1 FROM facts))) AS period_end
	FROM model, many, options o, LATERAL tracking_table(m, a, o.period, o.as_of, o.origin) t;
SELECT count(*) FROM tracked;
SELECT count(*) > 500 AS rows, bool_and(t.actual = (
	SELECT count(DISTINCT (f.c, f.d)) FROM facts f JOIN birth b USING (c)
	WHERE f.d > b.born AND f.d >= t.period_start AND f.d < t.period_end)) AS actual
FROM tracked t WHERE m = (SELECT min(m) FROM model);
WITH expectation AS MATERIALIZED (
	SELECT m, days, expected_purchases(m, 0, 0, 0, make_interval(days => days)) AS e
	FROM model, generate_series(0, 520) days
), born AS (SELECT born, count(*) AS n FROM birth GROUP BY born)
SELECT count(*) > 2000 AS rows, bool_and(close(cumulative_expected, so_far)) AS cumulative_expected
FROM (
	SELECT t.m, t.period_start, t.cumulative_expected, sum(n * e) AS so_far
	FROM tracked t JOIN born b ON b.born < t.period_end
	JOIN expectation x ON x.m = t.m AND x.days = t.period_end - 1 - b.born
	GROUP BY t.m, t.period, t.as_of, t.origin, t.period_start, t.cumulative_expected
) s;
-- both columns so far are sums, and what is complete ends by as_of
SELECT bool_and(cumulative_actual = sum_actual) AS actual, bool_and(close(cumulative_expected, sum_expected)) AS expected,
       bool_and(expected >= 0) AS no_loss
FROM (SELECT *, sum(actual) OVER w AS sum_actual, sum(expected) OVER w AS sum_expected
      FROM tracked WINDOW w AS (PARTITION BY m, period, as_of, origin ORDER BY period_start)) s;
SELECT period, as_of, origin, count(*), min(period_start), max(period_start), count(*) FILTER (WHERE complete) AS complete
FROM tracked WHERE m = (SELECT min(m) FROM model) GROUP BY period, as_of, origin ORDER BY period, as_of, origin;

--
-- frequency_table: against plain SQL, and the sums of its columns
--
CREATE FUNCTION purchases_before(day date) RETURNS TABLE (c integer, born date, x bigint) LANGUAGE SQL STABLE
AS $$ SELECT c, min(d), count(DISTINCT d) - 1 FROM facts WHERE d < day GROUP BY c $$;
SELECT count(*), bool_and(t.actual = (
	SELECT count(*) FROM purchases_before(as_of) p WHERE CASE WHEN t.frequency = n THEN p.x >= n ELSE p.x = t.frequency END))
FROM many, unnest(ARRAY[0, 1, 3, 7, 30]) n, unnest(ARRAY['2023-02-01', '2023-06-16', '2024-03-01']::date[]) as_of,
     (SELECT min(m) AS m FROM model) s, LATERAL frequency_table(m, a, as_of, n) t;
SELECT bool_and(actual = customers) AS actual, bool_and(close(expected, customers)) AS expected,
       bool_and(least >= 0) AS no_loss, bool_and(rows = n + 1) AS rows
FROM (
	SELECT m, n, as_of, sum(actual) AS actual, sum(expected) AS expected, min(expected) AS least, count(*) AS rows,
	       (SELECT count(*) FROM birth WHERE born < as_of) AS customers
	FROM model, many, unnest(ARRAY[0, 1, 7, 1000]) n, unnest(ARRAY['2023-02-01', '2023-12-16']::date[]) as_of,
	     LATERAL frequency_table(m, a, as_of, n) t GROUP BY m, n, as_of
) s;
-- the chance of x purchases within t days by recursion: n without leaving, left after the purchase number leaves
CREATE FUNCTION chances(m purchase_model, t double precision, upto integer)
RETURNS TABLE (x integer, p double precision) LANGUAGE SQL STABLE AS $$
WITH RECURSIVE step AS (
	SELECT 0 AS x, ((m).alpha / ((m).alpha + t)) ^ (m).r AS n, 0::double precision AS below,
	       CASE (m).model WHEN 'MBG/NBD' THEN (m).b / ((m).a + (m).b) ELSE 1 END AS stays,
	       CASE (m).model WHEN 'MBG/NBD' THEN (m).a / ((m).a + (m).b) ELSE 0 END AS leaves,
	       CASE (m).model WHEN 'MBG/NBD' THEN 1 ELSE 0 END AS k
	UNION ALL
	SELECT x + 1, n * ((m).r + x) / (x + 1) * t / ((m).alpha + t), below + n,
	       stays * ((m).b + x + k) / ((m).a + (m).b + x + k), stays * (m).a / ((m).a + (m).b + x + k), k
	FROM step WHERE x < upto
)
SELECT x, n * stays + leaves * (1 - below) FROM step
$$;
SELECT count(*), bool_and(close(t.expected, s.expected)) AS expected
FROM model, many, unnest(ARRAY['2023-02-01', '2023-12-16']::date[]) as_of,
     LATERAL frequency_table(m, a, as_of, 15) t
JOIN LATERAL (
	SELECT x, sum(n * p) AS expected
	FROM (SELECT born, count(*) AS n FROM birth WHERE born < as_of GROUP BY born) b, chances(m, as_of - 1 - born, 14)
	GROUP BY x
) s ON s.x = t.frequency;
-- nobody who buys nothing but whom churn_risk expects to; and all purchases are those that tracking_table expects
SELECT bool_and(close(t.expected, (SELECT sum(churn_risk(m, 0, 0, 0, make_interval(days => date '2023-12-15' - born)))
                                   FROM birth WHERE born < '2023-12-15')
                                  + (SELECT count(*) FROM birth WHERE born = '2023-12-15'))) AS none
FROM model, many, frequency_table(m, a, '2023-12-16', 1) t WHERE frequency = 0;
SELECT bool_and(abs(purchases - cumulative_expected) <= 1e-7 * cumulative_expected) AS purchases
FROM model, many, LATERAL (SELECT sum(frequency * expected) AS purchases FROM frequency_table(m, a, '2023-12-16', 1000)) f,
     LATERAL (SELECT max(cumulative_expected) AS cumulative_expected FROM tracking_table(m, a, as_of => '2023-12-16')) t
WHERE (m).alpha >= 30;

--
-- Ends
--
-- before all data; nothing to read
SELECT (SELECT count(*) FROM tracking_table(m, a, as_of => '2022-12-31')) AS tracked,
       (SELECT count(*) FROM frequency_table(m, a, as_of => '2023-01-01')) AS frequencies,
       (SELECT count(*) FROM tracking_table(NULL, a)) + (SELECT count(*) FROM tracking_table(m, NULL))
       + (SELECT count(*) FROM frequency_table(NULL, a)) + (SELECT count(*) FROM frequency_table(m, NULL)) AS nothing
FROM many, (SELECT m FROM model LIMIT 1) s;
-- the first day alone
SELECT t.* FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, '1 day', as_of => '2023-01-02') t;
SELECT t.frequency, t.actual > 0 AS actual, t.expected = t.actual AS expected
FROM many, (SELECT m FROM model WHERE (m).model = 'BG/NBD' LIMIT 1) s, frequency_table(m, a, '2023-01-02', 1) t;
-- far apart: years of months, with more days than are kept; the limits of the calendar
SELECT count(*), sum(actual) AS actual, bool_and(expected >= 0) AS expected
FROM (SELECT m FROM model LIMIT 1) s,
     (SELECT customer_activity(1, d) AS a FROM unnest(date '4713-01-01 BC' || ARRAY[date '2024-01-01', '300000-05-05']) d) v,
     tracking_table(m, a, '1000 years') t;
SELECT count(*), sum(actual) AS actual FROM (SELECT m FROM model LIMIT 1) s,
     (SELECT customer_activity(1, d) AS a FROM unnest(ARRAY[date '4713-01-01 BC', '5874897-12-31']) d) v,
     frequency_table(m, a) t;
SELECT count(*) FROM (SELECT m FROM model LIMIT 1) s,
     (SELECT customer_activity(1, d) AS a FROM unnest(ARRAY[date '4713-01-01 BC', '5874897-12-31']) d) v,
     tracking_table(m, a, '1 day') t;
-- by days of the session
SET timezone = 'Asia/Tokyo';
SELECT count(*), count(*) FILTER (WHERE complete) AS complete
FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, '1 day', as_of => '2023-03-01 20:00 UTC') t;
SET timezone = 'UTC';

--
-- Errors
--
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, '0 days') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, '1 month 1 day') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, '1 hour') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, '-1 day') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, '178000000 years') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, NULL) t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, origin => NULL) t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, origin => 'infinity') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, tracking_table(m, a, as_of => 'infinity') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, frequency_table(m, a, as_of => '-infinity') t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, frequency_table(m, a, max_frequency => NULL) t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, frequency_table(m, a, max_frequency => -1) t;
SELECT 1 FROM many, (SELECT m FROM model LIMIT 1) s, frequency_table(m, a, max_frequency => 1001) t;
-- options are checked before NULL, the model before the value
SELECT count(*) FROM tracking_table(NULL, NULL, NULL);
SELECT count(*) FROM frequency_table(NULL, NULL, max_frequency => 1001);
-- models that are none
SELECT 1 FROM many, tracking_table(model('other', 1, 1, 1, 1), a) t;
SELECT 1 FROM many, tracking_table(model('BG/NBD', 1, 1, NULL, 1), a) t;
SELECT 1 FROM many, tracking_table(model('BG/NBD', 1, -1, 1, 1), a) t;
SELECT 1 FROM many, frequency_table(model(NULL, 1, 1, 1, 1), a) t;
SELECT 1 FROM many, frequency_table(model('MBG/NBD', 'NaN', 1, 1, 1), a) t;
-- models at the ends of what is allowed
SELECT name, r, alpha, a1, b, bool_and(expected >= 0) AS expected
FROM many, unnest(ARRAY['BG/NBD', 'MBG/NBD']) name, unnest(ARRAY[1e-30, 1e30]) r, unnest(ARRAY[1e-30, 1e30]) alpha,
     unnest(ARRAY[1e-30, 1e30]) a1, unnest(ARRAY[1e-30, 1e30]) b,
     LATERAL frequency_table(model(name, r, alpha, a1, b), a, '2023-02-01', 3) t
GROUP BY name, r, alpha, a1, b HAVING bool_or(NOT expected BETWEEN 0 AND 400 OR expected = 'NaN');
DROP SCHEMA tracking_test CASCADE;
