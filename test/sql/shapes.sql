--
-- shapes: cohort_brackets, return_brackets, recurring_table, active_days_table, cohort_customers, return_customers
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA shapes_test;
SELECT set_config('search_path', 'shapes_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Small enough to check by hand
--
CREATE TABLE ev (c text, d date);
INSERT INTO ev VALUES ('a', '2024-01-01'), ('a', '2024-01-03'), ('a', '2024-01-09'),
	('b', '2024-01-01'), ('b', '2024-01-05'),
	('c', '2024-01-02'), ('c', '2024-01-04'), ('c', '2024-01-06'),
	('d', '2024-01-08');
CREATE TABLE value AS SELECT customer_activity(c, d) AS a FROM ev;
-- a at ages 2 and 8, b at age 4, c at ages 2 and 4, d never again
SELECT t.cohort, t.bracket, t.customers, t.retained, round(t.retention_rate::numeric, 4) AS rate, t.complete
FROM value, cohort_brackets(a, ARRAY['[1,3]','[4,7]','[8,8]']::int4range[], as_of => '2024-01-10') t;
-- by the week, in the order given, overlapping; [0,1] are two weeks
SELECT t.cohort, t.bracket, t.customers, t.retained, round(t.retention_rate::numeric, 4) AS rate, t.complete
FROM value, cohort_brackets(a, ARRAY['[1,2)','[0,1]','[0,0]']::int4range[], '7 days', '2024-01-16', 'calendar') t;
SELECT t.cohort, t.bracket, t.customers, t.retained, round(t.retention_rate::numeric, 4) AS rate, t.complete
FROM value, cohort_brackets(a, ARRAY['[1,2)','[0,1]','[0,0]']::int4range[], '7 days', '2024-01-15') t;
SELECT t.period_start, t.age, t.customers, t.retained, round(t.retention_rate::numeric, 4) AS rate, t.complete
FROM value, recurring_table(a, '2 days', '2024-01-10', origin => '2024-01-01') t;
-- of the days 3 to 9: a on 2, b on 1, c on 2, d on 1
SELECT t.* FROM value, active_days_table(a, 7) t WHERE active < 4;
-- 1 to 2: a, b, c; 3 to 4: a, c
SELECT t.* FROM value, active_days_table(a, 2, '2 days', '2024-01-05') t;
SELECT t.customer = customer_key(x.c)::bigint AS ok, x.c, t.first_at, t.last_at, t.retained
FROM value, cohort_customers(a, '2024-01-03', 1, '7 days', '2024-01-16') t
LEFT JOIN (SELECT DISTINCT c FROM ev) x ON t.customer = customer_key(x.c)::bigint ORDER BY x.c;
DROP TABLE value, ev;

--
-- Random activity: brackets are cells of cohort_table, one age by one, and up to a horizon those of on_or_after
--
CREATE TABLE facts AS
	SELECT dice(i, 1, 3) AS kind, 1 + dice(i, 2, 250) AS c, date '2023-01-01' + dice(i, 3, 400) AS d
	FROM generate_series(1, 2500) i;
CREATE TABLE two AS SELECT customer_activity(c, d) FILTER (WHERE kind = 0) AS s,
	customer_activity(c, d) FILTER (WHERE kind > 0) AS r FROM facts;
CREATE TABLE options AS
	SELECT period::interval, as_of::timestamptz, clock, since::timestamptz
	FROM unnest(ARRAY['1 month', '7 days', '30 days', '1 year']) period,
	     unnest(ARRAY['2024-01-15', '2023-08-01', '2022-12-01', NULL]) as_of,
	     unnest(ARRAY['calendar', 'elapsed']) clock, unnest(ARRAY[NULL, '2023-03-05']) since;
CREATE FUNCTION ages(first int, last int, lowest int) RETURNS int4range[] IMMUTABLE
RETURN (SELECT array_agg(int4range(k, greatest(k, lowest), '[]') ORDER BY k) FROM generate_series(first, last) k);
SELECT count(*) > 2000 AS cells, count(DISTINCT x.o) AS ways, bool_and(a IS NOT DISTINCT FROM b) AS same
FROM (SELECT o, row(t.cohort, lower(t.bracket), t.customers, t.retained, t.retention_rate, t.lower, t.upper,
       t.complete)::text AS a
      FROM two, options o, cohort_brackets(s, ages(0, 20, 0), o.period, o.as_of, o.clock, o.since, 0.9) t) x
FULL JOIN (SELECT o, row(t.cohort, t.age, t.customers, t.retained, t.retention_rate, t.lower, t.upper,
       t.complete)::text AS b
      FROM two, options o, cohort_table(s, o.period, o.as_of, 'on', o.clock, 20, o.since, 0.9) t) y ON x.o = y.o
             AND a = b;
SELECT count(*) > 2000 AS cells, count(DISTINCT x.o) AS ways, bool_and(a IS NOT DISTINCT FROM b) AS same
FROM (SELECT o, row(t.cohort, lower(t.bracket), t.customers, t.retained, t.retention_rate, t.lower, t.upper,
       t.complete)::text AS a
      FROM two, options o, return_brackets(s, r, ages(0, 20, 0), o.period, o.as_of, o.clock, o.since) t) x
FULL JOIN (SELECT o, row(t.cohort, t.age, t.customers, t.retained, t.retention_rate, t.lower, t.upper,
       t.complete)::text AS b
      FROM two, options o, return_table(s, r, o.period, o.as_of, 'on', o.clock, 20, o.since) t) y ON x.o = y.o
             AND a = b;
SELECT count(*) > 2000 AS cells, count(DISTINCT x.o) AS ways, bool_and(a IS NOT DISTINCT FROM b) AS same
FROM (SELECT o, row(t.cohort, lower(t.bracket), t.customers, t.retained, t.retention_rate, t.lower, t.upper,
       t.complete)::text AS a
      FROM two, options o, return_brackets(s, r, ages(0, 9, 9), o.period, o.as_of, o.clock, o.since) t) x
FULL JOIN (SELECT o, row(t.cohort, t.age, t.customers, t.retained, t.retention_rate, t.lower, t.upper,
       t.complete)::text AS b
      FROM two, options o, return_table(s, r, o.period, o.as_of, 'on_or_after', o.clock, 9, o.since) t) y
ON x.o = y.o AND a = b;

--
-- Brackets against plain SQL, in no order and overlapping
--
CREATE TABLE ranges AS SELECT ARRAY['[4,7]','[0,0]','[1,3]','[2,12]','[1,3]','[40,60]']::int4range[] AS b;
WITH first AS (SELECT c, min(d) AS d, date_bin('7 days', min(d), '2001-01-01')::date AS cohort FROM facts GROUP BY c),
cell AS (
	SELECT cohort, n, count(*) FILTER (WHERE whole) AS customers, count(*) FILTER (WHERE whole AND back) AS retained,
	       bool_and(whole) AND cohort + 7 <= date '2023-12-20' AS complete, bool_or(begun) AS begun
	FROM (SELECT cohort, n, f.d + 7 * upper(x) <= date '2023-12-20' AS whole,
	       f.d + 7 * lower(x) < '2023-12-20' AS begun,
	             EXISTS (SELECT FROM facts e WHERE e.c = f.c AND e.d >= f.d + 7 * lower(x)
	                    AND e.d < f.d + 7 * upper(x)) AS back
	      FROM first f, ranges, unnest(b) WITH ORDINALITY u(x, n) WHERE f.d < '2023-12-20') k
	GROUP BY 1, 2)
SELECT count(*), bool_and((a.customers, a.retained, a.complete) = (b.customers, b.retained, b.complete)) AS same
FROM (SELECT t.*, row_number() OVER (PARTITION BY cohort ORDER BY n) AS k
      FROM ranges, (SELECT customer_activity(c, d) AS a FROM facts) v,
           cohort_brackets(a, b, '7 days', '2023-12-20') WITH ORDINALITY
           t(cohort, bracket, customers, retained, rate, lower, upper, complete, n)) a
FULL JOIN (SELECT *, row_number() OVER (PARTITION BY cohort ORDER BY n) AS k FROM cell WHERE begun) b USING (cohort,
       k);
-- months from the customer's own day, which their windows reach by the day of the month
WITH first AS (SELECT c, min(d) AS d FROM facts GROUP BY c)
SELECT count(*), bool_and((a.customers, a.retained) = (b.customers, b.retained)) AS same
FROM (SELECT bracket, sum(customers) AS customers, sum(retained) AS retained
      FROM (SELECT customer_activity(c, d) AS a FROM facts) v, cohort_brackets(a,
             ARRAY['[0,0]','[1,2]','[3,8]']::int4range[],
           '1 month', '2024-02-04') GROUP BY bracket) a
FULL JOIN (SELECT x AS bracket, count(*) AS customers, count(*) FILTER (WHERE EXISTS (
               SELECT FROM facts e WHERE e.c = f.c AND e.d >= f.d + lower(x) * interval '1 month'
               AND e.d < f.d + upper(x) * interval '1 month')) AS retained
           FROM first f, unnest(ARRAY['[0,0]','[1,2]','[3,8]']::int4range[]) x
           WHERE f.d + upper(x) * interval '1 month' <= '2024-02-04' GROUP BY 1) b USING (bracket);
-- by the calendar
WITH first AS (SELECT c, date_trunc('month', min(d)) AS cohort FROM facts GROUP BY c),
cell AS (
	SELECT cohort::date AS cohort, n, count(*) AS customers,
	       cohort + upper(x) * interval '1 month' <= '2024-01-15' AS complete,
	       count(*) FILTER (WHERE EXISTS (SELECT FROM facts e WHERE e.c = f.c
	               AND date_trunc('month', e.d) BETWEEN cohort + lower(x) * interval '1 month'
	               AND least(cohort + (upper(x) - 1) * interval '1 month', '2024-01-01'))) AS retained
	FROM first f, ranges, unnest(b) WITH ORDINALITY u(x, n)
	WHERE cohort + lower(x) * interval '1 month' < '2024-01-15' GROUP BY 1, 2, cohort, x)
SELECT count(*), bool_and((a.customers, a.retained, a.complete) = (b.customers, b.retained, b.complete)) AS same
FROM (SELECT t.*, row_number() OVER (PARTITION BY cohort ORDER BY n) AS k
      FROM ranges, (SELECT customer_activity(c, d) AS a FROM facts) v,
           cohort_brackets(a, b, '1 month', '2024-01-15', 'calendar') WITH ORDINALITY
           t(cohort, bracket, customers, retained, rate, lower, upper, complete, n)) a
FULL JOIN (SELECT *, row_number() OVER (PARTITION BY cohort ORDER BY n) AS k FROM cell) b USING (cohort, k);

--
-- recurring_table against plain SQL: pairs of months, and by EXISTS; and what lifecycle_table says of it
--
WITH month AS (SELECT DISTINCT c, date_trunc('month', d) AS m FROM facts WHERE d < '2024-02-01'),
pair AS (SELECT a.m::date AS period_start,
                (extract(year FROM age(b.m, a.m)) * 12 + extract(month FROM age(b.m, a.m)))::int AS age,
                       count(*) AS retained
         FROM month a JOIN month b ON a.c = b.c AND b.m >= a.m GROUP BY 1, 2)
SELECT count(*), bool_and(t.retained = p.retained AND t.customers = z.retained) AS same,
       bool_and((t.retention_rate IS NULL) <> t.complete
              AND t.complete = (t.period_start + (t.age + 1) * interval '1 month'
                <= '2024-01-20') AND near(t.retention_rate,
                       CASE WHEN complete THEN p.retained / z.retained::float8 END)) AS rates
FROM (SELECT t.* FROM (SELECT customer_activity(c, d) AS a FROM facts) v, recurring_table(a,
       as_of => '2024-01-20') t) t
FULL JOIN pair p USING (period_start, age) LEFT JOIN pair z ON z.period_start = t.period_start AND z.age = 0;
SELECT count(*) > 300 AS cells, bool_and(t.customers = x.customers AND t.retained = x.retained) AS same
FROM (SELECT customer_activity(c, d) AS a FROM facts WHERE c < 40) v, recurring_table(a, '10 days', '2024-01-15',
       20) t,
     LATERAL (SELECT count(*) AS customers, count(*) FILTER (WHERE EXISTS (
                  SELECT FROM facts e WHERE e.c = k.c AND e.d >= t.period_start + 10 * t.age
                  AND e.d < t.period_start + 10 * (t.age + 1))) AS retained
              FROM generate_series(1, 39) k(c)
              WHERE EXISTS (SELECT FROM facts e WHERE e.c = k.c AND e.d >= t.period_start
                     AND e.d < t.period_start + 10)) x;
SELECT count(*) > 50 AS periods, bool_and(l.active = t.customers AND l.active = t.retained) AS active,
       bool_and(l.retained = coalesce(b.retained, 0)) AS retained, bool_and(l.complete = t.complete) AS complete
FROM (SELECT customer_activity(c, d) AS a FROM facts WHERE c < 5) v,
     LATERAL lifecycle_table(a, '7 days', '2024-01-15') l
     FULL JOIN LATERAL (SELECT * FROM recurring_table(a, '7 days', '2024-01-15') WHERE age = 0) t USING (period_start)
     LEFT JOIN LATERAL recurring_table(a, '7 days', '2024-01-15') b ON b.period_start = l.period_start - 7
            AND b.age = 1;
-- a period with nobody has rows without a rate; horizon and since leave rows out and change none
SELECT t.* FROM (SELECT customer_activity(1, d) AS a FROM (VALUES (date '2024-01-05'), ('2024-03-05')) v(d)) v,
       recurring_table(a, as_of => '2024-03-10') t;
SELECT count(*) > 100 AS cells, bool_and(a IS NOT DISTINCT FROM b) AS same
FROM (SELECT customer_activity(c, d) AS v FROM facts) f,
     LATERAL recurring_table(v, '7 days', '2023-10-04', 5, '2023-02-02') a
     FULL JOIN LATERAL (SELECT * FROM recurring_table(v, '7 days', '2023-10-04') WHERE age <= 5
            AND period_start >= '2023-02-02') b
     ON a = b;
SELECT count(*) FROM (SELECT customer_activity(c, d) AS v FROM facts) f, recurring_table(v, as_of => '2022-12-31');

--
-- active_days_table against plain SQL: windows, and days counted back; what active_table says of it
--
CREATE TABLE lengths AS
	SELECT period::interval, n, as_of::date FROM unnest(ARRAY['1 day', '7 days', '1 month', '2 months']) period,
	       unnest(ARRAY[1, 7, 28]) n, unnest(ARRAY['2023-10-31', '2024-02-29', '2023-03-31', '2022-06-30',
	              '2025-01-01', NULL]) as_of;
SELECT count(*) = 3 * 4 * 6 AS ways, bool_and(same) AS same, bool_and(shares) AS shares
FROM (SELECT period, n, as_of, bool_and(t.customers = x.customers AND t.at_least = x.at_least) AS same,
             count(*) = n AND (sum(share) IS NULL OR near(sum(share), 1)) AND bool_and(near(share_at_least,
                CASE WHEN x.al > 0 THEN x.at_least / x.al::float8 END)) AS shares
      FROM lengths, LATERAL (
            SELECT k AS active, count(*) FILTER (WHERE days = k) AS customers,
                   count(*) FILTER (WHERE days >= k) AS at_least,
                   count(*) FILTER (WHERE days > 0) AS al
            FROM generate_series(1, n) k, (
                 SELECT c, count(*) AS days FROM (SELECT DISTINCT c, i FROM facts, generate_series(0, n - 1) i
                    WHERE d >= coalesce(as_of, '2024-02-05') - (i + 1) * period AND d < coalesce(as_of,
                           '2024-02-05') - i * period) w
                 GROUP BY c) y GROUP BY k
            UNION ALL SELECT k, 0, 0, 0 FROM generate_series(1, n) k WHERE NOT EXISTS (
                 SELECT FROM facts WHERE d >= coalesce(as_of, '2024-02-05') - n * period AND d < coalesce(as_of,
                        '2024-02-05'))) x,
           (SELECT customer_activity(c, d) AS a FROM facts) f,
           active_days_table(a, n, period, as_of) t
      WHERE x.active = t.active GROUP BY period, n, as_of) w;
SELECT max(d) AS last FROM facts;
SELECT count(*), bool_and(t.active = l.at_least) AS same
FROM (SELECT customer_activity(c, d) AS v FROM facts) f, active_table(v, '7 days', '2023-12-01') t,
     active_days_table(v, 7, as_of => t.day + 1) l WHERE l.active = 1;
SELECT bool_and(sum = active) AS customer_days
FROM (SELECT customer_activity(c, d) AS v FROM facts) f,
     LATERAL (SELECT sum(active * customers) FROM active_days_table(v, 1000, as_of => '2024-03-01')) s,
            active_days(v) active;

--
-- The customers behind each cell, in each mode, on each clock: as many as it counts, in ascending order
--
CREATE TABLE few AS SELECT customer_activity(c, d) FILTER (WHERE kind = 0) AS s,
	customer_activity(c, d) FILTER (WHERE kind > 0) AS r FROM facts WHERE c <= 60;
CREATE TABLE ways AS
	SELECT period::interval, as_of::timestamptz, mode, clock, horizon
	FROM unnest(ARRAY['1 month', '21 days', '1 year']) period, unnest(ARRAY['2024-01-15', '2023-08-01', NULL]) as_of,
	     unnest(ARRAY['on', 'on_or_after', 'every']) mode, unnest(ARRAY['calendar', 'elapsed']) clock,
	     unnest(ARRAY[NULL, 3, 0]) horizon;
SELECT count(*) > 2000 AS cells, count(DISTINCT w) AS ways,
       bool_and((t.customers, t.retained) = (x.customers, x.retained)) AS same, bool_and(ascending) AS ascending
FROM few, ways w, cohort_table(s, w.period, w.as_of, w.mode, w.clock, w.horizon) t,
     LATERAL (SELECT count(*) AS customers, count(*) FILTER (WHERE retained) AS retained,
                     coalesce(array_agg(customer) = array_agg(customer ORDER BY customer), true) AS ascending
              FROM cohort_customers(s, t.cohort, t.age, w.period, w.as_of, w.mode, w.clock, w.horizon)) x;
SELECT count(*) > 2000 AS cells, count(DISTINCT w) AS ways,
       bool_and((t.customers, t.retained) = (x.customers, x.retained)) AS same, bool_and(ascending) AS ascending
FROM few, ways w, return_table(s, r, w.period, w.as_of, w.mode, w.clock, w.horizon) t,
     LATERAL (SELECT count(*) AS customers, count(*) FILTER (WHERE retained) AS retained,
                     coalesce(array_agg(customer) = array_agg(customer ORDER BY customer), true) AS ascending
              FROM return_customers(s, r, t.cohort, t.age, w.period, w.as_of, w.mode, w.clock, w.horizon)) x;
-- who they are, by the calendar and by their own clock
SELECT age, count(*), bool_and(x.c IS NOT NULL AND t.customer IS NOT NULL AND t.first_at = x.first
                               AND t.last_at IS NOT DISTINCT FROM x.last AND t.retained = x.back) AS same
FROM two, generate_series(0, 9, 3) age, LATERAL return_customers(s, r, '2023-03-31', age, as_of => '2023-11-11') t
FULL JOIN LATERAL (
	SELECT f.c, f.first, f.last, EXISTS (SELECT FROM facts e WHERE e.c = f.c AND e.kind > 0 AND e.d >= f.first
	       AND date_trunc('month', e.d) = date '2023-03-01' + age * interval '1 month') AS back
	FROM (SELECT c, min(d) FILTER (WHERE kind = 0) AS first FROM facts GROUP BY c) m,
	     LATERAL (SELECT m.c, m.first, (SELECT max(d) FROM facts e WHERE e.c = m.c AND kind > 0
	            AND d >= m.first) AS last) f
	WHERE date_trunc('month', f.first) = '2023-03-01' AND age <= 8) x ON x.c = t.customer
WHERE t.customer IS NOT NULL OR x.c IS NOT NULL GROUP BY age ORDER BY age;
SELECT count(*), bool_and(x.c IS NOT NULL AND t.customer IS NOT NULL AND t.retained = x.back) AS same
FROM two, LATERAL cohort_customers(s, '2023-03-01', 4, '20 days', '2023-11-11', clock => 'elapsed',
       origin => '2023-03-01') t
FULL JOIN LATERAL (
	SELECT f.c, EXISTS (SELECT FROM facts e WHERE e.c = f.c AND e.kind = 0 AND e.d BETWEEN f.d + 80
	       AND f.d + 99) AS back
	FROM (SELECT c, min(d) AS d FROM facts WHERE kind = 0 GROUP BY c) f
	WHERE f.d BETWEEN '2023-03-01' AND '2023-03-20') x ON x.c = t.customer
WHERE t.customer IS NOT NULL OR x.c IS NOT NULL;
-- cells that there are not
SELECT (SELECT count(*) FROM cohort_customers(s, '2023-01-01', 100)) AS age,
       (SELECT count(*) FROM cohort_customers(s, '2023-01-01', 3, horizon => 2)) AS horizon,
       (SELECT count(*) FROM cohort_customers(s, '1999-01-01', 0)) AS before,
       (SELECT count(*) FROM cohort_customers(s, '2099-01-01', 0)) AS after,
       (SELECT count(*) FROM cohort_customers(s, '4714-11-24 BC', 2147483647)) AS dawn,
       (SELECT count(*) FROM cohort_customers(s, '5874897-12-31', 2147483647)) AS dusk,
       (SELECT count(*) > 0 FROM cohort_customers(s, '2023-01-01', 3)) AS there
FROM two;

--
-- NULL, one customer, infinitely far days
--
SELECT (SELECT count(*) FROM cohort_brackets(NULL, ages(0, 1, 0))) AS brackets,
       (SELECT count(*) FROM return_brackets(NULL, s, ages(0, 1, 0))) AS starts,
       (SELECT count(*) FROM recurring_table(NULL)) AS recurring, (SELECT count(*)
              FROM active_days_table(NULL)) AS days,
       (SELECT count(*) FROM cohort_customers(NULL, '2023-01-01', 0)) AS customers,
       (SELECT count(*) FROM return_customers(NULL, s, '2023-01-01', 0)) AS returned
FROM two;
SELECT (SELECT sum(customers) > 200 AND sum(retained) = 0 FROM return_brackets(s, NULL, ages(0, 0, 0))) AS brackets,
       (SELECT count(*) > 0 AND bool_and(NOT retained AND last_at IS NULL) FROM return_customers(s, NULL,
              '2023-03-01', 1)) AS customers
FROM two;
CREATE TABLE one AS SELECT customer_activity(1, date '2024-01-31') AS a;
SELECT t.* FROM one, cohort_brackets(a, ARRAY['[0,0]']::int4range[]) t;
SELECT t.* FROM one, recurring_table(a) t;
SELECT t.* FROM one, active_days_table(a, 1) t;
SELECT t.* FROM one, active_days_table(a, 2, '1 month', '2024-03-31') t;
SELECT t.* FROM one, active_days_table(a, 1, as_of => '2024-01-31') t;
SELECT t.* FROM one, cohort_customers(a, '2024-01-31', 0) t;
SELECT count(*) FROM one, cohort_customers(a, '2024-01-31', 0, as_of => '2024-01-31', clock => 'elapsed') t;
-- the last age there can be, and windows beyond the calendar
SELECT t.cohort, t.bracket, t.customers, t.retained, t.complete
FROM one, unnest(ARRAY['calendar', 'elapsed']) clock, unnest(ARRAY['1 day', '178956970 years',
       '2147483647 days']::interval[]) p,
     cohort_brackets(a, ARRAY['[0,2147483646]','[2147483646,2147483646]']::int4range[], p, clock => clock) t;
SELECT count(*), sum(customers) FROM one, active_days_table(a, 1000, '178956970 years') t;
SELECT count(*), sum(customers) FROM one, active_days_table(a, 1000, '2147483647 days') t;
SELECT t.active, t.customers
FROM (SELECT customer_activity(1, d) AS a FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d)) v,
     active_days_table(a, 3, '3000000 years') t;
SELECT count(*), sum(retained) AS retained
FROM (SELECT customer_activity(1, d) AS a FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d)) v,
     recurring_table(a, '1000000 years', since => '2000-01-01') t;
-- a bracket holds 1,000 ranges
SELECT count(*) FROM one, cohort_brackets(a, ages(0, 999, 0)) t;

--
-- Small and large values, just built, stored, or merged from parts
--
CREATE TABLE crowd AS SELECT hashint8(i % 50000) % 60000 AS c, date '2024-01-01' + dice(i, 5, 90) AS d, i % 2 AS kind
	FROM generate_series(1, 120000) i;
CREATE TABLE kept AS SELECT customer_activity(c, d) FILTER (WHERE kind = 0) AS s,
	customer_activity(c, d) FILTER (WHERE kind = 1) AS r FROM crowd;
CREATE FUNCTION digest(s customer_activity, r customer_activity) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN concat_ws(' ',
	(SELECT md5(string_agg(t::text, ',')) FROM cohort_brackets(s, ages(0, 40, 9), as_of => '2024-04-15') t),
	(SELECT md5(string_agg(t::text, ',')) FROM return_brackets(s, r, ages(0, 40, 9), as_of => '2024-04-15') t),
	(SELECT md5(string_agg(t::text, ',')) FROM recurring_table(s, '7 days', as_of => '2024-04-15') t),
	(SELECT md5(string_agg(t::text, ',')) FROM active_days_table(s, as_of => '2024-04-15') t),
	(SELECT md5(string_agg(t::text, ',')) FROM cohort_customers(s, '2024-01-15', 2, '7 days',
	       as_of => '2024-04-15') t),
	(SELECT md5(string_agg(t::text, ',')) FROM return_customers(s, r, '2024-01-15', 2, '7 days',
	       as_of => '2024-04-15') t));
SELECT count(DISTINCT d) AS results, count(*) AS ways FROM (
	SELECT digest(s, r) FROM kept UNION ALL
	SELECT digest(customer_activity(c, d) FILTER (WHERE kind = 0), customer_activity(c, d) FILTER (WHERE kind = 1))
	FROM crowd UNION ALL
	SELECT digest((SELECT s FROM kept), customer_activity(c, d)) FROM crowd WHERE kind = 1 UNION ALL
	SELECT digest(customer_activity(c, d), (SELECT r FROM kept)) FROM crowd WHERE kind = 0 UNION ALL
	SELECT digest(rollup(s), rollup(r))
	FROM (SELECT customer_activity(c, d) FILTER (WHERE kind = 0) AS s, customer_activity(c,
	       d) FILTER (WHERE kind = 1) AS r
	      FROM crowd GROUP BY d) x) x(d);
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT (SELECT digest(customer_activity(c, d), (SELECT r FROM kept)) FROM crowd WHERE kind = 0) =
       (SELECT digest(s, r) FROM kept) AS same;
SELECT plan_has('SELECT digest(customer_activity(c, d), NULL) FROM crowd WHERE kind = 0',
       'Partial Aggregate') AS parallel;
-- purchases are cast
SELECT count(*) FROM (SELECT customer_purchases(c, d, 1) AS p FROM facts) v, recurring_table(p,
       as_of => '2024-01-20') t;

--
-- Errors
--
SELECT q, outcome('SELECT count(*) FROM two, ' || q) FROM unnest(ARRAY[
	'cohort_brackets(s, NULL)', 'cohort_brackets(NULL, NULL)', 'cohort_brackets(s, ''{}'')',
	'cohort_brackets(s, ARRAY[NULL]::int4range[])', 'cohort_brackets(s, ''{empty}'')',
	'cohort_brackets(s, ARRAY[int4range(NULL, 3)])', 'cohort_brackets(s, ARRAY[int4range(3, NULL)])',
	'cohort_brackets(s, ARRAY[int4range(-1, 3)])', 'cohort_brackets(s, ages(0, 1000, 0))',
	'cohort_brackets(s, ARRAY[ages(0, 1, 0), ages(0, 1, 0)])',
	'cohort_brackets(s, ages(0, 1, 0), NULL)', 'cohort_brackets(s, ages(0, 1, 0), ''1 hour'')',
	'cohort_brackets(s, ages(0, 1, 0), as_of => ''infinity'')', 'cohort_brackets(s, ages(0, 1, 0), clock => ''sun'')',
	'cohort_brackets(s, ages(0, 1, 0), clock => NULL)', 'cohort_brackets(s, ages(0, 1, 0), since => ''-infinity'')',
	'cohort_brackets(s, ages(0, 1, 0), confidence => 1)', 'cohort_brackets(s, ages(0, 1, 0), origin => NULL)',
	'return_brackets(s, r, NULL)', 'return_brackets(s, r, ''{"(,)"}'')',
	       'return_brackets(s, r, ages(0, 1, 0), ''0 days'')',
	'recurring_table(s, NULL)', 'recurring_table(s, ''1 month 1 day'')', 'recurring_table(s, as_of => ''infinity'')',
	'recurring_table(s, horizon => -1)', 'recurring_table(s, since => ''infinity'')',
	'recurring_table(s, confidence => NULL)', 'recurring_table(s, origin => ''infinity'')',
	'recurring_table(s, ''1 day'', ''200000-01-01'')', 'recurring_table(s, ''1 day'', ''2300-01-01'')',
	'active_days_table(s, NULL)', 'active_days_table(s, 0)', 'active_days_table(s, 1001)',
	       'active_days_table(NULL, 0)',
	'active_days_table(s, 7, NULL)', 'active_days_table(s, 7, ''1 hour'')',
	       'active_days_table(s, 7, as_of => ''infinity'')',
	'cohort_customers(s, NULL, 1)', 'cohort_customers(s, ''infinity'', 1)',
	       'cohort_customers(s, ''2023-01-01'', NULL)',
	'cohort_customers(s, ''2023-01-01'', -1)', 'cohort_customers(s, ''2023-01-01'', 1, ''1 hour'')',
	'cohort_customers(s, ''2023-01-01'', 1, mode => ''off'')',
	       'cohort_customers(s, ''2023-01-01'', 1, clock => NULL)',
	'cohort_customers(s, ''2023-01-01'', 1, horizon => -1)',
	       'cohort_customers(s, ''2023-01-01'', 1, as_of => ''-infinity'')',
	'cohort_customers(s, ''2023-01-01'', 1, origin => NULL)', 'cohort_customers(NULL, ''2023-01-01'', -1)',
	'return_customers(s, r, NULL, 1)', 'return_customers(s, NULL, ''2023-01-01'', -1)']) q;
DROP SCHEMA shapes_test CASCADE;
