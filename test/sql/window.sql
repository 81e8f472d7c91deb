--
-- window: states, relationships and churn row by row, and moving frames
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA window_test;
SELECT set_config('search_path', 'window_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- The SQLSTATE that a query ends with
CREATE FUNCTION ended(query text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	RETURN '00000';
EXCEPTION WHEN others THEN
	RETURN sqlstate;
END $$;

--
-- Worked examples: what is expected stands beside what was computed
--
CREATE TABLE example (id int PRIMARY KEY, customer text, at date, state text, number bigint, gone boolean);
INSERT INTO example VALUES
	(1, 'a', '2024-01-01', 'new', 1, false),			-- the next on the thirtieth day
	(2, 'a', '2024-01-31', 'retained', 1, true),		-- the next on the thirty-first
	(3, 'a', '2024-03-02', 'resurrected', 2, false),
	(4, 'a', '2024-03-02', 'resurrected', 2, false),	-- the same instant
	(5, 'a', '2024-03-10', 'retained', 2, true),
	(6, 'a', '2024-05-20', 'resurrected', 3, NULL),		-- 30 days end on 19 June
	(7, 'b', '2024-05-02', 'new', 1, NULL),				-- 30 days end on 1 June, which is not known
	(8, 'c', '2024-05-01', 'new', 1, true),				-- 30 days end on 31 May
	(9, 'd', NULL, NULL, NULL, NULL),
	(10, 'd', '2024-05-25', 'new', 1, NULL),			-- the next is not known as of 1 June
	(11, 'd', '2024-06-01', 'retained', 1, NULL),
	(12, 'e', '2024-04-01', 'new', 1, true),			-- silence until 1 May is known
	(13, 'e', '2024-06-02', 'resurrected', 2, NULL),
	(14, NULL, '2024-02-01', 'new', 1, false),			-- rows without a customer are a partition, too
	(15, NULL, '2024-02-02', 'retained', 1, true),
	(16, 'f', NULL, NULL, NULL, NULL);

SELECT id, customer, at, lifecycle_state(at, '30 days') OVER w AS lifecycle_state, state,
       relationship_number(at, '30 days') OVER w AS relationship_number, number,
       churned(at, '30 days', '2024-06-01') OVER w AS churned, gone
FROM example WINDOW w AS (PARTITION BY customer ORDER BY at) ORDER BY id;
-- the other two types of time, with names, NULL times first, in one query with other spans
SELECT count(*) AS rows,
       count(*) FILTER (WHERE s IS DISTINCT FROM state OR n IS DISTINCT FROM number OR c IS DISTINCT FROM gone
                        OR sz IS DISTINCT FROM state OR nz IS DISTINCT FROM number
                        OR cz IS DISTINCT FROM gone) AS wrong,
       count(DISTINCT week) AS states, max(year) AS one
FROM (SELECT *, lifecycle_state(at => at::timestamp, inactive_after => '30 days') OVER w AS s,
             lifecycle_state(at::timestamptz, '30 days') OVER w AS sz,
             relationship_number(at => at::timestamp, inactive_after => '30 days') OVER w AS n,
             relationship_number(at::timestamptz, '30 days') OVER w AS nz,
             churned(at => at::timestamp, inactive_after => '30 days', as_of => '2024-06-01') OVER w AS c,
             churned(at::timestamptz, '30 days', '2024-06-01') OVER w AS cz,
             lifecycle_state(at, '7 days') OVER w AS week, relationship_number(at, '1 year') OVER w AS year
      FROM example WINDOW w AS (PARTITION BY customer ORDER BY at NULLS FIRST)) x;
-- nobody, one row, NULL alone
SELECT lifecycle_state(at, '30 days') OVER (ORDER BY at), relationship_number(at, '30 days') OVER (ORDER BY at),
       churned(at, '30 days', '2024-06-01') OVER (ORDER BY at)
FROM example WHERE false;
SELECT lifecycle_state(at, '30 days') OVER (), relationship_number(at, '30 days') OVER (),
       churned(at, '30 days', '2024-06-01') OVER ()
FROM (VALUES (date '2024-01-01')) v(at);
SELECT lifecycle_state(at, '30 days') OVER (), relationship_number(at, '30 days') OVER (),
       churned(at, '30 days', '2024-06-01') OVER ()
FROM (VALUES (NULL::date), (NULL)) v(at);

-- months are those of the calendar: 31 January + '1 month' is the last of February
SELECT at, lifecycle_state(at, '1 month') OVER w AS month, lifecycle_state(at, '30 days') OVER w AS days,
       lifecycle_state(at, '1 month 1 day') OVER w AS month_and_day,
       churned(at, '1 month', '2024-06-01') OVER w AS gone_month,
       churned(at, '30 days', '2024-06-01') OVER w AS gone_days
FROM (VALUES (date '2023-01-31'), ('2023-03-01'), ('2023-04-01'), ('2024-01-31'), ('2024-02-29'), ('2024-03-29'),
             ('2024-04-30'), ('2024-05-30'), ('2024-06-30')) v(at)
WINDOW w AS (ORDER BY at);
-- ... as of an instant of the day in which it is over, and of the next: the day of as_of is what counts
SELECT as_of, churned(at, '1 month', as_of) OVER (PARTITION BY as_of ORDER BY at)
FROM (VALUES (timestamp '2024-01-31 12:00')) v(at),
     (VALUES (timestamp '2024-02-29 12:00:00.000001'), ('2024-02-29 23:59:59.999999'), ('2024-03-01')) c(as_of)
ORDER BY as_of;

-- a day of 23 hours, and one of 25: what follows lies between '1 day' and '24 hours'
CREATE TABLE clock_change (id int, pair text, at timestamptz);
INSERT INTO clock_change VALUES
	(1, 'spring', '2024-03-30 11:00Z'), (2, 'spring', '2024-03-31 10:30Z'), (3, 'autumn', '2024-10-26 10:00Z'),
	(4, 'autumn', '2024-10-27 11:00Z');
PREPARE clock AS
	SELECT current_setting('timezone') AS zone, pair, string_agg(day, ' ' ORDER BY id) AS day,
	       string_agg(hours, ' ' ORDER BY id) AS hours, bool_or(gone) AS gone
	FROM (SELECT *, lifecycle_state(at, '1 day') OVER w AS day, lifecycle_state(at, '24 hours') OVER w AS hours,
	             churned(at, '1 day', at + '1 hour') OVER w AS unknown,
	             churned(at, '1 day', '2025-01-01') OVER w AND row_number() OVER w = 1 AS gone
	      FROM clock_change WINDOW w AS (PARTITION BY pair ORDER BY at)) x GROUP BY pair ORDER BY pair;
SET timezone = 'Europe/Berlin';
EXECUTE clock;
SET timezone = 'UTC';
EXECUTE clock;
DEALLOCATE clock;

--
-- Random events against gaps and islands
--
-- Events of 200 customers and of nobody; many at the same instant, near the
-- ends of months, or a microsecond off; some without a time.  place is
-- where a row without time stands among the others.
CREATE TABLE event AS
	SELECT 2 * i + twin AS id, k, nullif(k, -1) AS customer, ts::date AS d, ts, ts AT TIME ZONE 'UTC' AS tz,
	       coalesce(ts, timestamp '2024-01-01' + rnd(i, 1, 300) * interval '1 day') AS place,
	       (ARRAY[interval '7 days', '30 days', '1 month', '1 month 15 days', '2 days', '100 days'])[
	           1 + rnd(2 * i + twin, 2, 6)] AS span,
	       (ARRAY[interval '7 days', '30 days', '1 month', '1 month 15 days', '2 days', '100 days'])[
	           1 + rnd(k, 3, 6)] AS own_span,
	       timestamp '2024-01-01' + rnd(2 * i + twin, 4, 320) * interval '1 day' AS as_of
	FROM (SELECT i, CASE WHEN rnd(i, 5, 60) = 0 THEN -1 ELSE rnd(i, 6, 200) END AS k,
	             CASE WHEN rnd(i, 7, 12) > 0 THEN
	                  CASE WHEN rnd(i, 8, 2) = 0 THEN timestamp '2024-01-01' + rnd(i, 9, 300) * interval '1 day'
	                       ELSE timestamp '2024-01-29' + (rnd(i, 10, 9) || ' months')::interval
	                                + rnd(i, 11, 4) * interval '1 day' END
	                  + (ARRAY[interval '0', '0', '12 hours', '1 microsecond', '86399.999999 s'])[1 + rnd(i, 12, 5)]
	                      END AS ts
	      FROM generate_series(1, 2000) i) e, generate_series(0, (rnd(i, 13, 4) = 0)::int) twin;
SELECT sum(n) AS events, count(*) FILTER (WHERE n > 1) > 300 AS ties,
       count(*) FILTER (WHERE exact) > 20 AS exact_silences
FROM (SELECT count(*) AS n, min(ts) = lag(min(ts)) OVER (PARTITION BY k ORDER BY ts) + interval '30 days' AS exact
      FROM event WHERE ts IS NOT NULL GROUP BY k, ts) x;

-- One state and one number per instant of a customer, by plain SQL.  The span
-- of an instant is that of the first of its rows.
CREATE FUNCTION check_states(col text, span text, ordering text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
		WITH instant AS (
			SELECT k, %1$s AS at, (array_agg(%2$s ORDER BY id))[1] AS span
			FROM event WHERE %1$s IS NOT NULL GROUP BY k, %1$s),
		gap AS (
			SELECT *, lag(at) OVER (PARTITION BY k ORDER BY at) AS before FROM instant),
		island AS (
			SELECT k, at,
			       CASE WHEN before IS NULL THEN 'new' WHEN at > before + span THEN 'resurrected'
			            ELSE 'retained' END AS state,
			       count(*) FILTER (WHERE before IS NULL OR at > before + span) OVER (PARTITION BY k
			                                                                          ORDER BY at) AS number
			FROM gap),
		measured AS (
			SELECT id, k, %1$s AS at, lifecycle_state(%1$s, %2$s) OVER w AS state,
			       relationship_number(%1$s, %2$s) OVER w AS number
			FROM event WINDOW w AS (PARTITION BY customer ORDER BY %3$s))
		SELECT format('%%s rows, %%s wrong: %%s', count(*),
		              count(*) FILTER (WHERE m.state IS DISTINCT FROM i.state OR m.number IS DISTINCT FROM i.number),
		              concat_ws(' ', count(*) FILTER (WHERE m.state = 'new'),
		                        count(*) FILTER (WHERE m.state = 'retained'),
		                        count(*) FILTER (WHERE m.state = 'resurrected')))
		FROM measured m LEFT JOIN island i ON i.k = m.k AND i.at = m.at$q$, col, span, ordering) INTO result;
	RETURN result;
END $$;
CREATE TABLE spans (col text, span text);
INSERT INTO spans
	SELECT col, quote_literal(span) || '::interval' FROM unnest(ARRAY['d', 'ts', 'tz']) col,
		unnest(ARRAY['1 day', '7 days', '30 days', '1 month', '1 month 15 days', '2 months', '1 year']) span
	UNION ALL
	SELECT col, quote_literal(span) || '::interval' FROM unnest(ARRAY['ts', 'tz']) col,
		unnest(ARRAY['1 microsecond', '36 hours', '1 month 12 hours', '30 days 00:00:00.000001']) span;
CREATE TABLE orderings AS
	SELECT o, replace(o, 'at', col) AS ordering, col
	FROM unnest(ARRAY['at', 'at NULLS FIRST', 'at, id DESC', 'place, id']) o, unnest(ARRAY['d', 'ts', 'tz']) col;

-- wherever the rows without time stand
SELECT col, span, string_agg(DISTINCT check_states(col, span, ordering), '; ') AS "new, retained, resurrected",
       count(*) AS orderings
FROM spans JOIN orderings USING (col) GROUP BY col, span ORDER BY col, span COLLATE "C";
-- spans from columns: one per customer, one per row
SELECT col, check_states(col, 'own_span', ordering) AS per_customer FROM orderings WHERE o = 'place, id' ORDER BY col;
SELECT col, check_states(col, 'span', col || ', id') AS per_row FROM orderings WHERE o = 'at' ORDER BY col;
-- other zones, with the data around their changes of the clock
CREATE TABLE zone AS
	SELECT *
	FROM (VALUES ('Europe/Berlin', date '2024-03-31'), ('Europe/Berlin', '2024-10-27'),
	             ('America/New_York', '2024-03-10'), ('America/New_York', '2024-11-03'),
	('Australia/Lord_Howe', '2024-04-07'), ('Australia/Lord_Howe', '2024-10-06'), ('Africa/Casablanca', '2024-03-10'),
	('Pacific/Apia', '2011-12-31'), ('America/Juneau', '1867-10-18'), ('UTC', '2024-03-31')) v(name, change);
CREATE TABLE saved AS TABLE event;
CREATE FUNCTION check_zone(zone text, change date, span text) RETURNS text
LANGUAGE plpgsql SET timezone = 'UTC' AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	UPDATE event SET tz = change::timestamptz + (rnd(id, 21, 241) - 120) * interval '30 minutes' WHERE tz IS NOT NULL;
	RETURN check_states('tz', quote_literal(span) || '::interval', 'tz');
END $$;
SELECT name, change, string_agg(DISTINCT check_zone(name, change, span), '; ') AS "new, retained, resurrected"
FROM zone, unnest(ARRAY['1 day', '24 hours', '1 day 30 minutes']) span GROUP BY name, change ORDER BY name, change;
DROP TABLE event;
ALTER TABLE saved RENAME TO event;
CREATE INDEX ON event (k, d);
CREATE INDEX ON event (k, ts);
CREATE INDEX ON event (k, tz);
ANALYZE event;

-- a relationship begins exactly at the first row of a new or resurrected instant
SELECT count(*) AS rows,
       count(*) FILTER (WHERE number - before <> (state <> 'retained' AND at IS DISTINCT FROM previous)::int) AS wrong
FROM (SELECT *, coalesce(lag(number) OVER w, 0) AS before, lag(at) OVER w AS previous
      FROM (SELECT k, id, ts AS at, lifecycle_state(ts, '20 days') OVER v AS state,
                   relationship_number(ts, '20 days') OVER v AS number
            FROM event WHERE ts IS NOT NULL WINDOW v AS (PARTITION BY k ORDER BY ts, id)) x
      WINDOW w AS (PARTITION BY k ORDER BY at, id)) y;
-- the frame has no say
SELECT frame,
       ended(format($q$DO $do$ BEGIN ASSERT (SELECT count(*) = (SELECT count(*) FROM event)
                                                    AND bool_and((s, n, c) IS NOT DISTINCT FROM (bs, bn, bc))
		FROM (SELECT lifecycle_state(ts, '20 days') OVER f AS s, relationship_number(ts, '20 days') OVER f AS n,
		             churned(ts, '20 days', '2024-08-01') OVER f AS c,
		             lifecycle_state(ts, '20 days') OVER w AS bs, relationship_number(ts, '20 days') OVER w AS bn,
		             churned(ts, '20 days', '2024-08-01') OVER w AS bc
		      FROM event
		      WINDOW w AS (PARTITION BY k ORDER BY ts), f AS (PARTITION BY k ORDER BY ts %s)) x); END $do$$q$,
		             frame)) AS outcome
FROM (VALUES ('ROWS UNBOUNDED PRECEDING'), ('ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING'),
             ('RANGE BETWEEN ''1 day'' PRECEDING AND CURRENT ROW'),
             ('RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE GROUP'),
             ('GROUPS BETWEEN 2 PRECEDING AND 1 PRECEDING'),
             ('ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW'),
             ('ROWS BETWEEN 5 PRECEDING AND 7 PRECEDING EXCLUDE TIES')) f(frame);

--
-- Churned against the next event of each
--
CREATE
    FUNCTION check_churned(col text, span text, as_of text, ordering text, OUT n bigint, OUT wrong bigint,
                           OUT gone bigint, OUT stayed bigint, OUT unknown bigint)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE measured IS DISTINCT FROM CASE
				WHEN at IS NULL OR at >= cut THEN NULL
				WHEN next <= at + span THEN false
				WHEN at + span < cut THEN true END),
			count(*) FILTER (WHERE measured), count(*) FILTER (WHERE NOT measured),
			count(*) FILTER (WHERE measured IS NULL)
		FROM (SELECT k, %1$s AS at, %2$s AS span, as_of::date::%5$s AS cut,
		             churned(%1$s, %2$s, as_of) OVER (PARTITION BY customer ORDER BY %4$s) AS measured
		      FROM (SELECT event.*, (%3$s)::%5$s AS as_of
		            FROM (SELECT id, k, customer, d, ts, tz, place, span, own_span, as_of AS row_as_of FROM event)
		                     event) e) m,
		     LATERAL (SELECT min(n.%1$s) AS next FROM event n WHERE n.k = m.k AND n.%1$s > m.at AND n.%1$s < m.cut)
		         l$q$,
		col, span, as_of, ordering, CASE col WHEN 'd' THEN 'date' WHEN 'ts' THEN 'timestamp' ELSE 'timestamptz' END)
	INTO n, wrong, gone, stayed, unknown;
END $$;
-- before, inside (also at events), after, never and always
CREATE TABLE dates_of AS SELECT row_number() OVER () AS i, quote_literal(a) AS as_of
	FROM unnest(ARRAY['0001-01-01', '2023-12-31', '2024-02-29', '2024-03-01', '2024-05-16 12:00', '2024-09-30',
	                  '2024-10-27', '2025-06-01', '9999-12-31']) a;
SELECT col, span, sum(n) AS rows, sum(wrong) AS wrong, sum(gone) AS gone, sum(stayed) AS stayed, sum(unknown) AS unknown
FROM (SELECT *, row_number() OVER (PARTITION BY col ORDER BY span COLLATE "C") AS j FROM spans) s, dates_of,
     LATERAL (SELECT ordering FROM orderings o WHERE o.col = s.col ORDER BY o LIMIT 1 OFFSET (i + j) % 4) o,
     LATERAL check_churned(col, span, as_of, ordering)
GROUP BY col, span ORDER BY col, span COLLATE "C";
-- another as_of and another span in each row
SELECT col, sum(n) AS rows, sum(wrong) AS wrong, sum(gone) AS gone, sum(stayed) AS stayed, sum(unknown) AS unknown
FROM orderings, unnest(ARRAY['span', 'own_span', '''1 month''::interval']) span,
     LATERAL check_churned(col, span, 'row_as_of', ordering)
GROUP BY col ORDER BY col;
SET timezone = 'Europe/Berlin';
SELECT col, sum(n) AS rows, sum(wrong) AS wrong, sum(gone) AS gone, sum(stayed) AS stayed, sum(unknown) AS unknown
FROM orderings, unnest(ARRAY['span', '''36 hours''::interval']) span,
     LATERAL check_churned(col, span, 'row_as_of', ordering)
WHERE col = 'tz' GROUP BY col;
SET timezone = 'UTC';
-- what is known stays as it is when more becomes known, and becomes known in the end
SELECT count(*) AS events, count(*) FILTER (WHERE labels <> 1) AS changed,
       count(*) FILTER (WHERE forgotten) AS forgotten
FROM (SELECT id, count(DISTINCT c) AS labels, bool_or(c IS NULL AND before IS NOT NULL) AS forgotten
      FROM (SELECT id, as_of, c, lag(c) OVER (PARTITION BY id ORDER BY as_of) AS before
            FROM (SELECT id, a.as_of,
                         churned(d, '30 days', a.as_of) OVER (PARTITION BY a.as_of, customer ORDER BY d) AS c
                  FROM event, (SELECT date '2024-01-01' + 20 * i AS as_of FROM generate_series(1, 20) i) a
                  WHERE d IS NOT NULL) x) y
      GROUP BY id) z;

--
-- Ways of calling
--
-- a scrolling cursor goes both ways
BEGIN;
DECLARE rows_ SCROLL CURSOR FOR
SELECT id, lifecycle_state(at, '30 days') OVER w, relationship_number(at, '30 days') OVER w,
       churned(at, '30 days', '2024-06-01') OVER w,
	active_customers(customer) OVER (ORDER BY id ROWS 5 PRECEDING) FROM example
WINDOW w AS (PARTITION BY customer ORDER BY at) ORDER BY id;
FETCH 4 FROM rows_;
FETCH BACKWARD 2 FROM rows_;
FETCH LAST FROM rows_;
FETCH ABSOLUTE 6 FROM rows_;
FETCH FIRST FROM rows_;
FETCH RELATIVE 4 FROM rows_;
COMMIT;
-- once more for each span: every partition begins anew
SELECT count(*) AS rows, count(*) FILTER (WHERE (a.s, a.n, a.c) IS DISTINCT FROM (b.s, b.n, b.c)) AS wrong
FROM (SELECT DISTINCT own_span FROM event) o,
     LATERAL (SELECT id, lifecycle_state(ts, own_span) OVER w AS s, relationship_number(ts, own_span) OVER w AS n,
                     churned(ts, own_span, '2024-07-01') OVER w AS c
              FROM event e WHERE e.own_span = o.own_span WINDOW w AS (PARTITION BY customer ORDER BY ts) OFFSET 0) a
     JOIN (SELECT id, lifecycle_state(ts, own_span) OVER w AS s, relationship_number(ts, own_span) OVER w AS n,
                  churned(ts, own_span, '2024-07-01') OVER w AS c
           FROM event WINDOW w AS (PARTITION BY customer ORDER BY ts)) b USING (id);
-- a condition on the number does not end the window at the rows without a time
SELECT (SELECT count(*)
        FROM (SELECT relationship_number(ts, '20 days') OVER (PARTITION BY k ORDER BY ts NULLS FIRST) AS n FROM event) x
        WHERE n <= 2)
     = (SELECT count(*)
        FROM (SELECT relationship_number(ts, '20 days') OVER (PARTITION BY k ORDER BY ts NULLS FIRST) AS n
              FROM event OFFSET 0) x
        WHERE n <= 2) AS same,
       (SELECT count(*)
        FROM (SELECT relationship_number(ts, '20 days') OVER (PARTITION BY k ORDER BY place, id) AS n FROM event) x
        WHERE n = 1)
     = (SELECT count(*)
        FROM (SELECT relationship_number(ts, '20 days') OVER (PARTITION BY k ORDER BY place, id) AS n
              FROM event OFFSET 0) x
        WHERE n = 1) AS same;
-- in a worker
CREATE VIEW measured AS
	SELECT id, lifecycle_state(ts, span) OVER w AS s, relationship_number(ts, span) OVER w AS n,
	       churned(ts, span, as_of) OVER w AS c,
	       active_customers(k) OVER (ORDER BY id ROWS BETWEEN 20 PRECEDING AND 5 PRECEDING) AS a
	FROM event WINDOW w AS (PARTITION BY k ORDER BY ts, id);
CREATE TABLE before AS TABLE measured;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT plan_nodes('SELECT * FROM measured')
     @> '{Gather,WindowAgg}' AS in_worker;
SELECT count(*) AS differ FROM (TABLE measured EXCEPT TABLE before) d;
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
-- PostgreSQL 16 computes functions without a frame in one window
SELECT current_setting('server_version_num')::int < 160000
    OR cardinality(array_positions(plan_nodes(format('SELECT %s OVER (PARTITION BY k '
                                                     'ORDER BY ts), row_number() OVER (PARTITION BY k '
                                                     'ORDER BY ts) FROM event',
                                                     f)),
                                   'WindowAgg')) = 1 AS one_window,
    f
FROM unnest(ARRAY['lifecycle_state(ts, ''1 day'')', 'relationship_number(ts, ''1 day'')',
                  'churned(ts, ''1 day'', ''2024-05-01'')']) f;
-- declared for what they are
SELECT oid::regprocedure, prokind, provolatile, proparallel, proisstrict, proargnames
FROM pg_proc WHERE proname IN ('lifecycle_state', 'relationship_number', 'churned')
ORDER BY proname, oid::regprocedure::text COLLATE "C";

--
-- Far away
--
SELECT at, lifecycle_state(at, '1 month') OVER w AS s, relationship_number(at, '1 month') OVER w AS n,
       churned(at, '1 month', '294276-12-31') OVER w AS c
FROM (VALUES (date '4713-01-01 BC'), ('4713-02-01 BC'), ('0001-12-31 BC'), ('0001-01-31'), ('294276-11-30'),
             ('294276-12-30'), ('294276-12-31')) v(at)
WINDOW w AS (ORDER BY at) ORDER BY at;
SELECT at, lifecycle_state(at, '1 day') OVER w AS s, churned(at, '1 day', '294276-12-31 12:00') OVER w AS c,
       churned(at, '100000 years', '294276-12-31') OVER w AS far
FROM (VALUES (timestamp '4714-11-24 BC'), ('4714-11-25 BC'), ('294276-12-30 12:00'), ('294276-12-31 11:59'),
             ('294276-12-31 23:59:59.999999')) v(at)
WINDOW w AS (ORDER BY at);
-- dates beyond those of timestamps
SELECT at, lifecycle_state(at, '1 month') OVER w AS s, relationship_number(at, '30 days') OVER w AS n,
       churned(at, '1 month', date '5874897-12-31') OVER w AS c
FROM (VALUES (date '5874897-01-31'), ('5874897-02-28'), ('5874897-03-29'), ('5874897-11-30'), ('5874897-12-30'),
             ('5874897-12-31')) v(at)
WINDOW w AS (ORDER BY at) ORDER BY at;
-- before 2000, behind rows without a time
SELECT at, lifecycle_state(at, '1 month') OVER w AS s, relationship_number(at, '1 month') OVER w AS n,
       churned(at, '1 month', '1970-01-01') OVER w AS c
FROM (VALUES (NULL), (NULL), (timestamp '1969-07-20'), ('1969-08-20'), ('1969-09-21'),
             ('1999-12-31 23:59:59.999999')) v(at)
WINDOW w AS (ORDER BY at NULLS FIRST);
-- the last month of the calendar, in a zone
SELECT at, lifecycle_state(at, '1 month') OVER w AS s, churned(at, '1 month', '294276-12-31 20:00+00') OVER w AS c,
       churned(at, '30 days', '294276-12-31 20:00+00') OVER w AS c30
FROM (VALUES (timestamptz '294276-11-30 12:00+00'), ('294276-12-01 12:00+00'),
             ('294276-12-31 12:00:00.000001+00')) v(at)
WINDOW w AS (ORDER BY at);
-- a span that reaches beyond the calendar has no end
SELECT f, t,
       ended(format('SELECT %s OVER (ORDER BY at) FROM (VALUES (%s ''2024-01-01''), (''2024-06-01''), '
                    '(''294276-12-31'')) v(at)',
                    replace(f, 'SPAN', quote_literal('178000000 years')), t))
FROM unnest(ARRAY['lifecycle_state(at, SPAN)', 'relationship_number(at, SPAN)', 'churned(at, SPAN, ''2024-05-01'')']) f,
     unnest(ARRAY['date', 'timestamp', 'timestamptz']) t
ORDER BY 1, 2;
SELECT at, lifecycle_state(at, '178000000 years') OVER w, churned(at, '178000000 years', '2024-07-01') OVER w,
       churned(at, '2000000000 days', '2024-06-01') OVER w
FROM (VALUES (timestamptz '2024-01-01'), ('2024-06-01')) v(at) WINDOW w AS (ORDER BY at);
SELECT churned(date '2024-01-01', '178000000 years', date '5874897-12-31') OVER () AS d_last,
       churned(timestamp '2024-01-01', '178000000 years', '294276-12-31') OVER () AS ts_last;

--
-- Errors
--
-- spans that are none, in each function and type
CREATE TABLE call AS
	SELECT format(f, t) AS call, t, r
	FROM (VALUES ('lifecycle_state(at::%s, SPAN)'), ('relationship_number(at::%s, SPAN)'),
	             ('churned(at::%1$s, SPAN, ''2024-06-01''::%1$s)')) c(f),
	(VALUES ('date', 1), ('timestamp', 2), ('timestamptz', 3)) ty(t, r);
CREATE FUNCTION outcome_of(call text, span text, at text DEFAULT '2024-01-01') RETURNS text
RETURN ended(format('SELECT %s OVER (ORDER BY at) FROM (VALUES (timestamp ''2023-12-01''), (%L)) v(at)',
                    replace(call, 'SPAN', span), at));
SELECT span, outcome_of(call, span) AS outcome, count(*) AS calls, string_agg(DISTINCT t, ', ' ORDER BY t) AS types
FROM call,
     unnest(ARRAY['NULL::interval', 'interval ''0''', 'interval ''0 days''', 'interval ''-1 day''',
                  'interval ''-1 month''', 'interval ''1 month -30 days''', 'interval ''-1 month 29 days''',
	'interval ''-1 hour''', 'interval ''1 day''', 'interval ''1 month''', 'interval ''1 month 1 day''',
	'interval ''24 hours''', 'interval ''1 day 1 hour''', 'interval ''1 month 00:00:00.000001''',
	'interval ''1 day -1 hour''', 'interval ''1 month -1 day''', 'interval ''-1 day 25 hours''',
	'interval ''-1 month 40 days''']) span
GROUP BY 1, 2 ORDER BY span COLLATE "C", 2;
-- PostgreSQL 17 has an infinite interval
SELECT outcome_of(call, '''infinity''') = CASE WHEN current_setting('server_version_num')::int < 170000 THEN '22007'
                                               ELSE '22023' END AS as_it_should,
       count(*) AS calls
FROM call GROUP BY 1;
-- infinite times, at the first row and behind it
SELECT at, outcome_of(call, '''1 day''', at) AS outcome, count(*) AS calls
FROM call, unnest(ARRAY['infinity', '-infinity', '2024-01-01']) at GROUP BY 1, 2 ORDER BY 1, 2;
SELECT ended(format('SELECT %s OVER (ORDER BY at) FROM (VALUES (timestamp ''infinity'')) v(at)',
                    replace(call, 'SPAN', '''1 day'''))) AS outcome,
       count(*) AS calls
FROM call GROUP BY 1;
SELECT churned(at, '1 day', '2023-01-01') OVER (ORDER BY at) FROM (VALUES (date '2024-01-01'), ('infinity')) v(at);
SELECT churned(at, '1 day', NULL) OVER (ORDER BY at) FROM (VALUES (date '2024-01-01')) v(at);
SELECT churned(at, '1 day', NULL) OVER (ORDER BY at) FROM (VALUES (timestamp '2024-01-01')) v(at);
SELECT churned(at, '1 day', NULL) OVER (ORDER BY at) FROM (VALUES (timestamptz '2024-01-01')) v(at);
-- a bad span or as_of in a late row
SELECT lifecycle_state(date '2024-01-01' + i, CASE WHEN i < 5000 THEN interval '1 day' ELSE '0' END) OVER (ORDER BY i)
FROM generate_series(1, 5000) i;
SELECT relationship_number(date '2024-01-01' + i, CASE WHEN i < 5000 THEN interval '1 day' END) OVER (ORDER BY i)
FROM generate_series(1, 5000) i;
SELECT churned(date '2024-01-01' + i, CASE WHEN i < 5000 THEN interval '1 day' ELSE '-1 day' END, '2025-01-01')
           OVER (ORDER BY i)
FROM generate_series(1, 5000) i;
SELECT churned(date '2024-01-01' + i, '1 day', CASE WHEN i < 5000 THEN date '2025-01-01' END) OVER (ORDER BY i)
FROM generate_series(1, 5000) i;

-- windows that are not in order of time
CREATE FUNCTION in_window(call text, window_ text, times text, at text DEFAULT 'at') RETURNS text
RETURN ended(format('SELECT %s OVER (%s) FROM (SELECT row_number() OVER () AS id, %s AS at, at AS exact '
                    'FROM unnest(%L::timestamp[]) at) v',
                    replace(call, 'SPAN', '''1 day'''), window_, at, times));
SELECT w, times, in_window(call, w, times) AS outcome, count(*) AS calls
FROM call, (VALUES
	(1, '', '{2024-01-01,2024-01-02}'),				-- no ORDER BY, though the rows come in order
	(2, '', '{2024-01-02,2024-01-01}'),
	(3, '', '{2024-01-01,2024-01-01}'),				-- nothing to put in order
	(3, '', '{2024-01-01,NULL,2024-01-02}'),
	(3, '', '{2024-01-01,NULL}'),
	(3, '', '{NULL,2024-01-01}'),
	(3, '', '{NULL,NULL}'),
	(4, 'ORDER BY at DESC', '{2024-01-01,2024-01-02}'),
	(5, 'ORDER BY at DESC', '{2024-01-01}'),
	(6, 'ORDER BY -id', '{2024-01-01,2024-01-02}'),
	(7, 'ORDER BY id', '{2024-01-01,2024-01-05,2024-01-04,2024-01-06}'),
	(8, 'ORDER BY id', '{2024-01-01,2024-01-05,NULL,2024-01-04}'),
	(9, 'ORDER BY id', '{2024-01-01,2024-01-05,2024-01-05,2024-01-04}'),
	(10, 'ORDER BY id', '{2024-01-01,2024-01-04,2024-01-04,2024-01-05}'),
	(11, 'ORDER BY date_trunc(''month'', at)', '{2024-01-01,2024-01-04,2024-02-04}'),
	(12, 'ORDER BY date_trunc(''month'', at)', '{2024-01-01,2024-02-04,2024-02-04}'),
	(13, 'PARTITION BY id % 2', '{2024-01-01,2024-01-02}'),
	(14, 'PARTITION BY id % 2', '{2024-01-01,2024-01-02,2024-01-03}'),
	(15, 'ORDER BY id % 2, at', '{2024-01-01,2024-01-03,2024-01-04}'),
	(16, 'ORDER BY at, id DESC', '{2024-01-01,2024-01-01,2024-01-04}')) v(i, w, times)
GROUP BY i, w, times, 3 ORDER BY i, times, 3;
-- in order of the day, while the times of a day are not
SELECT t, in_window(call, 'ORDER BY at::date', '{2024-01-01 10:00,2024-01-01 11:00}') AS outcome, count(*) AS calls
FROM call GROUP BY t, r, 2 ORDER BY r;
-- late in a long partition, in the second partition
SELECT max(lifecycle_state(date '2024-01-01' + i - 2 * (i / 100000), '1 day') OVER (ORDER BY i)) OVER ()
FROM generate_series(1, 100000) i LIMIT 1;
SELECT max(relationship_number(date '2024-01-01' + i - 2 * (i / 100000), '1 day') OVER (ORDER BY i)) OVER ()
FROM generate_series(1, 100000) i LIMIT 1;
SELECT bool_or(churned(date '2024-01-01' + i - 2 * (i / 100000), '1 day', '2024-01-05') OVER (ORDER BY i)) OVER ()
FROM generate_series(1, 100000) i LIMIT 1;
SELECT g, relationship_number(date '2024-01-01' + i, '1 day') OVER (PARTITION BY g ORDER BY i)
FROM (VALUES (1, 1), (1, 2), (0, 5), (0, 6)) v(g, i);
SELECT g, relationship_number(date '2024-01-01' + i, '1 day') OVER (PARTITION BY g ORDER BY abs(i))
FROM (VALUES (1, -2), (1, 3), (0, 5), (0, -6)) v(g, i);
-- before any number that the error would belie
SELECT churned(at, '1 day', '2024-06-01') OVER (ORDER BY i)
FROM (VALUES (1, date '2024-01-03'), (2, '2024-01-01')) v(i, at) LIMIT 1;
-- outside a window, where they cannot be, of things that are no times
SELECT lifecycle_state(at, '30 days') FROM example;
SELECT relationship_number(at, '30 days') FROM example;
SELECT churned(at, '30 days', '2024-06-01') FROM example;
SELECT customer FROM example WHERE lifecycle_state(at, '30 days') OVER (ORDER BY at) = 'new';
SELECT lifecycle_state(at, '30 days') FILTER (WHERE at > '2024-01-01') OVER (ORDER BY at) FROM example;
SELECT lifecycle_state(customer, '30 days') OVER (ORDER BY at) FROM example;
SELECT churned(at, '30 days') OVER (ORDER BY at) FROM example;
-- what the user sees
\set VERBOSITY default
SELECT lifecycle_state(at, '30 days') OVER (PARTITION BY customer ORDER BY at DESC) FROM example;
SELECT relationship_number(at, '30 days') OVER (PARTITION BY customer) FROM example;
SELECT churned(at, '30 days', '2024-06-01') OVER () FROM example;
SELECT lifecycle_state(at, '12 hours') OVER (PARTITION BY customer ORDER BY at) FROM example;
SELECT lifecycle_state(at, '-1 days') OVER (PARTITION BY customer ORDER BY at) FROM example;
SELECT lifecycle_state(at, NULL) OVER (PARTITION BY customer ORDER BY at) FROM example;
SELECT churned(at, '30 days', NULL) OVER (PARTITION BY customer ORDER BY at) FROM example;
SELECT churned(timestamp 'infinity', '30 days', '2024-06-01') OVER ();
\set VERBOSITY sqlstate

--
-- as_of: a day, whatever its type
--
CREATE TABLE met (c int, at timestamptz);
INSERT INTO met VALUES
	(1, '2024-01-01 09:00+00'), (1, '2024-01-10 00:30+00'), (2, '2024-01-05 12:00+00'), (3, '2024-01-08 23:30+00'),
	(3, '2024-01-09 02:00+00'), (4, '2018-11-03 12:00+00'), (4, '2018-11-04 03:30+00'), (5, '2011-11-06 03:30+00'),
	(5, '2011-11-06 05:30+00');
-- at of each type, as_of of each type: as by hand from the days, in zones with and without a midnight
-- (without one a day has 23 hours)
CREATE
    FUNCTION churned_at(zone text, type text, as_of text, day date, OUT n bigint, OUT wrong bigint, OUT gone bigint,
                        OUT unknown bigint)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	EXECUTE format($q$
		SELECT count(*),
		       count(*) FILTER (WHERE m IS DISTINCT FROM CASE WHEN d >= %3$L::date THEN NULL
		                                                      WHEN next <= at + interval '3 days' THEN false
		                                                      WHEN (at + interval '3 days')::date < %3$L::date
		                                                           OR next IS NOT NULL THEN true END),
		       count(*) FILTER (WHERE m), count(*) FILTER (WHERE m IS NULL)
		FROM (SELECT at, at::date AS d, churned(at, '3 days', %2$s) OVER (PARTITION BY c ORDER BY at) AS m,
		             (SELECT min(n.at::%1$s)
		              FROM met n WHERE n.c = s.c AND n.at::%1$s > s.at AND n.at::date < %3$L::date) AS next
		      FROM (SELECT c, at::%1$s AS at FROM met) s) x$q$, type, format(as_of, day), day) INTO n, wrong, gone,
		           unknown;
END $$;
SELECT type, count(*) AS tried, sum(n) AS rows, sum(wrong) AS wrong, sum(gone) > 100 AS gone,
       sum(unknown) > 100 AS unknown
FROM unnest(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Asia/Beirut', 'America/Havana',
                  'Pacific/Kiritimati', 'Asia/Kathmandu']) zone,
     unnest(ARRAY['date', 'timestamp', 'timestamptz']) type,
	unnest(ARRAY['%L', 'date %L', 'timestamp %L + interval ''10 hours''', 'timestamptz %L',
	             'timestamptz %L + interval ''23 hours''']) as_of,
	unnest(ARRAY['2024-01-08', '2024-01-09', '2024-01-10', '2024-01-12', '2024-01-13', '2018-11-04', '2011-11-06',
	             '2011-11-07', '0100-01-01 BC', '9999-12-31']::date[]) day,
	LATERAL churned_at(zone, type, as_of, day) r WHERE NOT (day = '2018-11-04' AND as_of ~ '23 hours') GROUP BY type
ORDER BY type;
-- clocks put back over midnight: the day begins with the first of the two
SET timezone = 'America/Havana';
SELECT at, at::date AS day, churned(at, '1 hour', '2011-11-13') OVER (ORDER BY at) AS day_over,
       churned(at, '1 hour', date '2011-11-13') OVER (ORDER BY at) AS by_date
FROM (VALUES (timestamptz '2011-11-13 03:59+00'), ('2011-11-13 04:30+00'), ('2011-11-13 05:30+00')) v(at);
SET timezone = 'UTC';
-- now, and parameters
SELECT churned(at, '3 days', now()) OVER w = churned(at, '3 days', current_date) OVER w AS now,
       churned(at::date, '3 days', now()) OVER w = churned(at::date, '3 days', current_date) OVER w AS date_now,
       churned(at::timestamp, '3 days', localtimestamp) OVER w AS local,
       churned(at::date, '3 days', date_trunc('month', now())) OVER w AS month
FROM met WHERE c = 2 WINDOW w AS (PARTITION BY c ORDER BY at);
PREPARE churned_by AS SELECT churned(at::date, '3 days', $1) OVER (PARTITION BY c ORDER BY at) FROM met WHERE c = 2;
EXECUTE churned_by('2024-01-08 23:00');
EXECUTE churned_by('2024-01-09');
EXECUTE churned_by(NULL);
DEALLOCATE ALL;
SELECT type, f, ended(format('SELECT churned(at::%s, ''3 days'', %s) OVER (ORDER BY at) FROM met', type, f))
FROM unnest(ARRAY['date', 'timestamp', 'timestamptz']) type,
	unnest(ARRAY['''infinity''', 'timestamp ''-infinity''', 'date ''infinity''', 'NULL', 'NULL::date',
	             'date ''5874897-12-31''']) f
ORDER BY type, f;
SELECT churned(at, '3 days', 'infinity') OVER (ORDER BY at) FROM met;
DROP TABLE met;

--
-- Large partitions and many: a row costs the same wherever it stands
--
SET statement_timeout = '300s';
-- a million events, one each minute but for an hour's silence after each thousand
CREATE TABLE long AS
	SELECT i, timestamp '2024-01-01' + i * interval '1 minute' + (i / 1000) * interval '1 hour' AS at
	FROM generate_series(0, 999999) i;
SELECT count(*) FILTER (WHERE s = 'new') AS new, count(*) FILTER (WHERE s = 'resurrected') AS resurrected,
       count(*) FILTER (WHERE s = 'retained') AS retained,
       max(n) AS relationships, count(*) FILTER (WHERE n <> i / 1000 + 1) AS wrong, count(*) FILTER (WHERE c) AS gone,
       count(*) FILTER (WHERE NOT c) AS stayed
FROM (SELECT i, lifecycle_state(at, '1 hour') OVER w AS s, relationship_number(at, '1 hour') OVER w AS n,
             churned(at, '1 hour', '2100-01-01') OVER w AS c
      FROM long WINDOW w AS (ORDER BY at)) x;
-- all at one instant, between two others
SELECT s, n, c, count(*)
FROM (SELECT lifecycle_state(at, '1 day') OVER w AS s, relationship_number(at, '1 day') OVER w AS n,
             churned(at, '1 day', '2024-02-01') OVER w AS c
      FROM (SELECT CASE WHEN i < 3 THEN date '2024-01-01' WHEN i < 300000 THEN '2024-01-02' ELSE '2024-01-04' END AS at
            FROM generate_series(1, 300001) i) t
      WINDOW w AS (ORDER BY at)) x
GROUP BY s, n, c ORDER BY n, s, c;
-- rows without time: first, last, in between
SELECT o, s, n, c, count(*)
FROM (SELECT o, lifecycle_state(at, '1 day') OVER w AS s, relationship_number(at, '1 day') OVER w AS n,
             churned(at, '1 day', '2024-02-01') OVER w AS c
      FROM (SELECT i, o, CASE WHEN i <= 500 THEN date '2024-01-01' WHEN i > 60000 THEN '2024-01-04' END AS at
            FROM generate_series(1, 60500) i, (VALUES ('first'), ('last'), ('middle')) o(o)) t
      WINDOW w AS (PARTITION BY o
                   ORDER BY CASE WHEN at IS NULL AND o = 'first' THEN -i WHEN at IS NULL AND o = 'last' THEN i + 1000000
                                 ELSE i END)) x
GROUP BY o, s, n, c ORDER BY o, n, s, c;
-- 100,000 customers with three events each
SELECT s, n, c, count(*)
FROM (SELECT lifecycle_state(at, '10 days') OVER w AS s, relationship_number(at, '10 days') OVER w AS n,
             churned(at, '10 days', '2024-02-01') OVER w AS c
      FROM (SELECT i % 100000 AS customer, date '2024-01-01' + (i / 100000) * (i % 20)::int AS at
            FROM generate_series(0, 299999) i) t
      WINDOW w AS (PARTITION BY customer ORDER BY at)) x
GROUP BY s, n, c ORDER BY n, s, c;
-- rows that are done with are let go of: nothing is written to disk, while a
-- function that holds on to its rows writes them all
CREATE FUNCTION written(call text) RETURNS bigint
LANGUAGE plpgsql SET work_mem = '64kB' SET enable_sort = off SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT %s OVER (ORDER BY at) FROM long WHERE i < 200000',
	               call) INTO plan;
	RETURN plan->0->'Plan'->>'Temp Written Blocks';
END $$;
CREATE INDEX ON long (at);
VACUUM ANALYZE long;
SELECT call, written(call) AS blocks
FROM (VALUES (1, 'lifecycle_state(at, ''1 hour'')'), (2, 'relationship_number(at, ''1 hour'')'),
             (3, 'churned(at, ''1 hour'', ''2024-03-01'')'), (4, 'row_number()')) v(i, call)
ORDER BY i;
SELECT written('ntile(3)') > 100 AS held;
RESET statement_timeout;
-- can be cancelled, and the session lives on
SET enable_sort = off;
SET statement_timeout = '100ms';
SELECT count(s)
FROM (SELECT lifecycle_state(at, '1 hour') OVER (ORDER BY at) AS s FROM long) x, generate_series(1, 100);
SELECT count(s)
FROM (SELECT churned(at, '1 hour', '2100-01-01') OVER () AS s
      FROM (SELECT timestamp '2024-01-01' + generate_series(1, 10000000) * interval '0' AS at) t) x;
SELECT max(n)
FROM (SELECT active_customers(i) OVER (ROWS 1000 PRECEDING) AS n FROM (SELECT generate_series(1, 10000000) AS i) t) x;
RESET enable_sort;
RESET statement_timeout;
SELECT lifecycle_state(at, '1 hour') OVER (ORDER BY at) FROM long WHERE i = 5;
DROP TABLE long;

-- a query that ends before the rows run backwards has looked ahead all the same
SELECT at, churned(at, '30 days', '2025-01-01') OVER (PARTITION BY c)
FROM (VALUES (1, date '2024-01-01'), (1, '2024-06-01'), (1, '2024-01-05')) v(c, at) LIMIT 1;
SELECT at, churned(at, '30 days', '2025-01-01') OVER (PARTITION BY c ORDER BY at)
FROM (VALUES (1, date '2024-01-01'), (1, '2024-06-01'), (1, '2024-01-05')) v(c, at) LIMIT 1;
-- silences of hundreds of thousands of years
SELECT at, relationship_number(at, '570000 years') OVER w AS longer,
       relationship_number(at, '2147483647 days') OVER w AS longest,
       relationship_number(at, '290000 years') OVER w AS shorter
FROM (VALUES (timestamp '4714-12-25 12:00 BC'), ('294276-11-30 00:00')) v(at) WINDOW w AS (ORDER BY at);

DROP SCHEMA window_test CASCADE;
