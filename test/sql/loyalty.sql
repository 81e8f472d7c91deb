--
-- loyalty: points of members, row by row of a ledger
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA loyalty_test;
SELECT set_config('search_path', 'loyalty_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Worked examples: what is expected stands beside what was computed
--
CREATE TABLE example (id serial, member text, at date, points int, expires date, expected_used float8,
	expected_balance float8);
INSERT INTO example (member, at, points, expires, expected_used, expected_balance) VALUES
	('ann', '2023-01-10', 100, '2024-01-10', 80, 100),
	('ann', '2023-06-01', 50, '2024-06-01', 10, 150),
	('ann', '2023-09-15', -80, NULL, NULL, 70),
	('ann', '2024-01-10', -10, NULL, NULL, 40),			-- 20 expire before the 10 are taken
	('ann', '2024-03-01', 40, '2025-03-01', 40, 80),
	('ann', '2024-07-01', -60, NULL, NULL, -20),		-- 40 expired on 1 June, 40 are there
	('ann', '2024-08-01', 30, '2025-08-01', 20, 10),	-- 20 pay the debt
	('bob', '2024-01-01', 100, '2024-12-31', 10, 100),
	('bob', '2024-02-01', 50, '2024-03-01', 50, 150),	-- expires sooner, so it is used first
	('bob', '2024-02-15', -60, NULL, NULL, 90),
	('cem', '2024-05-01', 20, NULL, 15, 5),				-- never expires
	('cem', '2024-05-01', -15, NULL, NULL, 5),
	('cem', '2024-05-02', NULL, NULL, NULL, 5),
	('cem', '2024-05-03', 10, '2024-05-03', 0, 5),		-- void
	('cem', '2024-05-04', 0, NULL, NULL, 5),
	('cem', NULL, 99, NULL, NULL, NULL),
	('cem', '2024-09-01', 7, '2025-09-01', NULL, 12),	-- not before as_of
	('dee', '2024-04-01', -5, NULL, NULL, -5),
	('dee', '2024-04-10', 8, '2024-04-20', 5, 3),
	('dee', '2024-04-20', -3, NULL, NULL, -3);			-- what was left has just expired

CREATE VIEW lots AS
	SELECT *, points_used(at, points, expires, '2024-09-01') OVER w AS points_used,
	       points_balance(at, points, expires) OVER w AS points_balance
	FROM example WINDOW w AS (PARTITION BY member ORDER BY at);
SELECT member, at, points, expires, points_used, expected_used, points_balance, expected_balance FROM lots ORDER BY id;
SELECT count(*) AS rows, count(*) FILTER (WHERE points_used IS DISTINCT FROM expected_used
                                          OR points_balance IS DISTINCT FROM expected_balance) AS wrong FROM lots;
-- the sums of each member, and of all: earned - redeemed - expired = outstanding - debt
SELECT coalesce(member, 'all') AS member, earned, redeemed, expired, outstanding, redeemed - used AS debt,
       earned - redeemed - expired AS identity, outstanding - (redeemed - used) AS the_same
FROM (SELECT member, sum(points) FILTER (WHERE points > 0) AS earned,
             coalesce(-sum(points) FILTER (WHERE points < 0), 0) AS redeemed,
             coalesce(sum(points - points_used) FILTER (WHERE expires <= '2024-09-01'), 0) AS expired,
             coalesce(sum(points - points_used) FILTER (WHERE expires > '2024-09-01' OR expires IS NULL),
             	0) AS outstanding,
             sum(points_used) AS used
      FROM lots WHERE at < '2024-09-01' GROUP BY ROLLUP (member)) s ORDER BY s.member;
-- the other two types of time, with names, columns of numeric, bigint and real, NULL times first, spending first
SELECT count(*) AS rows,
       count(*) FILTER (WHERE a IS DISTINCT FROM expected_used OR b IS DISTINCT FROM expected_used
                        OR c IS DISTINCT FROM expected_balance OR d IS DISTINCT FROM expected_balance) AS wrong
FROM (SELECT *, points_used(at => at::timestamp, points => points::numeric, expires => expires::timestamp,
                            as_of => '2024-09-01') OVER w AS a,
             points_used(at::timestamptz, points::bigint, expires::timestamptz, '2024-09-01') OVER w AS b,
             points_balance(at => at::timestamp, points => points::real, expires => expires::timestamp) OVER w AS c,
             points_balance(at::timestamptz, points::bigint, expires) OVER w AS d
      FROM example WINDOW w AS (PARTITION BY member ORDER BY at NULLS FIRST, points)) x;
-- nobody, one row, rows without a time, only what is spent
SELECT points_used(at, points, expires, '2024-09-01') OVER w, points_balance(at, points, expires) OVER w
FROM example WHERE false WINDOW w AS (ORDER BY at);
SELECT points_used(at, points, NULL, 'infinity') OVER (), points_balance(at, points, NULL) OVER ()
FROM (VALUES (date '2024-01-01', 5)) v(at, points);
SELECT points_used(at, points, NULL, 'infinity') OVER (), points_balance(at, points, NULL) OVER ()
FROM (VALUES (NULL::date, 5), (NULL, -5)) v(at, points);
SELECT points_used(at, points, NULL, 'infinity') OVER w, points_balance(at, points, NULL) OVER w
FROM (VALUES (date '2024-01-01', -5), ('2024-01-02', -6), ('2024-01-02', NULL)) v(at, points) WINDOW w AS (ORDER BY at);
-- of equal expiry the one earned first, then the smaller one; NULL and infinity are the same, and never
SELECT id, points, points_used(at, points, expires, 'infinity') OVER (ORDER BY at) AS used, expected
FROM (VALUES (1, date '2024-01-02', 30, date '2025-01-01', 25), (2, '2024-01-02', 20, '2025-01-01', 20),
             (3, '2024-01-01', 40, '2025-01-01', 40), (4, '2024-01-01', 50, NULL, 0), (5, '2024-01-01', 45,
             	'infinity', 0),
             (6, '2024-01-03', -85, NULL, NULL)) v(id, at, points, expires, expected) ORDER BY id;
-- ... and they are taken when that is gone
SELECT id, points_used(at, points, expires, 'infinity') OVER (ORDER BY at) AS used, expected
FROM (VALUES (1, timestamp '2024-01-01', 50, NULL::timestamp, 10), (2, '2024-01-01', 45, 'infinity', 45),
             (3, '2024-01-01', 99, '-infinity', 0), (4, '2024-01-03', -55, '-infinity', NULL))
     v(id, at, points, expires, expected) ORDER BY id;
-- an earning is spendable up to the microsecond before it expires; as_of excludes its own instant
SELECT spent, used, balance
FROM (VALUES (timestamptz '2024-02-01' - interval '1 microsecond'), ('2024-02-01'),
	('2024-02-01 00:00:00.000001')) s(spent),
     LATERAL (SELECT max(used) AS used, min(balance) AS balance
              FROM (SELECT points_used(at, points, timestamptz '2024-02-01', '2024-02-01') OVER w AS used,
                           points_balance(at, points, timestamptz '2024-02-01') OVER w AS balance
                    FROM (VALUES (timestamptz '2024-01-01', 10), (spent, -4)) v(at, points)
                    	WINDOW w AS (ORDER BY at)) x) y;
SELECT as_of, max(used) AS used
FROM (SELECT as_of, points_used(at, points, NULL, as_of) OVER (PARTITION BY as_of ORDER BY at) AS used
      FROM (VALUES (date '2024-01-01', 10), ('2024-01-05', -4)) v(at, points),
           (VALUES (date '-infinity'), ('2024-01-01'), ('2024-01-02'), ('2024-01-05'), ('2024-01-06'),
           	('infinity')) d(as_of)) x
GROUP BY as_of ORDER BY as_of;
-- ends of the calendar
SELECT at, points_used(at, 5, expires, 'infinity') OVER w AS used, points_balance(at, 5, expires) OVER w AS balance
FROM (VALUES (date '4713-01-01 BC', date '5874897-12-31'), ('5874897-12-31', '5874897-12-31'),
             ('5874897-12-30', '5874897-12-31')) v(at, expires) WINDOW w AS (ORDER BY at);

--
-- Random ledgers against points that are followed one instant after the other
--
CREATE TABLE ledger AS
	SELECT id, member, at, points,
	       (ARRAY[at + 20, at + 20, at + 90, NULL, 'infinity', at, at - 3, at + dice(id, 5, 200),
	              date '2024-12-31', '-infinity'])[1 + dice(id, 6, 10)] AS expires
	FROM (SELECT i AS id, dice(i, 1, 150) AS member,
	             CASE WHEN dice(i, 2, 25) > 0 THEN date '2024-01-01' + dice(i, 3, 60) * 3 END AS at,
	             CASE WHEN dice(i, 7, 20) = 0 THEN NULL
	                  WHEN dice(i, 7, 20) = 1 THEN 0
	                  WHEN dice(dice(i, 1, 150), 8, 3) = 0 THEN round((dice(i, 9, 20000) - 9000) / 100.0, 2)
	                  ELSE dice(i, 9, 200) - 90 END AS points
	      FROM generate_series(1, 4000) i) x;
-- ties, voids, decimals, rows that earn nothing: there are some of each
SELECT count(*) FILTER (WHERE n > 1) > 500 AS ties, sum(voids) > 200 AS voids, sum(decimals) > 500 AS decimals
FROM (SELECT count(*) AS n, count(*) FILTER (WHERE points > 0 AND expires <= at) AS voids,
             count(*) FILTER (WHERE points % 1 <> 0) AS decimals FROM ledger GROUP BY member, at) x;

-- In exact arithmetic, looking for the next points anew each time
CREATE TABLE followed (id bigint, as_of date, used numeric, balance numeric);
CREATE FUNCTION follow(whose int, until date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	instant date;
	owed numeric := 0;
	part numeric;
	lot record;
BEGIN
	DELETE FROM open;
	FOR instant IN SELECT DISTINCT at FROM ledger WHERE member = whose AND at < until ORDER BY at LOOP
		INSERT INTO open SELECT id, at, points, 0, expires FROM ledger
			WHERE member = whose AND at = instant AND points > 0;
		owed := owed - (SELECT coalesce(sum(points), 0) FROM ledger WHERE member = whose AND at = instant
			AND points < 0);
		FOR lot IN SELECT * FROM open WHERE used < points AND coalesce(expires, 'infinity') > instant
				ORDER BY coalesce(expires, 'infinity'), at, points LOOP
			EXIT WHEN owed = 0;
			part := least(owed, lot.points - lot.used);
			UPDATE open SET used = used + part WHERE id = lot.id;
			owed := owed - part;
		END LOOP;
		INSERT INTO followed SELECT l.id, until, NULL, coalesce(sum(o.points - o.used)
				FILTER (WHERE coalesce(o.expires, 'infinity') > instant), 0) - owed
			FROM ledger l LEFT JOIN open o ON true WHERE l.member = whose AND l.at = instant GROUP BY l.id;
	END LOOP;
	UPDATE followed f SET used = o.used FROM open o WHERE o.id = f.id AND f.as_of = until;
END $$;
CREATE TABLE open (id bigint, at date, points numeric, used numeric, expires date);
SELECT count(follow(member, as_of)) AS ledgers
FROM generate_series(0, 149) member, (VALUES (date '2024-03-31'), ('infinity')) d(as_of);

CREATE FUNCTION check_ledger(source text, type text, ordering text, OUT n bigint, OUT used bigint, OUT wrong bigint)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(c.used), count(*) FILTER (WHERE NOT near(c.used, f.used::float8, 1e-9)
		                                                 OR NOT near(c.balance, f.balance::float8, 1e-9)
		                                                 OR (whole AND (c.used <> f.used OR c.balance <> f.balance)))
		-- earnings alike in all columns may change places; members without decimals are exact
		FROM (SELECT as_of, member, at, points, expires, sum(used) AS used, min(balance) AS balance, dice(member, 8,
			3) > 0 AS whole
		      FROM (SELECT d.as_of, id, member, at, points, expires,
		                   points_used(at::%2$s, points, expires::%2$s, as_of::%2$s) OVER w AS used,
		                   points_balance(at::%2$s, points, expires::%2$s) OVER w AS balance
		            FROM %1$s, (VALUES (date '2024-03-31'), ('infinity')) d(as_of)
		            WINDOW w AS (PARTITION BY as_of, member ORDER BY %3$s)) x
		      WHERE at < as_of GROUP BY 1, 2, 3, 4, 5) c
		FULL JOIN (SELECT as_of, member, at, points, expires, sum(used) AS used, max(balance) AS balance
		           FROM followed JOIN ledger USING (id) GROUP BY 1, 2, 3, 4, 5) f
		ON (c.as_of, c.member, c.at) = (f.as_of, f.member, f.at) AND c.points IS NOT DISTINCT FROM f.points
		   AND c.expires IS NOT DISTINCT FROM f.expires$q$, source, type, ordering) INTO n, used, wrong;
END $$;
SELECT type, ordering, (check_ledger('ledger', type, ordering)).*
FROM unnest(ARRAY['date', 'timestamp', 'timestamptz']) type,
     unnest(ARRAY['at', 'at NULLS FIRST', 'at, points', 'at, points DESC, id DESC']) ordering ORDER BY 1, 2;
-- rows without a time among the others, which are not peers of them then
SELECT (check_ledger($$(SELECT *, coalesce(at, '2024-01-01'::date + dice(id, 11, 180)) AS place FROM ledger) l$$,
	'date', 'place, id')).*;
-- shuffled, the results are the same to the last digit
SELECT count(DISTINCT digest) AS results
FROM generate_series(1, 5) salt,
     LATERAL (SELECT md5(string_agg(format('%s %s %s %s', member, at, points, y), ' ' ORDER BY member, at, points,
     	expires, y)) AS digest
              FROM (SELECT *, format('%s %s', points_used(at, points, expires, '2024-06-01') OVER w,
                                     points_balance(at, points, expires) OVER w) AS y
                    FROM (SELECT * FROM ledger ORDER BY rnd(id, salt, 1000000) OFFSET 0) l
                    WINDOW w AS (PARTITION BY member ORDER BY at)) x) z;
-- earned - redeemed - expired = outstanding - debt, at each instant of each member
SELECT count(*) AS instants, count(*) FILTER (WHERE NOT near(balance, earned - redeemed - expired, 1e-9)) AS wrong
FROM (SELECT member, as_of, max(balance) FILTER (WHERE at = as_of) AS balance, sum(points)
	FILTER (WHERE points > 0) AS earned,
             coalesce(-sum(points) FILTER (WHERE points < 0), 0) AS redeemed,
             sum(points - used) FILTER (WHERE expires <= as_of) AS expired
      FROM (SELECT l.member, d.as_of, at, points, expires,
                   points_used(at, points, expires, as_of + 1) OVER w AS used, points_balance(at, points, expires)
                   	OVER w AS balance
            FROM ledger l JOIN (SELECT DISTINCT member, at AS as_of FROM ledger WHERE member < 20) d
                 ON l.member = d.member AND l.at <= d.as_of
            WINDOW w AS (PARTITION BY l.member, as_of ORDER BY at)) x
      GROUP BY 1, 2) y WHERE earned IS NOT NULL AND expired IS NOT NULL;
-- the frame has no say
SELECT frame, bool_and(b IS NOT DISTINCT FROM c AND u IS NOT DISTINCT FROM v) AS same
FROM (SELECT 'ROWS 1 PRECEDING' AS frame, points_balance(at, points, expires) OVER f AS b,
             points_used(at, points, expires, '2024-06-01') OVER f AS u, points_balance(at, points, expires)
             	OVER w AS c,
             points_used(at, points, expires, '2024-06-01') OVER w AS v
      FROM ledger WINDOW w AS (PARTITION BY member ORDER BY at), f AS (PARTITION BY member ORDER BY at ROWS 1 PRECEDING)
      UNION ALL
      SELECT 'RANGE 5 FOLLOWING, EXCLUDE GROUP', points_balance(at, points, expires) OVER f,
             points_used(at, points, expires, '2024-06-01') OVER f, points_balance(at, points, expires) OVER w,
             points_used(at, points, expires, '2024-06-01') OVER w
      FROM ledger
      WINDOW w AS (PARTITION BY member ORDER BY at),
             f AS (PARTITION BY member ORDER BY at RANGE BETWEEN CURRENT ROW AND '5 days' FOLLOWING EXCLUDE GROUP)) x
GROUP BY frame ORDER BY frame;

--
-- Numbers
--
-- whole points are exact up to 2^53, and nothing of them is too little to count
SELECT id, points_used(at, points, NULL, 'infinity') OVER w AS used, points_balance(at, points, NULL) OVER w AS balance
FROM (VALUES (1, date '2024-01-01', 9007199254740992::float8), (2, '2024-01-02', -9007199254740991),
             (3, '2024-01-03', -2), (4, '2024-01-04', 9007199254740992)) v(id, at, points) WINDOW w AS (ORDER BY at);
-- decimals leave no crumbs: neither of an earning, nor of a debt
SELECT id, points, points_used(at, points, NULL, 'infinity') OVER w AS used, points_balance(at, points, NULL)
	OVER w AS balance
FROM (VALUES (1, 1, 0.3), (2, 2, -0.1), (3, 3, -0.1), (4, 4, -0.1), (5, 5, -0.1), (6, 5, -0.2), (7, 6, 0.3), (8, 7,
	0.1),
             (9, 7, 0.2), (10, 8, -0.3), (11, 9, 1e-7), (12, 10, -4e-8)) v(id, day, points),
     LATERAL (SELECT date '2024-01-01' + day AS at) a WINDOW w AS (ORDER BY at);
-- ... and a long row of them no drift
SELECT max(abs(balance - round(balance::numeric, 2)::float8)) < 1e-9 AS none, bool_and(balance = 0)
	FILTER (WHERE i % 4 = 3) AS nil
FROM (SELECT i, points_balance(timestamp '2024-01-01' + i * interval '1 hour', (ARRAY[0.1, 0.7, -0.5,
	-0.3])[1 + i % 4], NULL)
                OVER (ORDER BY i) AS balance
      FROM generate_series(0, 3999) i) x;
-- a sum that is no number
SELECT points_balance(at, 1e308, NULL) OVER (ORDER BY at) FROM (VALUES (date '2024-01-01'), ('2024-01-01')) v(at);
SELECT points_balance(at, -1e308, NULL) OVER (ORDER BY at) FROM (VALUES (date '2024-01-01'), ('2024-01-01')) v(at);
SELECT points_used(at, -1e308, NULL, 'infinity') OVER (ORDER BY at) FROM (VALUES (date '2024-01-01'),
	('2024-01-02')) v(at);

--
-- A hostile member: many rows, at one instant and at many
--
-- (quadratic time would be many minutes)
SELECT instants, sum(used) AS used, min(balance) AS least, max(balance) AS most
FROM (VALUES (1), (1000), (100000)) k(instants),
     LATERAL (SELECT points_used(at, points, expires, 'infinity') OVER w AS used, points_balance(at, points,
     	expires) OVER w AS balance
              FROM (SELECT timestamp '2024-01-01' + i % instants * interval '1 s' AS at,
              	CASE WHEN i % 3 = 0 THEN -2 ELSE 1 END AS points,
                           timestamp '2025-01-01' + rnd(i, 1, 1000000) * interval '1 s' AS expires
                    FROM generate_series(1, 100000) i) l WINDOW w AS (ORDER BY at)) x GROUP BY instants
                    	ORDER BY instants;

--
-- Errors
--
\set VERBOSITY terse
-- no as_of, and two of them
SELECT points_used(at, points, expires, NULL) OVER (PARTITION BY member ORDER BY at) FROM example;
SELECT points_used(at, points, expires, CASE WHEN id < 4 THEN date '2024-09-01' ELSE '2024-08-01' END)
	OVER (PARTITION BY member ORDER BY at) FROM example;
SELECT points_used(at, points, expires, CASE WHEN at IS NOT NULL THEN date '2024-09-01' END)
	OVER (PARTITION BY member ORDER BY at) FROM example;
-- ... which differ between partitions
SELECT member, max(used) FROM (SELECT member, points_used(at, points, expires, as_of) OVER (PARTITION BY member
	ORDER BY at) AS used
	FROM (SELECT *, CASE member WHEN 'ann' THEN date '2023-10-01' ELSE '2024-09-01' END AS as_of FROM example) e) x
GROUP BY member ORDER BY member;
-- rows that are not in order: descending, by another column, by none, by a coarser one
SELECT points_balance(at, points, expires) OVER (PARTITION BY member ORDER BY at DESC) FROM example;
SELECT points_used(at, points, expires, '2024-09-01') OVER (PARTITION BY member ORDER BY at DESC) FROM example;
SELECT points_balance(at, points, expires) OVER (PARTITION BY member ORDER BY points) FROM example;
SELECT points_used(at, points, expires, '2024-09-01') OVER (PARTITION BY member ORDER BY points) FROM example;
SELECT points_balance(at, points, expires) OVER (PARTITION BY member) FROM example;
SELECT points_used(at, points, expires, '2024-09-01') OVER () FROM example;
SELECT points_balance(at, points, expires) OVER (PARTITION BY member ORDER BY date_trunc('year', at)) FROM example;
SELECT points_balance(at, points, expires) OVER (PARTITION BY member ORDER BY date_trunc('year', at))
	FROM example LIMIT 1;
-- ... of which one, after as_of, is too early
SELECT points_used(at, 1, NULL, '2024-01-02') OVER (ORDER BY i)
FROM (VALUES (1, date '2024-01-01'), (2, '2024-01-05'), (3, '2024-01-04')) v(i, at);
-- infinite times and numbers that are none
SELECT points_balance(date 'infinity', 1, NULL) OVER ();
SELECT points_used(timestamp '-infinity', 1, NULL, 'infinity') OVER ();
SELECT points_balance(date '2024-01-01', 'NaN', NULL) OVER ();
SELECT points_used(date '2024-01-01', '-infinity', NULL, '2024-01-01') OVER ();
-- not over a window
SELECT points_balance(date '2024-01-01', 1, NULL);

DROP SCHEMA loyalty_test CASCADE;
