--
-- lifecycle: lifecycle tables and stickiness read from an activity
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA lifecycle_test;
SELECT set_config('search_path', 'lifecycle_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Worked example
--
CREATE TABLE three AS
	SELECT customer_activity(c, d) AS a
	FROM (VALUES ('a', date '2024-01-10'), ('a', '2024-02-20'), ('a', '2024-04-05'), ('b', '2024-01-31'),
	             ('c', '2024-02-01'), ('c', '2024-03-31')) v(c, d);
SELECT * FROM lifecycle_table((SELECT a FROM three), as_of => '2024-04-15');
-- the next month has begun when as_of is behind its first day
SELECT as_of, count(*) AS months, max(period_start) AS latest, count(*) FILTER (WHERE complete) AS complete
FROM three,
     unnest(ARRAY['2024-04-30', '2024-05-01', '2024-05-02', '2024-03-01', '2024-03-02', '2024-01-02', '2024-01-01',
                  '1999-01-01']::date[]) as_of
	LEFT JOIN LATERAL lifecycle_table(a, as_of => as_of) ON true GROUP BY as_of ORDER BY as_of;
-- silence is seen up to as_of
SELECT period_start, active, new_customers, retained, resurrected, churned, dormant, retention_rate, churn_rate,
       quick_ratio, complete
FROM three, lifecycle_table(a, as_of => '2024-07-01') WHERE period_start > '2024-03-31';
-- by default the day after the last one
SELECT count(*) FILTER (WHERE x IS DISTINCT FROM y) AS differ, count(*) AS months
FROM three, lifecycle_table(a) x
FULL JOIN lifecycle_table((SELECT a FROM three), as_of => '2024-04-06') y USING (period_start);
-- what lies behind as_of in a month that has begun is counted, what lies in a later month is not there
SELECT period_start, active, new_customers, retained, churned, dormant, complete
FROM three, lifecycle_table(a, as_of => '2024-02-02');
-- since: rows only, the first one knows the month before it
SELECT period_start, active, new_customers, retained, churned, round(retention_rate::numeric, 3) AS rate
FROM three, lifecycle_table(a, as_of => '2024-04-15', since => '2024-02-01');
SELECT min(period_start) FROM three, lifecycle_table(a, since => '2024-02-02');
SELECT count(*) AS none FROM three, lifecycle_table(a, since => '2024-05-01');
-- weeks with nobody in them
SELECT period_start, active, new_customers AS new, retained, resurrected, churned, dormant, retention_rate, churn_rate,
       quick_ratio, complete
FROM lifecycle_table((SELECT customer_activity(c, d)
                      FROM (VALUES (1, date '2024-01-03'), (2, '2024-01-04'), (1, '2024-01-24'),
                                   (3, '2024-01-31')) v(c, d)),
                     '7 days', as_of => '2024-02-12');
-- the same weeks from Sunday
SELECT array_agg(period_start)
FROM lifecycle_table((SELECT customer_activity(c, d) FROM (VALUES (1, date '2024-01-03'), (1, '2024-01-24')) v(c, d)),
                     '7 days', origin => '2000-12-31');
-- by position
SELECT count(*) FILTER (WHERE x IS DISTINCT FROM y) AS differ, count(*) AS weeks
FROM three, lifecycle_table(a, '7 days', '2024-03-20', '2024-02-01', '2000-12-31') x
	FULL JOIN lifecycle_table((SELECT a FROM three), origin => '2000-12-31', since => '2024-02-01',
	                          as_of => '2024-03-20', period => '7 days') y USING (period_start);

--
-- Days in two zones
--
CREATE TABLE moment (c int, at timestamptz);
INSERT INTO moment VALUES
	(1, '2024-03-31 21:30Z'), (1, '2024-03-31 22:30Z'), (2, '2024-03-30 22:30Z'), (2, '2024-03-31 23:30Z');
SELECT period_start, active, new_customers AS new, retained
FROM lifecycle_table((SELECT customer_activity(c, at) FROM moment), '1 day');
SET timezone = 'Europe/Berlin';
SELECT period_start, active, new_customers AS new, retained
FROM lifecycle_table((SELECT customer_activity(c, at) FROM moment), '1 day');
SET timezone = 'UTC';

--
-- Random data against plain SQL
--
CREATE TABLE event AS
	SELECT DISTINCT 'years' AS source, c, d FROM (SELECT i, dice(i, 1, 150) AS c FROM generate_series(1, 2500) i) x,
		LATERAL (SELECT date '2022-11-28' + dice(c, 2, 700) + dice(i, 3, 1 + dice(c, 4, 600)) AS d) y;
INSERT INTO event
	SELECT DISTINCT 'weeks', dice(i, 6, 90),
	       date '2024-02-05' + dice(dice(i, 6, 90), 7, 40) + dice(i, 8, 1 + dice(dice(i, 6, 90), 9, 35))
	FROM generate_series(1, 500) i;
-- long silences
INSERT INTO event VALUES
	('gaps', 1, '1999-12-31'), ('gaps', 1, '2000-02-29'), ('gaps', 2, '2000-02-29'), ('gaps', 3, '2007-06-01'),
	('gaps', 2, '2007-06-30'), ('gaps', 1, '2009-01-01');
CREATE TABLE value AS SELECT source, customer_activity(c, d) AS a FROM event GROUP BY source;
CREATE TABLE periods (p int, source text, period interval, origin date);
INSERT INTO periods VALUES
	(1, 'years', '1 month', '2001-01-01'), (2, 'years', '3 months', '2001-01-01'), (3, 'years', '1 year', '2001-01-01'),
	(4, 'years', '2 months', '2001-02-01'), (5, 'years', '5 months', '2041-11-01'),
	(6, 'years', '45 days', '2001-01-01'), (7, 'years', '7 days', '2001-01-01'),
	(8, 'weeks', '7 days', '2001-01-01'), (9, 'weeks', '7 days', '2000-12-31'), (10, 'weeks', '1 day', '2001-01-01'),
	(11, 'weeks', '10 days', '2024-03-05'),
	(12, 'gaps', '1 month', '2001-01-01'), (13, 'gaps', '7 days', '2001-01-01'), (14, 'gaps', '1 year', '2001-01-01'),
	(15, 'gaps', '1 day', '2001-01-01');
CREATE TABLE reference (source text, as_of date);
INSERT INTO reference SELECT source, max(d) + 1 FROM event GROUP BY source;
INSERT INTO reference VALUES
	('years', '2024-03-15'), ('years', '2024-07-01'), ('years', '2023-02-10'), ('years', '2026-06-30'),
	('weeks', '2024-03-14'), ('weeks', '2024-03-18'), ('weeks', '2024-02-08'), ('weeks', '2024-05-07'),
	('gaps', '2005-05-05'), ('gaps', '2010-02-02'), ('gaps', '2000-02-29');
CREATE TABLE cut (source text, since date);
INSERT INTO cut VALUES
	('years', '-infinity'), ('years', '2023-06-15'), ('weeks', '-infinity'), ('weeks', '2024-02-26'),
	('gaps', '-infinity'), ('gaps', '2004-04-04');

-- the bins, by the server's own arithmetic, from the first with a customer in it; the days in them
CREATE TABLE bin AS
	SELECT p, b, first, next
	FROM periods JOIN (SELECT source, min(d) AS early FROM event GROUP BY source) e USING (source)
	JOIN (SELECT source, max(as_of) AS late FROM reference GROUP BY source) r USING (source),
		generate_series(-700, 9500) b,
		LATERAL (SELECT (origin + b * period)::date AS first, (origin + (b + 1) * period)::date AS next) x
	WHERE next > early AND first < late;
CREATE TABLE placed AS
	SELECT p, c, d, b, first
	FROM event JOIN periods USING (source) JOIN bin USING (p) WHERE d >= first AND d < next;
SELECT count(*) = (SELECT count(*)
                   FROM event JOIN periods USING (source)
                   WHERE d < (SELECT max(as_of) FROM reference r WHERE r.source = event.source)) AS each_day_in_one_bin
FROM placed;
CREATE TABLE presence AS SELECT DISTINCT p, c, b FROM placed;
CREATE TABLE arrival AS SELECT p, c, min(b) AS b0 FROM presence GROUP BY p, c;
ANALYZE bin, presence, arrival;
-- each customer in each bin: active in it, in the one before, come before it
CREATE TABLE truth AS
	SELECT bin.p, bin.b, first, next, count(*) FILTER (WHERE now) AS active,
	       count(*) FILTER (WHERE now AND b0 = bin.b) AS new_customers,
	       count(*) FILTER (WHERE now AND before) AS retained,
		   count(*) FILTER (WHERE now AND NOT before AND b0 < bin.b) AS resurrected,
		   count(*) FILTER (WHERE NOT now AND before) AS churned,
		   count(*) FILTER (WHERE NOT now AND NOT before AND b0 < bin.b) AS dormant,
		   count(*) FILTER (WHERE before) AS active_before
	FROM bin JOIN arrival a USING (p) LEFT JOIN presence n ON n.p = bin.p AND n.b = bin.b AND n.c = a.c
	LEFT JOIN presence l ON l.p = bin.p AND l.b = bin.b - 1 AND l.c = a.c,
		LATERAL (SELECT n.c IS NOT NULL AS now, l.c IS NOT NULL AS before) y
	GROUP BY bin.p, bin.b, first, next;
CREATE TABLE tried AS
	SELECT p, r.as_of, since, t.*
	FROM periods JOIN value USING (source) JOIN reference r USING (source) JOIN cut USING (source),
		lifecycle_table(a, period, CASE WHEN r.as_of <> upper(activity_span(a)) THEN r.as_of END,
		                nullif(since, '-infinity'), origin) t;
SELECT count(DISTINCT (p, as_of, since)) AS tables, count(*) > 5000 AS rows,
       count(*) FILTER (WHERE found IS NULL) AS missing, count(*) FILTER (WHERE expected IS NULL) AS superfluous,
	   count(*) FILTER (WHERE t.active <> e.active) AS active,
	   count(*) FILTER (WHERE t.new_customers <> e.new_customers) AS new,
	   count(*) FILTER (WHERE t.retained <> e.retained) AS retained,
	   count(*) FILTER (WHERE t.resurrected <> e.resurrected) AS resurrected,
	   count(*) FILTER (WHERE t.churned <> e.churned) AS churned,
	   count(*) FILTER (WHERE t.dormant <> e.dormant) AS dormant,
	   count(*) FILTER (WHERE t.complete <> (next <= as_of)) AS complete,
	   count(*) FILTER (WHERE NOT near(t.retention_rate,
	                                   CASE WHEN next <= as_of
	                                          THEN e.retained
	                                                   / nullif(active_before, 0)::float8 END)) AS retention_rate,
	   count(*) FILTER (WHERE NOT near(t.churn_rate,
	                                   CASE WHEN next <= as_of
	                                          THEN e.churned / nullif(active_before, 0)::float8 END)) AS churn_rate,
	   count(*) FILTER (WHERE NOT near(t.quick_ratio,
	                                   CASE WHEN next <= as_of
	                                          THEN (e.new_customers + e.resurrected)
	                                                   / nullif(e.churned, 0)::float8 END)) AS quick_ratio
FROM (SELECT true AS found, * FROM tried) t
	FULL JOIN (SELECT true AS expected, truth.*, as_of, since, first AS period_start
	           FROM truth JOIN periods USING (p) JOIN reference USING (source) JOIN cut USING (source)
			   WHERE first < as_of AND first >= since) e USING (p, as_of, since, period_start);
SELECT count(*) FILTER (WHERE resurrected > 0) > 500 AS resurrected, count(*) FILTER (WHERE active = 0) > 100 AS silent,
       count(*) FILTER (WHERE churned = 0) > 100 AS nobody_left, count(*) FILTER (WHERE NOT complete) > 50 AS incomplete
FROM tried;
-- identities
SELECT count(*) FILTER (WHERE active <> new_customers + retained + resurrected) AS parts,
       count(*) FILTER (WHERE active <> previous + new_customers + resurrected - churned) AS balance,
	   count(*) FILTER (WHERE retained + churned <> previous) AS shares,
	   count(*) FILTER (WHERE retained + resurrected + churned + dormant <> came) AS everybody,
	   count(*) FILTER (WHERE NOT near(retention_rate + churn_rate,
	                                   CASE WHEN retention_rate IS NOT NULL THEN 1 END)) AS sum_of_rates
FROM (SELECT *, coalesce(lag(active) OVER w, 0) AS previous,
             coalesce(sum(new_customers) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS came
	  FROM tried WHERE since = '-infinity' WINDOW w AS (PARTITION BY p, as_of ORDER BY period_start)) x;
SELECT count(*) AS differ FROM value, lifecycle_table(a) t, LATERAL (
	SELECT retention_rate(a, daterange((period_start - interval '1 month')::date, period_start),
	                      daterange(period_start, (period_start + interval '1 month')::date)) AS rate) r
WHERE complete AND NOT near(retention_rate, rate);
SELECT bool_and(n = 1 + (period_start - (SELECT min(period_start) FROM lifecycle_table(a, '7 days'))) / 7) AS ordered
FROM value,
     lifecycle_table(a, '7 days') WITH
         ORDINALITY x(period_start, active, new_customers, retained, resurrected, churned, dormant, retention_rate,
                      churn_rate, quick_ratio, complete, n);

--
-- The trap of the default as_of under GROUP BY
--
CREATE TABLE shop (segment text, c int, d date);
INSERT INTO shop VALUES
	('old', 1, '2024-01-10'), ('old', 2, '2024-01-20'), ('old', 1, '2024-02-15'), ('new', 3, '2024-01-11'),
	('new', 4, '2024-02-01'), ('new', 3, '2024-04-20');
SELECT segment, period_start, active, new_customers AS new, churned, dormant, complete
FROM (SELECT segment, customer_activity(c, d) AS a FROM shop GROUP BY segment) s, lifecycle_table(a)
ORDER BY segment DESC, period_start;
SELECT segment, period_start, active, new_customers AS new, churned, dormant, complete
FROM (SELECT segment, customer_activity(c, d) AS a FROM shop GROUP BY segment) s,
     lifecycle_table(a, as_of => '2024-05-01')
ORDER BY segment DESC, period_start;
SELECT count(*) AS differ, count(*) AS months
FROM (SELECT period_start, sum(active) AS active, sum(churned) AS churned, sum(dormant) AS dormant
      FROM (SELECT segment, customer_activity(c, d) AS a FROM shop GROUP BY segment) s,
           lifecycle_table(a, as_of => '2024-05-01')
      GROUP BY period_start) x
	FULL JOIN (SELECT t.*
	           FROM (SELECT customer_activity(c, d) AS a FROM shop) s, lifecycle_table(a, as_of => '2024-05-01') t) w
	    USING (period_start)
WHERE (x.active, x.churned, x.dormant) IS DISTINCT FROM (w.active, w.churned, w.dormant);

--
-- Stickiness
--
-- five users in two weeks: 3, 2, 3, 0, 0, 1, 1 of 4; 5 on its first day of 5
CREATE TABLE fortnight AS
	SELECT customer_activity(c, d) AS a
	FROM (VALUES (date '2024-01-01', ARRAY[1, 2, 3]), ('2024-01-02', ARRAY[1, 2]), ('2024-01-03', ARRAY[1, 3, 4]),
	             ('2024-01-06', ARRAY[4]), ('2024-01-07', ARRAY[1]),
		('2024-01-08', ARRAY[1, 2, 3, 4, 5])) v(d, users), unnest(users) c;
SELECT period_start, active, round(average_inner_active::numeric, 4) AS average,
       round(stickiness::numeric, 4) AS stickiness, complete
FROM fortnight, stickiness_table(a, period => '7 days', as_of => '2024-01-15');
SELECT period_start, active, average_inner_active, stickiness, complete
FROM fortnight, stickiness_table(a, period => '7 days');
CREATE TABLE cases (k int, source text, inner_period interval, period interval, origin date);
INSERT INTO cases VALUES
	(1, 'years', '1 day', '1 month', '2001-01-01'), (2, 'years', '7 days', '1 month', '2001-01-01'),
	(3, 'years', '1 month', '1 year', '2001-01-01'), (4, 'years', '1 month', '3 months', '2001-02-01'),
	(5, 'years', '7 days', '1 month', '2000-12-31'), (6, 'weeks', '1 day', '7 days', '2001-01-01'),
	(7, 'weeks', '1 day', '7 days', '2000-12-31'), (8, 'weeks', '2 days', '7 days', '2001-01-01'),
	(9, 'weeks', '7 days', '7 days', '2001-01-01'), (10, 'weeks', '1 day', '1 day', '2001-01-01'),
	(11, 'years', '1 month', '1 month', '2001-01-01'), (12, 'years', '10 days', '1 month', '2001-01-01'),
	(13, 'years', '1 month', '45 days', '2001-01-01'), (14, 'gaps', '1 day', '1 month', '2001-01-01'),
	(15, 'years', '2 months', '3 months', '2001-01-01');
-- bins of months begin with the month of the origin
CREATE TABLE edge AS
	SELECT k, source, early, late,
	       CASE WHEN inner_period >= '1 month' THEN date_trunc('month', origin) ELSE origin END AS inner_origin,
	       CASE WHEN period >= '1 month' AND period <> '45 days' THEN date_trunc('month', origin)
	            ELSE origin END AS outer_origin
	FROM cases JOIN (SELECT source, min(d) AS early FROM event GROUP BY source) e USING (source)
	JOIN (SELECT source, max(as_of) AS late FROM reference GROUP BY source) r USING (source);
CREATE TABLE outer_bin AS
	SELECT k, source, first, next
	FROM cases
	JOIN edge USING (k, source), generate_series(-700, 9500) b,
	     LATERAL (SELECT (outer_origin + b * period)::date AS first, (outer_origin + (b + 1) * period)::date AS next) x
	WHERE next > early AND first < late;
CREATE TABLE inner_bin AS
	SELECT k, first, next, count(DISTINCT c) AS active
	FROM cases JOIN edge USING (k, source) CROSS JOIN generate_series(-700, 9500) b
	CROSS JOIN LATERAL (SELECT (inner_origin + b * inner_period)::date AS first,
	                           (inner_origin + (b + 1) * inner_period)::date AS next) x
		CROSS JOIN generate_series(0, next - first - 1) day
		LEFT JOIN event e ON e.source = cases.source AND d = first + day
	WHERE next > early - 400 AND first < late + 400 GROUP BY k, first, next;
ANALYZE inner_bin;
CREATE TABLE stick_truth AS
	SELECT k, as_of, first AS period_start, next <= as_of AS complete, active, sum, bins
	FROM (SELECT o.k, o.source, o.first, o.next, sum(i.active) AS sum, count(i.first) AS bins
	      FROM outer_bin o LEFT JOIN inner_bin i ON i.k = o.k AND i.first >= o.first AND i.first < o.next
	      GROUP BY o.k, o.source, o.first, o.next) x
		JOIN (SELECT k, first, count(DISTINCT c) AS active
		      FROM outer_bin o LEFT JOIN event e ON e.source = o.source AND d >= first AND d < next GROUP BY k, first) y
		         USING (k, first)
		JOIN reference USING (source)
	WHERE first < as_of;
CREATE TABLE stick_tried AS
	SELECT k, r.as_of, t.*
	FROM cases JOIN value USING (source)
	JOIN reference r USING (source),
	     stickiness_table(a, inner_period, period, CASE WHEN r.as_of <> upper(activity_span(a)) THEN r.as_of END,
	                      origin) t;
SELECT count(DISTINCT (k, as_of)) AS tables, count(*) > 1000 AS rows, count(*) FILTER (WHERE found IS NULL) AS missing,
       count(*) FILTER (WHERE expected IS NULL) AS superfluous,
	   count(*) FILTER (WHERE t.active <> e.active) AS active,
	   count(*) FILTER (WHERE t.complete <> e.complete) AS complete,
	   count(*) FILTER (WHERE NOT near(average_inner_active,
	                                   CASE WHEN e.complete
	                                          THEN coalesce(sum, 0) / nullif(bins, 0)::float8 END)) AS average,
	   count(*) FILTER (WHERE NOT near(stickiness,
	                                   CASE WHEN e.complete
	                                          THEN coalesce(sum, 0) / nullif(bins, 0)::float8
	                                                   / nullif(e.active, 0) END)) AS stickiness
FROM (SELECT true AS found, * FROM stick_tried) t
FULL JOIN (SELECT true AS expected, * FROM stick_truth) e USING (k, as_of, period_start);
SELECT count(stickiness) > 300 AS numbers, count(*) FILTER (WHERE active = 0) > 10 AS silent,
       count(*) FILTER (WHERE NOT complete) > 10 AS incomplete
FROM stick_tried;
-- an inner period that is the period itself
SELECT count(*) AS differ FROM value, stickiness_table(a, '1 month') WHERE complete AND stickiness <> 1;
-- daily users over a month are its days of activity
SELECT count(*) AS differ
FROM value, stickiness_table(a) t
WHERE complete
  AND NOT near(average_inner_active,
               (SELECT count(*)
                FROM event e
                WHERE e.source = value.source AND d >= period_start AND d < period_start + interval '1 month')
	/ ((period_start + interval '1 month')::date - period_start)::float8);
SELECT count(*) FILTER (WHERE x IS DISTINCT FROM y) AS differ, count(*) > 5 AS rows
FROM fortnight, stickiness_table(a, '2 days', '3 days', '2024-02-01', '2000-12-31') x
FULL JOIN stickiness_table((SELECT a FROM fortnight), origin => '2000-12-31', as_of => '2024-02-01', period => '3 days',
                           inner_period => '2 days') y USING (period_start);

--
-- Ways of calling, NULL, far away
--
SELECT count(*) AS of_null FROM lifecycle_table(NULL);
SELECT count(*) AS of_null FROM stickiness_table(NULL);
SELECT count(*) AS of_null FROM (VALUES (NULL::customer_activity)) v(a), lifecycle_table(a);
SELECT (lifecycle_table(a)).active FROM three LIMIT 2;
SELECT count(*) AS rows FROM three, generate_series(1, 3), lifecycle_table(a), stickiness_table(a);
SELECT proname, prorows NOT IN (0, 1000) AS rows, procost > 1 AS cost, provolatile, proparallel, proisstrict
FROM pg_proc WHERE proname IN ('lifecycle_table', 'stickiness_table') ORDER BY 1;
SELECT * FROM lifecycle_table((SELECT customer_activity(1, date '2024-02-29')));
SELECT * FROM lifecycle_table((SELECT customer_activity(1, date '2024-02-29')), '1 day', as_of => '2024-03-02');
SELECT count(*) AS years, sum(active) AS active, sum(dormant) AS dormant, sum(churned) AS churned,
       sum(resurrected) AS resurrected
FROM lifecycle_table((SELECT customer_activity(1, d) FROM (VALUES (date '0100-01-01 BC'), ('2024-02-29')) v(d)),
                     '1 year');
SELECT period_start, active
FROM lifecycle_table((SELECT customer_activity(1, d) FROM (VALUES (date '0001-12-31 BC'), ('0001-01-01')) v(d)),
                     '1 month');
SELECT count(*) AS rows, min(period_start), max(period_start)
FROM lifecycle_table((SELECT customer_activity(1, d) FROM (VALUES (date '4000-01-01 BC'), ('5000000-02-29')) v(d)),
                     '1000 years');
SELECT count(*) AS rows
FROM lifecycle_table((SELECT customer_activity(1, date '4714-11-24 BC')), '1 month', as_of => '4713-01-01 BC');
SELECT count(*) AS rows FROM lifecycle_table((SELECT customer_activity(1, date '5874897-12-31')), '1 month');
SELECT count(*) AS rows FROM lifecycle_table((SELECT customer_activity(1, date '5874897-12-31')), '1 day');
SELECT count(*) AS rows FROM stickiness_table((SELECT customer_activity(1, date '5874897-12-31')));
SELECT count(*) AS rows
FROM stickiness_table((SELECT customer_activity(1, date '4714-11-24 BC')), as_of => '4713-01-01 BC');
-- there is a limit of rows, and very many can be cancelled
SELECT count(*)
FROM lifecycle_table((SELECT customer_activity(1, d) FROM (VALUES (date '4000-01-01 BC'), ('5000000-02-29')) v(d)),
                     '1 day');
SELECT count(*)
FROM stickiness_table((SELECT customer_activity(1, d) FROM (VALUES (date '4000-01-01 BC'), ('5000000-02-29')) v(d)),
                      period => '1 day');
SET statement_timeout = '200ms';
SELECT count(*)
FROM lifecycle_table((SELECT customer_activity(1, d) FROM (VALUES (date '4000-01-01 BC'), ('16000-01-01')) v(d)),
                     '1 day');
SELECT count(*)
FROM stickiness_table((SELECT customer_activity(1, d) FROM (VALUES (date '4000-01-01 BC'), ('16000-01-01')) v(d)),
                      period => '1 day');
RESET statement_timeout;

--
-- Errors
--
SELECT lifecycle_table(a, '0 days') FROM three;
SELECT lifecycle_table(a, '-1 month') FROM three;
SELECT lifecycle_table(a, '1 month 1 day') FROM three;
SELECT lifecycle_table(a, '24 hours') FROM three;
SELECT lifecycle_table(a, NULL) FROM three;
SELECT lifecycle_table(a, origin => NULL) FROM three;
SELECT count(*) AS defaults FROM three, lifecycle_table(a, as_of => NULL, since => NULL);
SELECT lifecycle_table(a, as_of => 'infinity') FROM three;
SELECT lifecycle_table(a, as_of => '-infinity') FROM three;
SELECT lifecycle_table(a, since => 'infinity') FROM three;
SELECT lifecycle_table(a, since => '-infinity') FROM three;
SELECT lifecycle_table(a, origin => 'infinity') FROM three;
SELECT lifecycle_table(a, origin => '-infinity') FROM three;
SELECT stickiness_table(a, '0 days') FROM three;
SELECT stickiness_table(a, '1 day', '0 days') FROM three;
SELECT stickiness_table(a, '-1 day') FROM three;
SELECT stickiness_table(a, '1 day', '-1 month') FROM three;
SELECT stickiness_table(a, '1 hour') FROM three;
SELECT stickiness_table(a, '1 day 1 hour', '1 month') FROM three;
SELECT stickiness_table(a, '1 day', '1 month 1 day') FROM three;
SELECT stickiness_table(a, '7 days', '1 day') FROM three;
SELECT stickiness_table(a, '2 months', '1 month') FROM three;
SELECT stickiness_table(a, '1 year', '1 month') FROM three;
SELECT stickiness_table(a, '32 days', '1 month') FROM three;
SELECT stickiness_table(a, '1 month', '7 days') FROM three;
SELECT stickiness_table(a, NULL) FROM three;
SELECT stickiness_table(a, '1 day', NULL) FROM three;
SELECT stickiness_table(a, origin => NULL) FROM three;
SELECT count(*) AS defaults FROM three, stickiness_table(a, as_of => NULL);
SELECT stickiness_table(a, as_of => 'infinity') FROM three;
SELECT stickiness_table(a, origin => '-infinity') FROM three;
-- what the user sees
\set VERBOSITY default
SELECT lifecycle_table(a, '1 month 1 day') FROM three;
SELECT lifecycle_table(a, NULL) FROM three;
SELECT stickiness_table(a, '7 days', '1 day') FROM three;
\set VERBOSITY sqlstate

--
-- active_table: customers active in the last days, for each day
--
SELECT *
FROM active_table((SELECT customer_activity(c, d)
                   FROM (VALUES (1, date '2024-01-01'), (1, '2024-01-02'), (2, '2024-01-02'), (1, '2024-01-06'),
                                (3, '2024-01-06')) v(c, d)),
                  '3 days', as_of => '2024-01-09');
SELECT *
FROM active_table((SELECT customer_activity(1, date '2024-01-31')), '1 month', as_of => '2024-03-02')
WHERE day IN ('2024-01-31', '2024-02-01', '2024-02-28', '2024-02-29', '2024-03-01');
CREATE TABLE seen AS
SELECT (hashint8extended(i, 1) & 127) * (hashint8extended(i, 2) & 3) AS c,
       date '2023-11-20' + (sqrt((hashint8extended(i, 3) & 65535)::float8 * 4))::integer AS d
FROM generate_series(1, 4000) i;
CREATE INDEX ON seen (d, c);
VACUUM ANALYZE seen;
SELECT within, as_of, count(*) AS days, count(*) FILTER (WHERE active <> expected) AS wrong,
       count(*) FILTER (WHERE t.complete <> (t.day - within >= date '2023-11-19'
                                                 + (SELECT min(d) - date '2023-11-20' FROM seen))) AS wrong_complete,
       sum(active) > 0 AS some
FROM (VALUES (interval '1 day'), ('7 days'), ('28 days'), ('1 month'), ('2 months'), ('1 year'),
             ('1000 days')) w(within),
	 (VALUES (NULL::date), ('2024-03-01'), ('2025-12-01'), ('2023-11-01')) o(as_of),
	 active_table((SELECT customer_activity(c, d) FROM seen), within, as_of) t,
	 LATERAL (SELECT count(DISTINCT c) AS expected FROM seen WHERE d > t.day - within AND d <= t.day) e
GROUP BY within, as_of ORDER BY within, as_of;
SELECT count(*) AS none
FROM (SELECT *
      FROM active_table(NULL)
      UNION ALL SELECT * FROM active_table((SELECT customer_activity(c, d) FROM seen WHERE false))) t;
SELECT active_table(a, NULL) FROM three;
SELECT active_table(a, '0 days') FROM three;
SELECT active_table(a, '1 hour') FROM three;
SELECT active_table(a, as_of => 'infinity') FROM three;
SELECT count(*)
FROM active_table((SELECT customer_activity(1, d) FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d)));
SELECT min(day), max(day), sum(active)
FROM active_table((SELECT customer_activity(1, d) FROM (VALUES (date '4714-11-24 BC'), ('4714-12-24 BC')) v(d)),
                  '1 month');
SELECT day, active FROM active_table((SELECT customer_activity(1, date '5874897-12-31')), '1 year');

-- months are compared as months, however long they are taken for
SELECT * FROM stickiness_table((SELECT customer_activity(1, date '2024-01-01')), '400 months', '399 months');

DROP SCHEMA lifecycle_test CASCADE;
