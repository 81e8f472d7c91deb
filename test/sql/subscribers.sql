--
-- subscribers: the questions without money, asked of a customer_subscriptions:
-- cohort_table, retention_curve, lifecycle_table, retention_summary
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA subscribers_test;
SELECT set_config('search_path', 'subscribers_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- The contracts of the documentation
--
CREATE TABLE doc AS SELECT customer AS c, started AS s, ended AS e, amount AS a FROM contracts;
CREATE TABLE value AS SELECT customer_subscriptions(c, s, e, a) AS s FROM doc;
SELECT t.* FROM value, cohort_table(s, as_of => '2024-05-10') t;
SELECT t.* FROM value, retention_curve(s, as_of => '2024-05-10') t;
SELECT t.* FROM value, lifecycle_table(s, as_of => '2024-05-10') t;
SELECT period_start, active, retained, churned, complete
FROM value, lifecycle_table(s, as_of => '2024-05-10', grace => 3);
SELECT p, r.* FROM value, unnest(ARRAY['[2024-02-01,2024-03-01)', '[2024-03-01,2024-04-01)', '[2024-04-01,2024-05-01)',
                                      '(,2024-02-01)', '[2024-05-10,)', 'empty', '(,)']::daterange[]) p,
     retention_summary(s, p) r;
SELECT r.* FROM value, retention_summary(s, '[2024-02-01,2024-03-01)', grace => 3) r;
-- as contracts: trials and free ones are customers, too
SELECT period_start, active, new_customers, retained, resurrected, churned, dormant
FROM (SELECT customer_subscriptions(c, s, e) FROM doc) v(s), lifecycle_table(s, as_of => '2024-05-10');

--
-- Random contracts: the customers of the tables of MRR, and of retention_summary
-- over the rows
--
CREATE TABLE book AS
	SELECT 1 + dice(i, 1, 150) AS c, s,
	       CASE dice(i, 3, 5) WHEN 0 THEN NULL WHEN 1 THEN s + 365 WHEN 2 THEN s + dice(i, 4, 6)
	            ELSE s + dice(i, 4, 300) END AS e,
	       1 + dice(i, 5, 3) * 10.5 AS a
	FROM (SELECT i, date '2022-01-10' + dice(i, 2, 700) AS s FROM generate_series(1, 600) i) x;
CREATE TABLE stored AS SELECT customer_subscriptions(c, s, e, a) AS s FROM book;
CREATE TABLE options AS
	SELECT period::interval, as_of::timestamptz, grace
	FROM unnest(ARRAY['1 month', '7 days', '3 months', '1 year']) period,
	     unnest(ARRAY['2023-12-15', '2023-06-30', '2024-02-01', NULL]) as_of, unnest(ARRAY[0, 3, 40]) grace;
SELECT count(*) > 5000 AS cells, bool_and((a.customers, a.retained, a.retention_rate, a.complete)
       IS NOT DISTINCT FROM (b.customers, b.retained, b.customer_retention, b.complete)) AS same
FROM (SELECT o, t.* FROM stored, options o, cohort_table(s, o.period, o.as_of, o.grace) t) a
FULL JOIN (SELECT o, t.* FROM stored, options o, mrr_cohort_table(s, o.period, o.as_of, o.grace) t) b
     USING (o, cohort, age, period_start);
SELECT count(*) > 1000 AS ages, bool_and(a.customers = b.customers AND a.retained = b.retained) AS same,
       bool_and(near(a.retention_rate, b.retained / b.customers::float8)) AS rates
FROM (SELECT o, t.* FROM stored, options o, retention_curve(s, o.period, o.as_of, o.grace) t) a
FULL JOIN (SELECT o, age, sum(customers) AS customers, sum(retained) AS retained
           FROM stored, options o, cohort_table(s, o.period, o.as_of, o.grace) t WHERE complete GROUP BY o, age) b
     USING (o, age);
SELECT count(*) > 1000 AS periods,
       bool_and((a.active, a.new_customers, a.resurrected, a.churned, a.complete)
                = (b.closing_customers, b.new_customers, b.reactivated_customers, b.churned_customers, b.complete))
       AS same,
       bool_and(a.retained = b.opening_customers - b.churned_customers) AS retained,
       bool_and(near(a.retention_rate, b.customer_retention)) AS rates
FROM (SELECT o, t.* FROM stored, options o, lifecycle_table(s, o.period, o.as_of, o.grace) t) a
FULL JOIN (SELECT o, t.* FROM stored, options o, mrr_table(s, o.period, o.as_of, grace => o.grace) t) b
     USING (o, period_start);
-- whoever has paid before and does not at the end of two periods is dormant
SELECT count(*), bool_and(dormant = (
	SELECT count(*)
	FROM (SELECT c FROM book WHERE coalesce(e, 'infinity') > s GROUP BY c HAVING min(s) < t.period_start) known
	WHERE NOT EXISTS (SELECT FROM book b WHERE b.c = known.c AND b.s < t.period_start
	                  AND coalesce(b.e, 'infinity') >= t.period_start)
	  AND NOT EXISTS (SELECT FROM book b WHERE b.c = known.c AND b.s < t.period_start + interval '1 month'
	                  AND coalesce(b.e, 'infinity') >= t.period_start + interval '1 month'))) AS dormant
FROM stored, lifecycle_table(s, as_of => '2024-01-01') t;
SELECT count(*), bool_and(retention_summary(s, p)
       = (SELECT retention_summary(c, daterange(s, e), p) FROM book WHERE coalesce(e, 'infinity') > s)) AS same
FROM stored, generate_series(date '2021-12-01', '2024-06-01', '17 days') d,
     LATERAL (SELECT daterange(d::date, (d + interval '1 month')::date)) r(p);
SELECT count(*) = 0 AS before FROM stored, cohort_table(s, as_of => '2020-01-01');
SELECT bool_and(a = b) AS since FROM stored, LATERAL (
	SELECT array_agg(t) AS a FROM cohort_table(s, as_of => '2023-12-15', since => '2022-06-01') t) x, LATERAL (
	SELECT array_agg(t) AS b FROM cohort_table(s, as_of => '2023-12-15') t WHERE cohort >= '2022-06-01') y;

--
-- NULL and errors
--
SELECT (SELECT count(*) FROM cohort_table(NULL::customer_subscriptions))
     + (SELECT count(*) FROM retention_curve(NULL::customer_subscriptions))
     + (SELECT count(*) FROM lifecycle_table(NULL::customer_subscriptions)) AS rows,
       retention_summary(NULL::customer_subscriptions, '(,)') IS NULL AS null,
       retention_summary(s, NULL) IS NULL AS never
FROM value;
SELECT q, outcome('SELECT count(*) FROM value, ' || q) FROM unnest(ARRAY[
	'cohort_table(s, grace => -1)', 'cohort_table(s, grace => NULL)', 'cohort_table(s, ''1 hour'')',
	'cohort_table(s, confidence => 0)', 'retention_curve(s, as_of => ''infinity'')', 'lifecycle_table(s, grace => -1)',
	'lifecycle_table(s, origin => NULL)', 'retention_summary(s, ''(,)'', -1)',
	'retention_summary(s, ''(,)'', NULL)']) q;
DROP SCHEMA subscribers_test CASCADE;
