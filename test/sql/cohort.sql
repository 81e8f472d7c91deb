--
-- cohort: cohort tables, retention curves and rates read from an activity
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA cohort_test;
SELECT set_config('search_path', 'cohort_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Worked example: four customers, two time zones
--
CREATE TABLE example (customer text, at timestamptz);
INSERT INTO example VALUES
	('a', '2024-01-05 12:00Z'), ('a', '2024-02-03 12:00Z'), ('a', '2024-03-03 12:00Z'),
	('b', '2024-01-31 23:30Z'), ('b', '2024-03-01 00:00Z'),
	('c', '2024-02-10 12:00Z'), ('c', '2024-02-11 12:00Z'), ('c', '2024-04-02 12:00Z'),
	('d', '2024-03-31 23:30Z');
CREATE FUNCTION modes(a customer_activity)
RETURNS TABLE (cohort date, age int, period_start date, customers bigint, "on" bigint, on_or_after bigint,
               "every" bigint, complete boolean, rate text)
BEGIN ATOMIC
	SELECT o.cohort, o.age, o.period_start, o.customers, o.retained, oa.retained, e.retained, o.complete,
	       round(o.retention_rate::numeric, 4)::text
	FROM cohort_table(a, as_of => '2024-04-15') o
	FULL JOIN cohort_table(a, as_of => '2024-04-15', mode => 'on_or_after') oa
	    USING (cohort, age, period_start, customers)
	FULL JOIN cohort_table(a, as_of => '2024-04-15', mode => 'every') e USING (cohort, age, period_start, customers)
	ORDER BY 1, 2;
END;
SELECT m.* FROM (SELECT customer_activity(customer, at) AS a FROM example) x, modes(a) m;
SELECT m.*
FROM (SELECT customer_activity(customer, at AT TIME ZONE 'UTC') AS a FROM example) x, modes(a) m
EXCEPT SELECT m.* FROM (SELECT customer_activity(customer, at::date) AS a FROM example) x, modes(a) m;
SET timezone = 'Europe/Berlin';
SELECT m.* FROM (SELECT customer_activity(customer, at) AS a FROM example) x, modes(a) m;
SET timezone = 'UTC';
SELECT m.* FROM (SELECT customer_activity(customer, at AT TIME ZONE 'Europe/Berlin') AS a FROM example) x, modes(a) m;

CREATE TABLE four AS SELECT customer_activity(customer, at) AS a FROM example;
-- every column
SELECT cohort, age, period_start, customers, retained, round(retention_rate::numeric, 3) AS rate,
       round(lower::numeric, 3) AS lower, round(upper::numeric, 3) AS upper, complete
FROM four, cohort_table(a, as_of => '2024-04-15');
-- rows come ordered
SELECT array_agg(n ORDER BY cohort, age) = array_agg(n ORDER BY n) AS ordered
FROM four,
     cohort_table(a, '7 days') WITH
         ORDINALITY x(cohort, age, period_start, customers, retained, retention_rate, lower, upper, complete, n);
-- a cell of on_or_after is complete when the horizon is over
SELECT cohort, age, retained, retention_rate, complete
FROM four, cohort_table(a, as_of => '2024-04-15', mode => 'on_or_after', horizon => 1);
SELECT cohort, age, retained, retention_rate, complete
FROM four, cohort_table(a, as_of => '2024-04-15', mode => 'on_or_after', horizon => 2);
SELECT cohort, age, retained, complete FROM four, cohort_table(a, as_of => '2024-04-15', horizon => 0);
-- pooled
SELECT age, customers, retained, round(retention_rate::numeric, 3) AS rate, round(lower::numeric, 3) AS lower,
       round(upper::numeric, 3) AS upper
FROM four, retention_curve(a, as_of => '2024-04-15');
SELECT age, customers, retained
FROM four, retention_curve(a, as_of => '2024-04-15', mode => 'on_or_after', horizon => 1);
-- as_of: on the bound of a month, a day before, far behind, in front of all
SELECT as_of, count(*) AS cells, count(*) FILTER (WHERE complete) AS complete, sum(retained) AS retained,
       max(period_start) AS latest
FROM four,
     unnest(ARRAY['2024-03-31', '2024-04-01', '2024-04-02', '2024-05-01', '2024-07-01', '2024-01-02', '2024-01-01',
                  '1999-01-01']::date[]) as_of
	LEFT JOIN LATERAL cohort_table(a, as_of => as_of) ON true GROUP BY as_of ORDER BY as_of;
-- by default the day after the last one; all that is in a begun month counts, wherever as_of lies in it
SELECT count(*) FILTER (WHERE x IS DISTINCT FROM y) AS differ
FROM four, cohort_table(a) x FULL JOIN cohort_table((SELECT a FROM four), as_of => '2024-04-03') y USING (cohort, age);
SELECT cohort, age, retained FROM four, cohort_table(a, as_of => '2024-03-02') WHERE age > 0;
-- since: a filter of rows, not of customers
SELECT cohort, age, customers, retained FROM four, cohort_table(a, as_of => '2024-04-15', since => '2024-01-02');
SELECT age, customers, retained FROM four, retention_curve(a, as_of => '2024-04-15', since => '2024-02-01');
SELECT count(*) AS none FROM four, cohort_table(a, since => '2024-05-01');
-- the arguments by position
SELECT count(*) FILTER (WHERE x IS DISTINCT FROM y) AS differ, count(*) AS cells
FROM four, cohort_table(a, '7 days', '2024-04-20', 'every', 'calendar', 3, '2024-02-01', 0.9, '2000-12-31') x
	FULL JOIN cohort_table((SELECT a FROM four), origin => '2000-12-31', confidence => 0.9, since => '2024-02-01',
	                       horizon => 3, clock => 'calendar', mode => 'every', as_of => '2024-04-20',
	                       period => '7 days') y USING (cohort, age);
SELECT count(*) FILTER (WHERE x IS DISTINCT FROM y) AS differ, count(*) AS ages
FROM four, retention_curve(a, '7 days', '2024-04-20', 'every', 'calendar', 3, '2024-02-01', 0.9, '2000-12-31') x
	FULL JOIN retention_curve((SELECT a FROM four), origin => '2000-12-31', confidence => 0.9, since => '2024-02-01',
	                          horizon => 3, clock => 'calendar', mode => 'every', as_of => '2024-04-20',
	                          period => '7 days') y USING (age);

--
-- Kusto's example: users by day
--
CREATE TABLE kusto AS
	SELECT customer_activity(c, d) AS a FROM (VALUES
		(date '2019-11-01', ARRAY[0, 2, 3, 4]), ('2019-11-02', ARRAY[0, 1, 3, 4, 5]), ('2019-11-03', ARRAY[0, 2, 4, 5]),
		('2019-11-04', ARRAY[0, 1, 2, 3]), ('2019-11-05', ARRAY[0, 1, 2, 3, 4])) v(d, users), unnest(users) c;
SELECT cohort, age, period_start, customers, retained, retention_rate, complete FROM kusto, cohort_table(a, '1 day');
SELECT age, customers, retained, round(retention_rate::numeric, 4) AS rate FROM kusto, retention_curve(a, '1 day');
-- with a clock of one's own, days are the same
SELECT count(*) AS differ
FROM kusto, cohort_table(a, '1 day') x
FULL JOIN cohort_table((SELECT a FROM kusto), '1 day', clock => 'elapsed') y USING (cohort, age)
WHERE x IS DISTINCT FROM y;

--
-- The clock of each customer: windows behind the first day, the multiple added once
--
CREATE TABLE elapsed AS
	SELECT customer_activity(c, d) AS a FROM (VALUES
		(1, date '2024-01-31'), (1, '2024-02-28'), (1, '2024-03-30'),
		(2, '2024-01-31'), (2, '2024-02-29'), (2, '2024-03-31'),
		(3, '2024-01-01'), (3, '2024-01-31'), (3, '2024-02-29'), (3, '2024-04-30'),
		(4, '2024-02-29'), (4, '2024-03-28'), (4, '2024-03-29')) v(c, d);
-- 1: windows from 01-31, 02-29, 03-31: active in 0, 1.  2: in 0, 1, 2.  3: from 01-01, 02-01, ...: in 0, 1,
-- 3.  4: from 02-29, 03-29: in 0, 1.
SELECT cohort, age, period_start, customers, retained, round(retention_rate::numeric, 3) AS rate, complete
FROM elapsed, cohort_table(a, clock => 'elapsed', as_of => '2024-05-01');
SELECT cohort, age, customers, retained, round(retention_rate::numeric, 3) AS rate, complete
FROM elapsed, cohort_table(a, clock => 'elapsed', mode => 'every', as_of => '2024-05-01');
SELECT cohort, age, customers, retained, round(retention_rate::numeric, 3) AS rate, complete
FROM elapsed, cohort_table(a, clock => 'elapsed', mode => 'on_or_after', horizon => 2, as_of => '2024-05-01');
-- without a horizon those count whose window is over; the cell can still rise
SELECT cohort, age, customers, retained, round(retention_rate::numeric, 3) AS rate, complete
FROM elapsed, cohort_table(a, clock => 'elapsed', mode => 'on_or_after', as_of => '2024-05-01');
SELECT count(*) AS none
FROM elapsed, retention_curve(a, clock => 'elapsed', mode => 'on_or_after', as_of => '2024-05-01');
-- the day before a window is over, and the day on which it is; days from as_of on do not count
SELECT as_of, cohort, age, customers, retained, complete
FROM elapsed, unnest(ARRAY['2024-02-28', '2024-02-29', '2024-03-01']::date[]) as_of,
     cohort_table(a, clock => 'elapsed', as_of => as_of);
-- a year behind a leap day
SELECT age, customers, retained
FROM (SELECT customer_activity(1, d) AS a
      FROM (VALUES (date '2024-02-29'), ('2025-02-27'), ('2026-02-27'), ('2026-02-28'), ('2028-02-28'),
                   ('2028-02-29')) v(d)) x,
     cohort_table(a, '1 year', clock => 'elapsed', as_of => '2029-03-01');

--
-- Random data against plain SQL, for all options at once
--
-- two sets of customers: three years for months, ten weeks for weeks and days
CREATE TABLE event AS
	SELECT DISTINCT 'years' AS source, c, d FROM (
		SELECT i, dice(i, 1, 130) AS c FROM generate_series(1, 1500) i) x,
		LATERAL (SELECT date '2022-11-28' + dice(c, 2, 800)
		                    + CASE WHEN i % 3 = 0 THEN 0 ELSE dice(i, 3, 1 + dice(c, 4, 500)) END AS d) y;
-- ends of months, leap days
INSERT INTO event
	SELECT 'years', 200 + k, d
	FROM generate_series(0, 9) k,
	     unnest(ARRAY['2023-01-31', '2023-02-28', '2023-03-31', '2024-01-30', '2024-01-31', '2024-02-28', '2024-02-29',
	                  '2024-03-01', '2024-03-30', '2024-12-31']::date[]) d
	WHERE d >= date '2023-01-31' + 40 * k AND dice(k * 1000 + (d - date '2023-01-01'), 5, 3) > 0;
INSERT INTO event
	SELECT DISTINCT 'weeks', dice(i, 6, 90),
	       date '2024-02-05' + dice(dice(i, 6, 90), 7, 40) + dice(i, 8, 1 + dice(dice(i, 6, 90), 9, 35))
	FROM generate_series(1, 700) i;
CREATE TABLE value AS SELECT source, customer_activity(c, d) AS a FROM event GROUP BY source;

CREATE TABLE periods (p int, source text, period interval, origin date);
INSERT INTO periods VALUES
	(1, 'years', '1 month', '2001-01-01'), (2, 'years', '3 months', '2001-01-01'), (3, 'years', '1 year', '2001-01-01'),
	(4, 'years', '2 months', '2001-02-01'), (5, 'years', '5 months', '2041-11-01'),
	(6, 'years', '45 days', '2001-01-01'),
	(7, 'weeks', '7 days', '2001-01-01'), (8, 'weeks', '7 days', '2000-12-31'), (9, 'weeks', '1 day', '2001-01-01'),
	(10, 'weeks', '1 month', '2001-01-01'),
	(11, 'weeks', '10 days', '2024-03-05');
-- the default, in the middle of a period, on a bound, early, far behind
CREATE TABLE reference (source text, as_of date);
INSERT INTO reference SELECT source, max(d) + 1 FROM event GROUP BY source;
INSERT INTO reference VALUES
	('years', '2024-03-15'), ('years', '2024-07-01'), ('years', '2023-02-10'), ('years', '2026-06-30'),
	('weeks', '2024-03-14'), ('weeks', '2024-03-18'), ('weeks', '2024-02-08'), ('weeks', '2024-05-07');
-- everything is NULL, the default
CREATE TABLE cut (source text, since date);
INSERT INTO cut VALUES ('years', '-infinity'), ('years', '2023-06-15'), ('weeks', '-infinity'), ('weeks', '2024-02-26');
CREATE TABLE horizons (horizon int);
INSERT INTO horizons VALUES (2147483647), (0), (1), (4);

-- the bins, by the server's own arithmetic, and the days in them
CREATE TABLE bin AS
	SELECT p, b, first, next
	FROM periods JOIN (SELECT source, min(d) AS early FROM event GROUP BY source) e USING (source)
	JOIN (SELECT source, max(as_of) AS late FROM reference GROUP BY source) r USING (source),
		generate_series(-500, 9500) b,
		LATERAL (SELECT (origin + b * period)::date AS first, (origin + (b + 1) * period)::date AS next) x
	WHERE next > early AND first < late;
CREATE TABLE placed AS
	SELECT p, period, c, d, b, first
	FROM event JOIN periods USING (source) JOIN bin USING (p) WHERE d >= first AND d < next;
SELECT count(*) = (SELECT count(*) FROM event JOIN periods USING (source)) AS each_day_in_one_bin FROM placed;

-- for each customer the first bin, and the ages at which it was active
CREATE TABLE customer (p int, as_of date, clock text, c bigint, cohort int, first_day date, ages int[]);
INSERT INTO customer
	SELECT p, as_of, 'calendar', c, min(b), NULL, array_agg(DISTINCT b - b0)
	FROM (SELECT p, c, as_of, b, min(b) OVER (PARTITION BY p, c, as_of) AS b0
		  FROM placed JOIN periods USING (p) JOIN reference USING (source) WHERE first < as_of) x GROUP BY p, as_of, c;
INSERT INTO customer
	SELECT p, as_of, 'elapsed', c, min(b), first_day, array_agg(DISTINCT k)
	FROM (SELECT p, placed.period, c, d, b, as_of, min(d) OVER (PARTITION BY p, c, as_of) AS first_day
		  FROM placed JOIN periods USING (p) JOIN reference USING (source) WHERE d < as_of) x,
		 LATERAL (SELECT k
		          FROM generate_series(0, d - first_day) k
		          WHERE d >= (first_day + k * period)::date AND d < (first_day + (k + 1) * period)::date) y
	GROUP BY p, as_of, c, first_day;
-- for each customer and age that has begun: was it active then, when next, at each age so far, and since when
-- is it over
CREATE TABLE stay AS
	SELECT p, as_of, clock, period, cohort, first_day, age, age = ANY (ages) AS "on",
	       (SELECT min(k) FROM unnest(ages) k WHERE k >= age) AS next_age,
		   (SELECT count(*) FROM unnest(ages) k WHERE k <= age) = age + 1 AS "every",
		   (first_day + (age + 1) * period)::date AS over
	FROM customer JOIN periods USING (p), LATERAL (
		SELECT b - cohort AS age
		FROM bin WHERE clock = 'calendar' AND bin.p = customer.p AND b >= cohort AND first < as_of
		UNION ALL SELECT age FROM generate_series(0, as_of - first_day) age
		WHERE clock = 'elapsed' AND (first_day + age * period)::date < as_of) a;
-- each cell: how many customers, how many of them stayed in each mode
CREATE TABLE cell AS
	SELECT p, as_of, clock, horizon, cohort, age, count(*) AS begun,
		   count(*) FILTER (WHERE clock = 'calendar' OR over <= as_of) AS customers,
		   count(*) FILTER (WHERE (clock = 'calendar' OR over <= as_of) AND "on") AS stayed_on,
		   count(*) FILTER (WHERE (clock = 'calendar' OR over <= as_of) AND "every") AS stayed_every,
		   count(*) FILTER (WHERE clock = 'calendar' OR over_all <= as_of) AS customers_after,
		   count(*) FILTER (WHERE (clock = 'calendar' OR over_all <= as_of) AND next_age <= horizon) AS stayed_after
	FROM stay, horizons,
	     LATERAL (SELECT CASE WHEN horizon > 4 THEN over ELSE (first_day + (horizon + 1) * period)::date END AS
	                         over_all) o
	WHERE age <= horizon GROUP BY p, as_of, clock, horizon, cohort, age;
ANALYZE bin, cell;
CREATE TABLE truth AS
	SELECT cell.p, as_of, mode, clock, horizon, f.first AS cohort, age, g.first AS period_start, n AS customers,
	       stayed AS retained,
		   CASE WHEN mode = 'on_or_after' AND horizon > 4 THEN false
		   WHEN clock = 'elapsed' THEN n = size AND f.next <= as_of
		   WHEN mode = 'on_or_after' THEN h.next <= as_of AND h.next IS NOT NULL
		   ELSE g.next <= as_of END AS complete
	FROM (SELECT *, max(begun) OVER (PARTITION BY p, as_of, clock, horizon, cohort) AS size FROM cell) cell
		JOIN bin f ON f.p = cell.p AND f.b = cell.cohort JOIN bin g ON g.p = cell.p AND g.b = cell.cohort + age
		LEFT JOIN bin h ON h.p = cell.p AND h.b = cell.cohort + least(horizon, 5),
		LATERAL (VALUES ('on', customers, stayed_on), ('every', customers, stayed_every),
		                ('on_or_after', customers_after, stayed_after)) m(mode, n, stayed);
ANALYZE truth;

CREATE TABLE tried AS
	SELECT p, r.as_of, mode, clock, horizon, since, t.*
	FROM periods JOIN value USING (source) JOIN reference r USING (source) JOIN cut USING (source), horizons,
		unnest(ARRAY['on', 'on_or_after', 'every']) mode, unnest(ARRAY['calendar', 'elapsed']) clock,
		cohort_table(a, period, CASE WHEN r.as_of <> upper(activity_span(a)) THEN r.as_of END, mode, clock,
		             CASE WHEN horizon <= 4 THEN horizon END, nullif(since, '-infinity'), 0.9, origin) t;
SELECT clock, mode, count(*) > 2000 AS cells, count(*) FILTER (WHERE found IS NULL) AS missing,
       count(*) FILTER (WHERE expected IS NULL) AS superfluous,
	   count(*) FILTER (WHERE t.customers <> e.customers) AS customers,
	   count(*) FILTER (WHERE t.retained <> e.retained) AS retained,
	   count(*) FILTER (WHERE t.period_start <> e.period_start) AS period_start,
	   count(*) FILTER (WHERE t.complete <> e.complete) AS complete
FROM (SELECT true AS found, * FROM tried) t
FULL JOIN (SELECT true AS expected, truth.*, since
           FROM truth JOIN periods USING (p) JOIN cut USING (source) WHERE cohort >= since) e
	USING (p, as_of, mode, clock, horizon, since, cohort, age)
GROUP BY clock, mode ORDER BY clock, mode;
-- there was something to find
SELECT count(DISTINCT (p, as_of, mode, clock, horizon, since)) AS tables,
       count(*) FILTER (WHERE complete) > 1000 AS complete,
       count(*) FILTER (WHERE NOT complete AND retained > 0) > 1000 AS incomplete,
	   count(*) FILTER (WHERE retained = 0) > 1000 AS empty,
	   count(*) FILTER (WHERE retained BETWEEN 1 AND customers - 1) > 1000 AS partly
FROM tried;
-- rates and intervals: where the cell is complete, with an elapsed clock where somebody counts
SELECT count(*) FILTER (WHERE (retention_rate IS NOT NULL)
                                  <> CASE clock WHEN 'calendar' THEN complete ELSE customers > 0 END) AS wrongly_null,
	   count(*) FILTER (WHERE retention_rate <> retained / nullif(customers, 0)::float8) AS rates,
	   count(*) FILTER (WHERE (lower IS NULL) <> (retention_rate IS NULL)
	                      OR (upper IS NULL) <> (retention_rate IS NULL)) AS nulls,
	   count(*) FILTER (WHERE NOT (0 <= lower AND lower <= retention_rate AND retention_rate <= upper AND upper <= 1
	                               AND lower < upper)) AS outside
FROM tried;
-- Wilson's interval: the shares p from which the rate is just so many standard errors away
SELECT count(*) > 1000 AS rows,
       count(*) FILTER (WHERE NOT near(retention_rate - lower,
                                       1.64485362695147271 * sqrt(lower * (1 - lower) / customers))) AS lower,
	   count(*) FILTER (WHERE NOT near(upper - retention_rate,
	                                   1.64485362695147271 * sqrt(upper * (1 - upper) / customers))) AS upper
FROM tried WHERE lower IS NOT NULL;

-- the curve pools the complete cells
CREATE TABLE curve AS
	SELECT p, r.as_of, mode, clock, horizon, since, t.*
	FROM periods JOIN value USING (source) JOIN reference r USING (source) JOIN cut USING (source), horizons,
		unnest(ARRAY['on', 'on_or_after', 'every']) mode, unnest(ARRAY['calendar', 'elapsed']) clock,
		retention_curve(a, period, CASE WHEN r.as_of <> upper(activity_span(a)) THEN r.as_of END, mode, clock,
		                CASE WHEN horizon <= 4 THEN horizon END, nullif(since, '-infinity'), 0.9, origin) t;
SELECT clock, count(*) > 1000 AS ages, count(*) FILTER (WHERE found IS NULL) AS missing,
       count(*) FILTER (WHERE expected IS NULL) AS superfluous,
	   count(*) FILTER (WHERE t.customers <> e.customers) AS customers,
	   count(*) FILTER (WHERE t.retained <> e.retained) AS retained,
	   count(*) FILTER (WHERE NOT near(t.retention_rate, t.retained / t.customers::float8)) AS rate
FROM (SELECT true AS found, * FROM curve) t FULL JOIN (
	SELECT true AS expected, p, as_of, mode, clock, horizon, since, age, sum(customers) AS customers,
	       sum(retained) AS retained
	FROM truth JOIN periods USING (p) JOIN cut USING (source)
	WHERE complete AND cohort >= since
	GROUP BY p, as_of, mode, clock, horizon, since, age) e USING (p, as_of, mode, clock, horizon, since, age)
GROUP BY clock ORDER BY clock;
SELECT count(*) FILTER (WHERE NOT near(t.lower, w.lower) OR NOT near(t.upper, w.upper)) AS intervals
FROM curve t LEFT JOIN LATERAL wilson_interval(retained, customers, 0.9) w ON true;
SELECT count(*) AS unordered
FROM value,
     LATERAL (SELECT age, n
              FROM retention_curve(a, '7 days') WITH
                       ORDINALITY x(age, customers, retained, retention_rate, lower, upper, n)) t
WHERE n <> age + 1;

--
-- Identities
--
SELECT count(*) FILTER (WHERE age = 0 AND retained <> customers) AS age_0,
       count(*) FILTER (WHERE retained NOT BETWEEN 0 AND customers) AS outside,
	   count(*) FILTER (WHERE age < 0 OR age > horizon) AS ages FROM tried;
SELECT count(*) FILTER (WHERE e.retained > o.retained) AS every_exceeds,
       count(*) FILTER (WHERE o.retained > a.retained) AS on_exceeds, count(*) > 1000 AS cells
FROM tried o JOIN tried e USING (p, as_of, clock, horizon, since, cohort, age)
JOIN tried a USING (p, as_of, clock, horizon, since, cohort, age)
WHERE clock = 'calendar' AND (o.mode, e.mode, a.mode) = ('on', 'every', 'on_or_after');
-- on_or_after falls with age, as does every
SELECT count(*) AS rising
FROM (SELECT retained, lag(retained) OVER (PARTITION BY p, as_of, mode, horizon, cohort ORDER BY age) AS previous
	FROM tried WHERE clock = 'calendar' AND mode <> 'on' AND since = '-infinity') x WHERE retained > previous;
-- everybody is in one cohort; each active customer of a bin is in one cell
SELECT bool_and(customers(a)
                    = (SELECT sum(customers) FROM cohort_table(a, period, origin => origin) WHERE age = 0)) AS cohorts,
	   bool_and((SELECT array_agg(n ORDER BY s) = (SELECT array_agg(active ORDER BY period_start)
	                                               FROM lifecycle_table(a, period, origin => origin) WHERE active > 0)
				 FROM (SELECT period_start AS s, sum(retained)::bigint AS n
				       FROM cohort_table(a, period, origin => origin) GROUP BY 1 HAVING sum(retained) > 0) y)) AS cells
FROM periods JOIN value USING (source);
-- a rollup of disjoint customers adds the cells up, if as_of is the same
SELECT count(*) > 100 AS cells,
       count(*) FILTER (WHERE (x.customers, x.retained) IS DISTINCT FROM (w.customers, w.retained)) AS differ
FROM (SELECT cohort, age, sum(customers) AS customers, sum(retained) AS retained
	  FROM (SELECT customer_activity(c, d) AS a FROM event WHERE source = 'years' GROUP BY c % 3) s,
	       cohort_table(a, as_of => '2024-06-10')
	  GROUP BY cohort, age) x
	FULL JOIN (SELECT t.* FROM value, cohort_table(a, as_of => '2024-06-10') t WHERE source = 'years') w
	    USING (cohort, age);

--
-- The trap of the default as_of under GROUP BY
--
CREATE TABLE shop (segment text, c int, d date);
INSERT INTO shop VALUES
	('old', 1, '2024-01-10'), ('old', 2, '2024-01-20'), ('old', 1, '2024-02-15'), ('new', 3, '2024-01-11'),
	('new', 4, '2024-02-01'), ('new', 3, '2024-04-20');
-- each group ends with its own last day: the silence of the first is not seen
SELECT segment, cohort, age, customers, retained, complete
FROM (SELECT segment, customer_activity(c, d) AS a FROM shop GROUP BY segment) s, cohort_table(a)
ORDER BY segment DESC, cohort, age;
SELECT segment, cohort, age, customers, retained, complete
FROM (SELECT segment, customer_activity(c, d) AS a FROM shop GROUP BY segment) s, cohort_table(a, as_of => '2024-05-01')
ORDER BY segment DESC, cohort, age;
SELECT count(*) AS differ
FROM (SELECT cohort, age, sum(customers) AS customers, sum(retained) AS retained
      FROM (SELECT segment, customer_activity(c, d) AS a FROM shop GROUP BY segment) s,
           cohort_table(a, as_of => '2024-05-01')
      GROUP BY cohort, age) x
	FULL JOIN (SELECT t.*
	           FROM (SELECT customer_activity(c, d) AS a FROM shop) s, cohort_table(a, as_of => '2024-05-01') t) w
	    USING (cohort, age)
WHERE (x.customers, x.retained) IS DISTINCT FROM (w.customers, w.retained);
SELECT segment, count(*) AS cells
FROM (SELECT segment, customer_activity(c, d) AS a FROM shop GROUP BY ROLLUP (segment)) s,
     cohort_table(a, as_of => '2024-05-01')
GROUP BY segment ORDER BY segment;
SELECT count(*) AS cells
FROM (SELECT customer_activity(c, d) FILTER (WHERE segment = 'old') AS a FROM shop) s,
     cohort_table(a, as_of => '2024-05-01');

--
-- Ways of calling
--
SELECT cohort_table(a, as_of => '2024-02-01') FROM four;
SELECT (cohort_table(a)).age FROM four LIMIT 2;
SELECT count(*) FROM cohort_table((SELECT customer_activity(customer, at) FROM example));
SELECT count(*) AS of_null FROM cohort_table(NULL);
SELECT count(*) AS of_null FROM retention_curve(NULL);
SELECT count(*) AS of_null FROM (VALUES (NULL::customer_activity)) v(a), cohort_table(a);
SELECT count(*) AS rows FROM four, generate_series(1, 3), cohort_table(a);
SELECT cohort, age FROM four, cohort_table(a) ORDER BY age DESC, cohort LIMIT 3;
SELECT x.n, count(*) FROM generate_series(0, 3) x(n), four, cohort_table(a, horizon => x.n) GROUP BY x.n ORDER BY x.n;
BEGIN;
DECLARE cells SCROLL CURSOR FOR SELECT cohort, age FROM four, cohort_table(a);
FETCH 2 cells;
FETCH BACKWARD 1 cells;
MOVE LAST cells;
FETCH PRIOR cells;
COMMIT;
-- estimates are honest enough not to be the defaults
SELECT proname, prorows NOT IN (0, 1000) AS rows, procost > 1 AS cost, provolatile, proparallel, proisstrict
FROM pg_proc WHERE proname IN ('cohort_table', 'retention_curve') ORDER BY 1;

--
-- One customer, one day; years apart; far away
--
SELECT * FROM cohort_table((SELECT customer_activity(1, date '2024-02-29')));
SELECT cohort, age, period_start, retained, complete
FROM cohort_table((SELECT customer_activity(1, date '2024-02-29')), as_of => '2024-03-01', horizon => 5);
SELECT count(*) AS cells, sum(retained) AS retained, max(age) AS oldest, max(period_start) AS latest
FROM cohort_table((SELECT customer_activity(1, d) FROM (VALUES (date '1900-02-28'), ('2024-02-29')) v(d)));
SELECT cohort, max(age) AS oldest, sum(retained) AS retained
FROM cohort_table((SELECT customer_activity(c, d)
                   FROM (VALUES (1, date '0044-03-15 BC'), (1, '0001-12-31 BC'), (2, '0001-01-01'),
                                (1, '0001-02-01')) v(c, d)))
GROUP BY cohort ORDER BY cohort;
SELECT cohort, age, period_start
FROM cohort_table((SELECT customer_activity(1, d) FROM (VALUES (date '0001-12-31 BC'), ('0001-01-01')) v(d)), '1 year');
SELECT cohort, age, period_start
FROM cohort_table((SELECT customer_activity(1, d) FROM (VALUES (date '0001-12-31 BC'), ('0001-01-01')) v(d)), '7 days');
SELECT cohort, count(*) AS cells, sum(retained) AS retained, max(period_start) AS latest
FROM cohort_table((SELECT customer_activity(1, d) FROM (VALUES (date '4000-01-01 BC'), ('200000-06-01')) v(d)),
                  '1000 years', as_of => '200001-01-02')
GROUP BY cohort;
SELECT cohort, age, period_start FROM cohort_table((SELECT customer_activity(1, date '5874897-01-01')), horizon => 1);
-- bins of which only a part is in the calendar
SELECT count(*) AS cells
FROM cohort_table((SELECT customer_activity(1, date '4714-11-24 BC')), '1 month', as_of => '4714-12-01 BC');
SELECT count(*) AS cells
FROM cohort_table((SELECT customer_activity(1, date '4714-11-24 BC')), '1 month', as_of => '4713-01-01 BC');
SELECT count(*) AS cells
FROM cohort_table((SELECT customer_activity(1, date '4714-11-24 BC')), '100 years', as_of => '4600-01-01 BC');
SELECT count(*) AS cells FROM cohort_table((SELECT customer_activity(1, date '5874897-12-31')), '1 month');
SELECT count(*) AS cells FROM cohort_table((SELECT customer_activity(1, date '5874897-12-31')), '1 day');
SELECT period, clock, age, retained, complete
FROM (SELECT customer_activity(1, date '5874897-12-31') AS a) x,
     unnest(ARRAY['1 day', '1 month', '7 months', '11 months', '1 year', '100 years', '200 days',
                  '60000 days']::interval[]) WITH ORDINALITY p(period, n),
	unnest(ARRAY['calendar', 'elapsed']) clock, cohort_table(a, period, clock => clock, origin => '5874001-01-01')
	ORDER BY n, clock;
-- very many cells can be cancelled
SET statement_timeout = '200ms';
SELECT count(*)
FROM cohort_table((SELECT customer_activity(i, date '2000-01-01' + i) FROM generate_series(1, 20000) i), '1 day');
RESET statement_timeout;

--
-- Numbers from two ranges: what the aggregates say of the events
--
CREATE TABLE spans (base daterange, comeback daterange);
INSERT INTO spans VALUES
	('[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)'), ('[2023-01-01,2024-01-01)', '[2024-01-01,)'),
	('(,2023-06-01)', '[2024-06-01,)'), ('(,)', '(,)'),
	('[2024-02-01,2024-03-01)', '[2024-01-01,2024-02-01)'), ('[2024-01-15,2024-03-15]', '(2024-02-01,2024-04-01]'),
	('empty', '(,)'), ('(,)', 'empty'), ('empty', 'empty'),
	('[2019-01-01,2019-02-01)', '[2024-02-01,2024-03-01)'), ('[2024-02-29,2024-02-29]', '[2024-03-01,2024-03-31]'),
	('[-infinity,2024-01-01)', '[2024-01-01,infinity]'), ('(,2024-01-01)', '(infinity,)');
SELECT count(*) AS cases, count(*) FILTER (WHERE retention_rate(a, base, comeback) IS NOT DISTINCT FROM rate) AS rate,
	   count(*) FILTER (WHERE churn_rate(a, base, comeback) IS NOT DISTINCT FROM churn) AS churn,
	   count(*) FILTER (WHERE retention_summary(a, base, comeback) = summary) AS summary,
	   count(DISTINCT summary) > 10 AS different, count(rate) AS not_null
FROM value v, spans, LATERAL (
	SELECT retention_rate(c, d, base, comeback) AS rate, churn_rate(c, d, base, comeback) AS churn,
	       retention_summary(c, d, base, comeback) AS summary
	FROM event e WHERE e.source = v.source) o;
SELECT count(*) AS cases,
       count(*) FILTER (WHERE retention_summary(a, base, comeback)
                                  = ROW(b, r, b - r, n - r)::retention_summary) AS summary
FROM value v, spans, LATERAL (
	SELECT count(*) FILTER (WHERE in_base) AS b, count(*) FILTER (WHERE in_base AND back) AS r,
	       count(*) FILTER (WHERE back) AS n
	FROM (SELECT bool_or(d <@ base) AS in_base, bool_or(d <@ comeback) AS back
	      FROM event e WHERE e.source = v.source GROUP BY c) x) o;
SELECT retention_rate(a, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)'),
       churn_rate(a, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)'),
	   retention_summary(a, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)'),
	   retention_rate(a, base => '[2024-02-01,2024-03-01)', comeback => '[2024-04-01,)')
FROM four;
SELECT retention_rate(NULL::customer_activity, '(,)', '(,)') IS NULL AS rate,
       churn_rate(NULL::customer_activity, '(,)', '(,)') IS NULL AS churn,
       retention_summary(NULL::customer_activity, '(,)', '(,)') IS NULL AS summary;
SELECT source,
       repeat_purchase_rate(a) = (SELECT count(*) FILTER (WHERE n > 1) / count(*)::float8
                                  FROM (SELECT count(DISTINCT d) AS n
                                        FROM event e WHERE e.source = value.source GROUP BY c) x) AS rate
FROM value ORDER BY source;
SELECT repeat_purchase_rate(a) AS days, repeat_purchase_rate(NULL::customer_activity) IS NULL AS of_null FROM four;
SELECT repeat_purchase_rate(customer_activity(c, d))
FROM (VALUES (1, date '2024-01-01'), (1, '2024-01-01'), (2, '2024-01-01')) v(c, d);

--
-- as_of and since: days, whatever their type, in the session's time zone
--
CREATE FUNCTION as_of_rows(argument text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format('SELECT md5(string_agg(c::text, '','' ORDER BY cohort, age)) FROM four, cohort_table(a, %s) c',
	               argument) INTO result;
	RETURN coalesce(result, 'none');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
-- literal, date, timestamp, timestamptz, text that is cast: the day alone counts, also in zones where
-- midnight does not exist
CREATE TABLE zone (zone text);
INSERT INTO zone VALUES
	('UTC'), ('Europe/Berlin'), ('America/New_York'), ('America/Sao_Paulo'), ('Asia/Beirut'), ('Asia/Kolkata'),
	('Pacific/Kiritimati'), ('Pacific/Pago_Pago'), ('Africa/Cairo'), ('America/Havana');
CREATE FUNCTION in_zone(zone text, argument text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	RETURN as_of_rows(argument);
END $$;
SELECT day, count(DISTINCT in_zone(zone, format(f, day))) AS results, count(*) AS tried,
       bool_and(in_zone(zone, format(f, day)) = as_of_rows(format('as_of => date %L', day))) AS that_of_the_date
FROM zone,
     unnest(ARRAY['as_of => %L', 'as_of => date %L', 'as_of => timestamp %L',
                  'as_of => timestamp %L + interval ''13:59:59''', 'as_of => timestamptz %L',
                  'as_of => timestamptz %L + interval ''9 hours''']) f,
	unnest(ARRAY['2024-04-15', '2024-03-01', '2024-03-31', '2024-04-26', '2018-11-04', '0044-03-15 BC',
	             '2050-01-01']) day
GROUP BY day ORDER BY day;
-- an instant is a day of the zone
SELECT zone,
       in_zone(zone, 'as_of => timestamptz ''2024-03-31 22:30+00''')
           = as_of_rows('as_of => date ''2024-04-01''') AS april
FROM zone WHERE zone IN ('UTC', 'Europe/Berlin', 'America/New_York') ORDER BY zone;
-- what one types
SELECT as_of_rows('as_of => now()') = as_of_rows('as_of => current_date') AS now,
       as_of_rows('as_of => date_trunc(''month'', now())')
           = as_of_rows('as_of => date_trunc(''month'', current_date)') AS month,
       as_of_rows('as_of => localtimestamp') = as_of_rows('as_of => CURRENT_DATE') AS local,
       as_of_rows('as_of => NULL') = as_of_rows('as_of => NULL::date') AS null_,
       as_of_rows('''1 month'', ''2024-04-15''') = as_of_rows('as_of => ''2024-04-15''') AS second;
SELECT as_of_rows(format('as_of => ''2024-04-15'', since => %s', s))
           = as_of_rows('as_of => ''2024-04-15'', since => ''2024-02-01''') AS february,
       s
FROM unnest(ARRAY['date ''2024-01-02''', 'timestamp ''2024-02-01 15:00''', 'timestamptz ''2024-01-31 23:00+00''',
                  'date ''2024-03-01'' - interval ''1 month''', 'date ''2024-02-02''']) s;
PREPARE by_date(date) AS SELECT count(*) FROM four, cohort_table(a, as_of => $1);
PREPARE by_timestamp(timestamp) AS SELECT count(*) FROM four, cohort_table(a, as_of => $1);
PREPARE by_any AS SELECT count(*) FROM four, cohort_table(a, as_of => $1, since => $2);
EXECUTE by_date('2024-04-15');
EXECUTE by_timestamp('2024-04-15 18:00');
EXECUTE by_any('2024-04-15', NULL);
DEALLOCATE ALL;
-- a parameter that is a date stays that day when the zone is set, a literal in a stored query is an instant
CREATE VIEW by_literal AS
	SELECT count(*) FILTER (WHERE complete) AS complete
	FROM four, cohort_table(a, as_of => '2024-04-01');
CREATE VIEW by_day AS
	SELECT count(*) FILTER (WHERE complete) AS complete
	FROM four, cohort_table(a, as_of => date '2024-04-01');
SELECT l.complete AS literal, d.complete AS day FROM by_literal l, by_day d;
SET timezone = 'America/New_York';
SELECT l.complete AS literal, d.complete AS day FROM by_literal l, by_day d;
SET timezone = 'UTC';
DROP VIEW by_literal, by_day;
-- the four others read the same day
SELECT f, count(DISTINCT r) AS results
FROM (VALUES ('retention_curve'), ('lifecycle_table'), ('stickiness_table'), ('active_table')) v(f),
	unnest(ARRAY['''2024-04-15''', 'date ''2024-04-15''', 'timestamp ''2024-04-15 12:00''',
	             'timestamptz ''2024-04-15 23:59+00''']) w,
	LATERAL (SELECT query_to_xml(format('SELECT x FROM four, %s(a, as_of => %s) x', f, w), false, false, '')::text AS
	                    r) q
GROUP BY f ORDER BY f;
-- infinite, far, before the calendar
SELECT w, as_of_rows('as_of => ' || w) AS as_of, as_of_rows('since => ' || w) AS since
FROM unnest(ARRAY['''infinity''', 'timestamptz ''-infinity''', 'date ''infinity''', 'timestamp ''-infinity''',
                  'date ''5874897-12-31''', 'date ''4714-11-24 BC''']) w;
SELECT in_zone('America/New_York', 'as_of => timestamptz ''4714-11-24 00:00+00 BC''') AS before_the_calendar,
       in_zone('Asia/Tokyo', 'as_of => timestamptz ''4714-11-24 00:00+00 BC''') AS first_day;
\set VERBOSITY default
SELECT cohort_table(a, as_of => '-infinity') FROM four;
SELECT cohort_table(a, 'month') FROM four;
\set VERBOSITY sqlstate

--
-- Errors
--
SELECT cohort_table(a, '0 days') FROM four;
SELECT cohort_table(a, '0 months') FROM four;
SELECT cohort_table(a, '-1 month') FROM four;
SELECT cohort_table(a, '-7 days') FROM four;
SELECT cohort_table(a, '1 month 1 day') FROM four;
SELECT cohort_table(a, '1 month -1 day') FROM four;
SELECT cohort_table(a, '1 hour') FROM four;
SELECT cohort_table(a, '24 hours') FROM four;
SELECT cohort_table(a, '1 day 1 microsecond') FROM four;
SELECT cohort_table(a, NULL) FROM four;
SELECT cohort_table(a, mode => NULL) FROM four;
SELECT cohort_table(a, clock => NULL) FROM four;
SELECT cohort_table(a, confidence => NULL) FROM four;
SELECT cohort_table(a, origin => NULL) FROM four;
SELECT count(*) AS defaults FROM four, cohort_table(a, as_of => NULL, horizon => NULL, since => NULL);
SELECT cohort_table(a, mode => 'rolling') FROM four;
SELECT cohort_table(a, mode => '') FROM four;
SELECT cohort_table(a, mode => 'ON') FROM four;
SELECT cohort_table(a, mode => 'on ') FROM four;
SELECT cohort_table(a, clock => 'wall') FROM four;
SELECT cohort_table(a, clock => 'Elapsed') FROM four;
SELECT cohort_table(a, horizon => -1) FROM four;
SELECT count(*) AS cells FROM four, cohort_table(a, horizon => 2147483647);
SELECT count(*) AS cells FROM four, cohort_table(a, horizon => 2147483647, mode => 'on_or_after');
SELECT count(*) AS cells
FROM four, cohort_table(a, horizon => 2147483647, mode => 'on_or_after', clock => 'elapsed', as_of => '2024-05-01');
SELECT count(*) AS cells FROM four, cohort_table(a, '178956970 years');
SELECT count(*) AS cells FROM four, cohort_table(a, '2147483647 days');
SELECT count(*) AS cells FROM four, cohort_table(a, '2147483647 months', clock => 'elapsed');
SELECT count(*) AS cells FROM four, cohort_table(a, '2147483647 days', clock => 'elapsed');
SELECT count(*) AS cells FROM four, cohort_table(a, origin => '4714-11-24 BC');
SELECT count(*) AS cells FROM four, cohort_table(a, origin => '5874897-12-31');
SELECT count(*) AS cells FROM four, cohort_table(a, '7 days', origin => '5874897-12-31');
SELECT count(*) AS cells FROM four, cohort_table(a, '7 days', origin => '4714-11-24 BC');
SELECT cohort_table(a, confidence => 0) FROM four;
SELECT cohort_table(a, confidence => 1) FROM four;
SELECT cohort_table(a, confidence => 95) FROM four;
SELECT cohort_table(a, confidence => 'NaN') FROM four;
SELECT cohort_table(a, as_of => 'infinity') FROM four;
SELECT cohort_table(a, as_of => '-infinity') FROM four;
SELECT cohort_table(a, since => 'infinity') FROM four;
SELECT cohort_table(a, since => '-infinity') FROM four;
SELECT cohort_table(a, origin => 'infinity') FROM four;
SELECT cohort_table(a, origin => '-infinity') FROM four;
SELECT retention_curve(a, '0 days') FROM four;
SELECT retention_curve(a, '1 month 1 day') FROM four;
SELECT retention_curve(a, NULL) FROM four;
SELECT retention_curve(a, mode => NULL) FROM four;
SELECT retention_curve(a, mode => 'rolling') FROM four;
SELECT retention_curve(a, clock => NULL) FROM four;
SELECT retention_curve(a, clock => 'wall') FROM four;
SELECT retention_curve(a, horizon => -1) FROM four;
SELECT retention_curve(a, confidence => 1.5) FROM four;
SELECT retention_curve(a, confidence => NULL) FROM four;
SELECT retention_curve(a, origin => NULL) FROM four;
SELECT retention_curve(a, as_of => 'infinity') FROM four;
SELECT retention_curve(a, since => 'infinity') FROM four;
SELECT retention_rate(a, NULL, '(,)') FROM four;
SELECT retention_rate(a, '(,)', NULL) FROM four;
SELECT churn_rate(a, NULL, '(,)') FROM four;
SELECT churn_rate(a, '(,)', NULL) FROM four;
SELECT retention_summary(a, NULL, '(,)') FROM four;
SELECT retention_summary(a, '(,)', NULL) FROM four;
-- what the user sees
\set VERBOSITY default
SELECT cohort_table(a, mode => 'rolling') FROM four;
SELECT cohort_table(a, clock => 'wall') FROM four;
SELECT cohort_table(a, '1 month 1 day') FROM four;
SELECT cohort_table(a, '0 days') FROM four;
SELECT cohort_table(a, NULL) FROM four;
SELECT cohort_table(a, horizon => -1) FROM four;
SELECT cohort_table(a, as_of => 'infinity') FROM four;
SELECT cohort_table(a, confidence => 95) FROM four;
SELECT retention_rate(a, NULL, '(,)') FROM four;
\set VERBOSITY sqlstate

DROP SCHEMA cohort_test CASCADE;
