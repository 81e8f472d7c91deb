--
-- logrank: do groups of customers stay equally long, and contracts from date to date
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA logrank_test;
SELECT set_config('search_path', 'logrank_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- 150,000 customers with one contract each
CREATE TABLE buyer AS
	SELECT i, i % 100000 AS g, rnd(i, 32, 90)::float8 AS t, rnd(i, 33, 3) = 0 AS e, i % 3 AS h, i % 300 AS d
	FROM generate_series(1, 150000) i;
ANALYZE buyer;
CREATE FUNCTION bytes(c survival_curve) RETURNS bytea RETURN survival_curve_send(c);

--
-- Log-rank test
--
-- exp(-x) x^a / Gamma(a + 1) summed: the tail of chi-square for whole degrees
-- of freedom, by its finite sums over erfc, which is a series or a fraction
CREATE FUNCTION erfc_oracle(x double precision) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
	term double precision := x;
	total double precision := 0;
	f double precision := 0;
BEGIN
	IF x < 2 THEN
		FOR n IN 0..80 LOOP
			total := total + term / (2 * n + 1);
			term := -term * x * x / (n + 1);
			EXIT WHEN abs(term) < 1e-40;
		END LOOP;
		RETURN 1 - 2 / sqrt(pi()) * total;
	END IF;
	FOR n IN REVERSE 200..1 LOOP
		f := n / 2.0::float8 / (x + f);
	END LOOP;
	RETURN CASE WHEN x * x < 700 THEN exp(-x * x) / (x + f) / sqrt(pi()) ELSE 0 END;
END $$;
CREATE FUNCTION tail_oracle(chi_square double precision, df int) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
	y double precision := chi_square / 2;
	a double precision := CASE WHEN df % 2 = 0 THEN 0 ELSE 0.5 END;
	total double precision := CASE WHEN df % 2 = 0 THEN 0 ELSE erfc_oracle(sqrt(chi_square / 2)) END;
	term double precision;
BEGIN
	IF y > 700 THEN
		RETURN 0;
	END IF;
	-- term = exp(-y) y^a / Gamma(a + 1)
	term := exp(-y) * CASE WHEN df % 2 = 0 THEN 1 ELSE sqrt(y) * 2 / sqrt(pi()) END;
	WHILE a <= df / 2.0 - 0.9 LOOP
		total := total + term;
		a := a + 1;
		term := term * y / a;
	END LOOP;
	RETURN total;
END $$;
SELECT close(tail_oracle(3.841458820694124, 1), 0.05) AS df1, close(tail_oracle(5.991464547107979, 2), 0.05) AS df2,
       close(tail_oracle(7.814727903251179, 3), 0.05) AS df3,
       close(tail_oracle(0.710723021397324, 4), 0.95) AS df4,
       close(tail_oracle(122.249125573006, 1), 2.0359832222855e-28, 1e-9) AS small;

CREATE TABLE trial (k int, i bigint, t double precision, e boolean, g bigint);
-- 2 to 8 groups, alike, a little different, very different
INSERT INTO trial
	SELECT k, i, 1 + floor((1 + rnd(i, 40 + k, 1000)) * (1 + (k % 4) * (i % (2 + k % 7)) / 3.0) / 20),
	       rnd(i, 80 + k, 4) > 0, i % (2 + k % 7)
	FROM generate_series(1, 40) k, generate_series(1, 60 + 40 * (k % 5)) i;
-- few customers
INSERT INTO trial
	SELECT 1000 + k, i, rnd(i + 1000 * k, 5, 6), rnd(i + 1000 * k, 6, 3) > 0, rnd(i + 1000 * k, 7, 2 + k % 4)
	FROM generate_series(1, 200) k, generate_series(1, 3 + k % 14) i;
-- as different as can be, up to a p too small for a number
INSERT INTO trial
	SELECT 2000 + k, i, CASE WHEN i % 2 = 0 THEN 1 + i ELSE 100000 + i END, true, i % 2
	FROM generate_series(1, 6) k, generate_series(1, (15 * 3 ^ k)::int) i;
-- large: 30,000 customers of 5 groups
INSERT INTO trial SELECT 3000, i, rnd(i, 51, 2000) / 4.0, rnd(i, 52, 2) = 0, i % 5 FROM generate_series(1, 30000) i;
-- without churn in one group; a group gone before the first churn; only one group left to compare; no churn;
-- all at once
INSERT INTO trial SELECT 4001, i, i, i % 3 > 0, i % 3 FROM generate_series(1, 60) i;
INSERT INTO trial
	SELECT 4002, i, CASE i % 3 WHEN 0 THEN 1 ELSE 10 + i * 7 % 30 END, i % 3 > 0 AND i % 4 > 0, i % 3
	FROM generate_series(1, 60) i;
INSERT INTO trial
	SELECT 4003, i, CASE i % 2 WHEN 0 THEN 1 ELSE 10 + i END, i % 2 > 0, i % 2
	FROM generate_series(1, 60) i;
INSERT INTO trial SELECT 4004, i, i, false, i % 2 FROM generate_series(1, 60) i;
INSERT INTO trial SELECT 4005, i, 5, true, i % 2 FROM generate_series(1, 60) i;
INSERT INTO trial SELECT 4006, i, i, true, 7 FROM generate_series(1, 60) i;
INSERT INTO trial VALUES
	(4007, 1, 1, true, 1), (4008, 1, 1, true, 1), (4008, 2, 2, true, 2), (4009, 1, 2, true, 1), (4009, 2, 2, false, 2),
	(4010, 1, 0, true, 1), (4010, 2, 0, false, 2), (4010, 3, 0, true, 2);
-- two groups are nearly one: one customer of a group in 3,000
INSERT INTO trial
	SELECT 4011, i, rnd(i, 53, 50), true, CASE WHEN i = 1 THEN 1 ELSE 2 + i % 2 END
	FROM generate_series(1, 3000) i;
ANALYZE trial;

-- observed less expected and their covariance, at each time with a churn
CREATE TABLE risk AS
	SELECT k, g, t, n, d, nn, dd FROM (
		SELECT k, g, t, d, sum(n) OVER (PARTITION BY k, g ORDER BY t DESC)::float8 AS n,
		       (sum(n) OVER (PARTITION BY k ORDER BY t DESC))::float8 AS nn,
		       sum(d) OVER (PARTITION BY k, t)::float8 AS dd
		-- each group at each time, also when it has nobody who leaves then
		FROM (SELECT k, g, t, count(i) AS n, count(*) FILTER (WHERE e) AS d
		      FROM (SELECT k, g, t, i, e FROM trial
		            UNION ALL SELECT k, g, t, NULL, NULL
		                      FROM (SELECT DISTINCT k, t FROM trial) a
		                      JOIN (SELECT DISTINCT k, g FROM trial) b USING (k)) y
		      GROUP BY k, g, t) z) x WHERE dd > 0;
ANALYZE risk;
CREATE TABLE score AS
	SELECT k, g, u, row_number() OVER (PARTITION BY k ORDER BY g)::int AS j,
	       count(*) OVER (PARTITION BY k)::int AS groups
	FROM (SELECT k, g, sum(d - dd * n / nn) AS u, sum(dd * n / nn) AS expected FROM risk GROUP BY k, g) x
	WHERE expected > 0;
CREATE TABLE covariance AS
	SELECT a.k, sa.j AS row, sb.j AS col,
	       sum(CASE WHEN a.nn > 1
	                  THEN a.dd * (a.nn - a.dd) / (a.nn - 1) * (a.n / a.nn) * ((a.g = b.g)::int - b.n / b.nn)
	                ELSE 0 END) AS v
	FROM risk a JOIN risk b USING (k, t) JOIN score sa ON sa.k = a.k AND sa.g = a.g
	JOIN score sb ON sb.k = b.k AND sb.g = b.g GROUP BY 1, 2, 3;
-- U' V^-1 U without the last group, by elimination with pivots
CREATE FUNCTION logrank_oracle(trial_k int, OUT chi_square double precision, OUT df int, OUT p_value double precision)
LANGUAGE plpgsql AS $$
DECLARE
	m int := (SELECT max(groups) - 1 FROM score WHERE k = trial_k);
	a double precision[] := (SELECT array_agg(v ORDER BY row, col)
	                         FROM covariance WHERE k = trial_k AND row <= m AND col <= m);
	u double precision[] := (SELECT array_agg(s.u ORDER BY j) FROM score s WHERE k = trial_k AND j <= m);
	swap double precision;
	f double precision;
	p int;
BEGIN
	IF coalesce(m, 0) = 0 OR (SELECT max(v) FROM covariance WHERE k = trial_k) <= 0 THEN
		RETURN;
	END IF;
	chi_square := 0;
	df := m;
	-- the sum of squares of the eliminated right side over the pivots
	FOR c IN 1..m LOOP
		p := c;
		FOR r IN c + 1..m LOOP
			IF abs(a[(r - 1) * m + r]) > abs(a[(p - 1) * m + p]) THEN p := r; END IF;
		END LOOP;
		-- symmetric exchange keeps it a form
		IF p <> c THEN
			FOR x IN 1..m LOOP swap := a[(p - 1) * m + x]; a[(p - 1) * m + x] := a[(c - 1) * m + x]; a[(c - 1) * m + x]
			    := swap; END LOOP;
			FOR x IN 1..m LOOP swap := a[(x - 1) * m + p]; a[(x - 1) * m + p] := a[(x - 1) * m + c]; a[(x - 1) * m + c]
			    := swap; END LOOP;
			swap := u[p]; u[p] := u[c]; u[c] := swap;
		END IF;
		chi_square := chi_square + u[c] ^ 2 / a[(c - 1) * m + c];
		FOR r IN c + 1..m LOOP
			f := a[(r - 1) * m + c] / a[(c - 1) * m + c];
			FOR x IN c..m LOOP a[(r - 1) * m + x] := a[(r - 1) * m + x] - f * a[(c - 1) * m + x]; END LOOP;
			u[r] := u[r] - f * u[c];
		END LOOP;
	END LOOP;
	p_value := tail_oracle(chi_square, df);
END $$;
CREATE TABLE logrank AS SELECT k, (logrank_oracle(k)).* FROM (SELECT DISTINCT k FROM trial) x;
CREATE TABLE tested AS SELECT k, logrank_test(t, e, g) AS l FROM trial GROUP BY k;
SELECT o.k / 1000 AS kind, count(*) AS trials, count(o.chi_square) > 0 AS tested, count(DISTINCT o.df) AS degrees,
       count(*) FILTER (WHERE NOT close((l).chi_square, o.chi_square, 1e-8)) AS chi_square_wrong,
       count(*) FILTER (WHERE o.chi_square IS NOT NULL
                          AND (l).degrees_of_freedom IS DISTINCT FROM o.df) AS degrees_wrong,
       count(*) FILTER (WHERE NOT close((l).p_value, tail_oracle((l).chi_square, o.df))
                        OR (o.chi_square < 1000 AND abs((l).p_value / tail_oracle((l).chi_square, o.df) - 1) > 1e-10))
                            AS p_wrong
FROM logrank o JOIN tested USING (k) GROUP BY 1 ORDER BY 1;
SELECT k, round((l).chi_square::numeric, 6) AS chi_square,
       CASE WHEN (l).chi_square IS NOT NULL THEN (l).degrees_of_freedom END AS df,
       round((l).p_value::numeric, 6) AS p_value
FROM tested WHERE k BETWEEN 4001 AND 4011 ORDER BY k;
-- p values from nearly 1 to 0
SELECT min(p) < 1e-300 AS tiny, max(p) > 0.99 AS nearly_one, bool_and(p BETWEEN 0 AND 1) AS share,
       count(*) FILTER (WHERE p BETWEEN 1e-3 AND 0.999) > 100 AS middle
FROM (SELECT (l).p_value AS p FROM tested) x WHERE p IS NOT NULL;
-- two groups: the square of one number over its variance
SELECT count(*) > 50 AS trials, count(*) FILTER (WHERE NOT close((l).chi_square, u ^ 2 / v, 1e-9)) AS wrong
FROM (SELECT k, sum(d - dd * n / nn) AS u,
             sum(CASE WHEN nn > 1 THEN dd * (nn - dd) / (nn - 1) * (n / nn) * (1 - n / nn) END) AS v
      FROM risk WHERE k IN (SELECT k FROM score WHERE groups = 2) AND (k, g) IN (SELECT k, min(g) FROM score GROUP BY k)
      GROUP BY k) x JOIN tested USING (k) WHERE v > 0;
-- many groups that all end at one time: the chi-square of a table, for even and odd degrees of freedom
SELECT count(*) AS trials,
       count(*) FILTER (WHERE NOT close((l).chi_square, x, 1e-8) OR (l).degrees_of_freedom <> groups - 1
                          OR NOT close((l).p_value, tail_oracle((l).chi_square, groups::int - 1))) AS wrong,
       min((l).p_value) < 1e-3 AS small, max((l).p_value) > 0.9 AS large
FROM (SELECT k, logrank_test(5, e, g) AS l
      FROM (SELECT k, g, rnd(i * 1000 + g, k, 3 + (g % 2) * 5 * (k % 3)) = 0 AS e
            FROM generate_series(1, 8) k, generate_series(1, 2 + k * k) g, generate_series(1, 10 + g % 7) i) r
      GROUP BY k) m
JOIN (SELECT k, count(*) AS groups, sum((d - dd * n / nn) ^ 2 * nn / n) * max((nn - 1) / (dd * (nn - dd))) AS x
      FROM (SELECT k, g, n, d, sum(n) OVER (PARTITION BY k)::float8 AS nn, sum(d) OVER (PARTITION BY k)::float8 AS dd
            FROM (SELECT k, g, count(*) AS n,
                         count(*) FILTER (WHERE rnd(i * 1000 + g, k, 3 + (g % 2) * 5 * (k % 3)) = 0) AS d
                  FROM generate_series(1, 8) k, generate_series(1, 2 + k * k) g, generate_series(1, 10 + g % 7) i
                  GROUP BY k, g) y) z GROUP BY k) o USING (k);
-- 1,000 groups can be tested, more are an error
SELECT (l).degrees_of_freedom, close((l).p_value, tail_oracle((l).chi_square, 299), 1e-9) AS p_value
FROM (SELECT logrank_test(i % 37, i % 5 > 0, i % 300) AS l FROM generate_series(1, 6000) i) x;
SELECT logrank_test(i % 37, false, i % 1000) FROM generate_series(1, 3000) i;
SELECT logrank_test(i % 37, false, i % 1001) FROM generate_series(1, 3000) i;
-- the names of the groups do not matter, nor their type; nor the order of rows; nor the unit of time
CREATE FUNCTION alike(a logrank_test, b logrank_test) RETURNS boolean
RETURN close((a).chi_square, (b).chi_square, 1e-9) AND close((a).p_value, (b).p_value, 1e-8)
       AND (a).degrees_of_freedom IS NOT DISTINCT FROM (b).degrees_of_freedom;
SELECT count(*) AS trials, count(*) FILTER (WHERE NOT alike(l, by_text)) AS text_wrong,
       count(*) FILTER (WHERE NOT alike(l, by_integer)) AS integer_wrong,
       count(*) FILTER (WHERE NOT alike(l, by_negative)) AS negative_wrong,
       count(*) FILTER (WHERE NOT alike(l, by_far)) AS far_wrong,
       count(*) FILTER (WHERE NOT alike(l, by_neighbour)) AS neighbour_wrong,
       count(*) FILTER (WHERE NOT alike(l, by_high)) AS high_wrong,
       count(*) FILTER (WHERE l IS DISTINCT FROM shuffled) AS order_wrong,
       count(*) FILTER (WHERE NOT alike(l, hours)) AS unit_wrong
FROM (SELECT k, logrank_test(t, e, g::text) AS by_text, logrank_test(t::int, e, g::smallint) AS by_integer,
             logrank_test(t, e, -g) AS by_negative,
             logrank_test(t, e, CASE WHEN g = 0 THEN 9223372036854775807 ELSE -9223372036854775808 + g END) AS by_far,
             logrank_test(t, e, 9007199254740992 + g) AS by_neighbour, logrank_test(t, e, g * 4294967296) AS by_high,
             logrank_test(t, e, g ORDER BY hashint8(i)) AS shuffled, logrank_test(t * 24, e, g) AS hours FROM trial
      WHERE k <> 3000 GROUP BY k) x JOIN tested USING (k);
-- also when there are thousands of points, and 150,000 without ties
SELECT alike(l, by_text) AS text, alike(l, by_high) AS high, alike(l, by_neighbour) AS neighbour
FROM (SELECT k, logrank_test(t, e, g::text) AS by_text, logrank_test(t, e, g * 4294967296) AS by_high,
             logrank_test(t, e, 9007199254740992 + g) AS by_neighbour
      FROM trial WHERE k = 3000 GROUP BY k) x
JOIN tested USING (k);
SELECT close((l).chi_square, u ^ 2 / v, 1e-9) AS chi_square
FROM (SELECT logrank_test(i * 0.1, e, h = 0) AS l FROM buyer) x,
     (SELECT sum((h = 0)::int - n0 / n) FILTER (WHERE e) AS u, sum(n0 * (n - n0) / n ^ 2) FILTER (WHERE e) AS v
	FROM (SELECT e, h, (count(*) OVER w)::float8 AS n, (count(*) FILTER (WHERE h = 0) OVER w)::float8 AS n0
	      FROM buyer WINDOW w AS (ORDER BY i DESC)) y) z;
SELECT count(*) AS trials, count(*) FILTER (WHERE NOT alike(l, by_boolean)) AS wrong
FROM (SELECT k, logrank_test(t, e, g = 0) AS by_boolean
      FROM trial WHERE k IN (SELECT k FROM trial GROUP BY k HAVING max(g) = 1 AND min(g) = 0) GROUP BY k) x
JOIN tested USING (k);
-- long, empty and similar texts, other string types
SELECT (l).degrees_of_freedom
FROM (SELECT logrank_test(i, i % 3 > 0,
                          (ARRAY['', ' ', 'a', 'A', repeat('x', 10000), repeat('x', 10001), 'é'])[1 + i % 7]) AS l
      FROM generate_series(1, 700) i) x;
SELECT (logrank_test(i, true, CASE WHEN i % 2 = 0 THEN 'member' ELSE 'other' END)).degrees_of_freedom AS literal,
       (logrank_test(i, true, (i % 2)::text::varchar)).degrees_of_freedom AS varchar
FROM generate_series(1, 50) i;
-- without durations and without groups a row says nothing; NULL churned is "still there"
SELECT count(*) AS trials, count(*) FILTER (WHERE l IS DISTINCT FROM with_null) AS wrong
FROM (SELECT k, logrank_test(t, e, g) AS with_null
      FROM (SELECT k, t, nullif(e, false) AS e, g
            FROM trial WHERE k < 100
            UNION ALL SELECT k, NULL, true, g FROM trial WHERE k < 100
            UNION ALL SELECT k, t, true, NULL FROM trial WHERE k < 100) x
      GROUP BY k) y
JOIN tested USING (k);
SELECT logrank_test(t, e, g) FROM trial WHERE false;
SELECT logrank_test(i, true, 7) AS one_group, logrank_test(i, false, i % 2) AS no_churn FROM generate_series(1, 50) i;
SELECT logrank_test(t, e, NULL::text), logrank_test(NULL, e, g), logrank_test(t, e, NULL::boolean)
FROM trial WHERE k = 1;
-- grouping and parallel plans
SELECT count(*) AS groups, count(*) FILTER (WHERE x.l IS DISTINCT FROM tested.l) AS wrong
FROM (SELECT k, logrank_test(t, e, g) AS l FROM trial WHERE k < 1000 GROUP BY ROLLUP (k)) x LEFT JOIN tested USING (k)
WHERE k IS NOT NULL;
SELECT parallel_check('SELECT (logrank_test(t, e, i % 6)).* FROM buyer');
SELECT parallel_check('SELECT (logrank_test(t, e, (i % 6)::text)).* FROM buyer');
SELECT parallel_check('SELECT d, (logrank_test(t, e, i % 2 = 0)).* FROM buyer GROUP BY d');
SELECT parallel_check('SELECT (logrank_test(t, e, i % 6)).* FROM buyer WHERE i + 0 < 0');
SELECT parallel_check('SELECT (logrank_test(i * 0.1, e, i % 3)).* FROM buyer');
SELECT count(*) AS groups, count(*) FILTER (WHERE (l).p_value BETWEEN 0 AND 1 OR (l).p_value IS NULL) AS ok,
       count((l).p_value) > 1000 AS tested
FROM (SELECT g, logrank_test(t, e, i > 100000) AS l FROM buyer GROUP BY g) x;

--
-- Contracts: every type of time, every type of as_of, groups of every type
--
CREATE TABLE lease AS
	SELECT i,
	       CASE WHEN rnd(i, 71, 20)::int > 0
	              THEN timestamp '2024-01-01' + rnd(i, 72, 90)::int * interval '1 day'
	                       + rnd(i, 73, 4)::int * interval '6 hours' END AS started,
	       rnd(i, 74, 60)::int AS days, rnd(i, 75, 4)::int = 0 AS open,
	       (ARRAY['month', 'year', 'Month', NULL])[1 + rnd(i, 76, 4)::int] AS plan
	FROM generate_series(1, 1000) i;
ALTER TABLE lease ADD ended timestamp;
UPDATE lease
SET ended = CASE WHEN NOT open
                   THEN started + days * interval '1 day' + CASE WHEN i % 5 = 0 THEN interval '1 hour' ELSE '0' END END;
-- by hand from the days of the session's zone; what ends on the day on which it began is no contract
CREATE
    FUNCTION check_leases(zone text, type text, as_of text, day date, OUT same boolean, OUT test boolean,
                          OUT by_boolean boolean, OUT counted bigint)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	EXECUTE format($q$
		SELECT bytes(survival_curve(s, e, %2$s))
		           IS NOT DISTINCT FROM bytes(survival_curve(days, gone) FILTER (WHERE counts)),
		       alike(logrank_test(s, e, %2$s, plan), logrank_test(days, gone, plan) FILTER (WHERE counts)),
		       alike(logrank_test(s, e, %2$s, plan = 'year'),
		             logrank_test(days, gone, plan = 'year') FILTER (WHERE counts)),
		       count(*) FILTER (WHERE counts)
		FROM (SELECT s, e, plan, CASE WHEN e::date < %3$L::date THEN e::date ELSE %3$L::date END - s::date AS days,
		             coalesce(e::date < %3$L::date, false) AS gone,
		             s::date < %3$L::date AND e::date IS DISTINCT FROM s::date AS counts
		      FROM (SELECT started::%1$s AS s, ended::%1$s AS e, plan FROM lease) l) x$q$, type, format(as_of, day),
		           day) INTO same, test, by_boolean, counted;
END $$;
SELECT type, count(*) AS tried, count(*) FILTER (WHERE same) AS same, count(*) FILTER (WHERE test) AS same_test,
       count(*) FILTER (WHERE by_boolean) AS same_boolean, max(counted) > 800 AS many, min(counted) AS least
FROM unnest(ARRAY['UTC', 'Asia/Beirut', 'America/New_York']) zone,
     unnest(ARRAY['date', 'timestamp', 'timestamptz']) type,
     unnest(ARRAY['%L', 'date %L', 'timestamp %L + interval ''10 hours''',
                  'timestamptz %L + interval ''20 hours''']) as_of,
	unnest(ARRAY['2023-12-31', '2024-01-02', '2024-02-20', '2024-03-31', '2024-08-01', '9999-12-31']::date[]) day,
	LATERAL check_leases(zone, type, as_of, day) r
GROUP BY type ORDER BY type;
-- contracts that ended on the day on which they started, at once or later, and one whose start is not known
SELECT survival_curve(started, ended, '2024-03-01') AS none
FROM (VALUES (date '2024-01-01', date '2024-01-01'), (NULL, '2024-02-01'), (NULL, NULL),
             ('2024-03-01', NULL)) v(started, ended);
SELECT time, churned, censored
FROM survival_table((SELECT survival_curve(started, ended, '2024-03-01')
                     FROM (VALUES (timestamp '2024-01-01 09:00', timestamp '2024-01-01 09:00'),
                                  ('2024-01-01 09:00', '2024-01-01 17:00')) v(started, ended)));
SELECT churn_rate(i, daterange(started, ended), '[2024-01-01,2024-02-01)') AS churn,
       survival_curve(started, ended, '2024-03-01') AS curve, logrank_test(started, ended, '2024-03-01', i) AS test
FROM (VALUES (1, date '2024-01-01', date '2024-01-01'), (2, '2024-01-10', '2024-01-10')) v(i, started, ended);
-- three customers who changed plan: by contract half of them leave, by customer nobody does
CREATE TABLE switch (customer int, started date, ended date);
INSERT INTO switch VALUES
	(1, '2024-01-01', '2024-01-31'), (1, '2024-01-31', NULL), (2, '2024-01-01', '2024-01-31'), (2, '2024-01-31', NULL),
	(3, '2024-01-01', '2024-01-31'), (3, '2024-01-31', NULL);
SELECT median_lifetime(survival_curve(started, ended, '2024-03-01')) AS by_contract,
       round(survival_at(survival_curve(started, ended, '2024-03-01'), 30)::numeric, 2) AS stay
FROM switch;
SELECT median_lifetime(survival_curve(lower(stay), upper(stay), '2024-03-01')) AS by_customer,
       survival_at(survival_curve(lower(stay), upper(stay), '2024-03-01'), 30) AS stay
FROM (SELECT customer, unnest(range_agg(daterange(started, ended))) AS stay FROM switch GROUP BY customer) s;
-- resolution: literals, NULL, parameters, now
SELECT survival_curve('2024-01-01', '2024-01-31', '2024-03-01') = survival_curve(30, true) AS literals,
       survival_curve('2024-01-01', NULL, '2024-01-31') = survival_curve(30, false) AS with_null,
       survival_curve(NULL, NULL, '2024-01-31') AS nobody;
SELECT bytes(survival_curve(started::date, ended::date, now()))
           = bytes(survival_curve(started::date, ended::date, current_date)) AS now,
       bytes(survival_curve(started, ended, now())) = bytes(survival_curve(started, ended, localtimestamp)) AS local,
       bytes(survival_curve(started::date, ended, now())) IS NOT NULL AS mixed,
       alike(logrank_test(started::date, ended::date, now(), plan),
             logrank_test(started::date, ended::date, current_date, plan)) AS test
FROM lease;
PREPARE curve_by AS
SELECT bytes(survival_curve(started::date, ended::date, $1))
           = bytes(survival_curve(started::date, ended::date, date '2024-02-20')) AS same
FROM lease;
PREPARE test_by AS
SELECT alike(logrank_test(started, ended, $1, plan), logrank_test(started, ended, '2024-02-20', plan)) AS same
FROM lease;
SELECT name, parameter_types FROM pg_prepared_statements ORDER BY name;
EXECUTE curve_by('2024-02-20 18:00');
EXECUTE test_by('2024-02-20 18:00');
DEALLOCATE ALL;
-- groups
SELECT alike(l, logrank_test(started, ended, now(), plan::varchar(20))) AS varchar,
       alike(l, logrank_test(started, ended, now(), plan::char(20))) AS char,
       alike(l, logrank_test(started, ended, now(), md5(plan)::uuid)) AS uuid,
       alike(l, logrank_test(started, ended, now(), ascii(plan) * 1.50)) AS numeric,
       alike(l, logrank_test(started, ended, now(), ascii(plan))) AS integer,
       alike(l, logrank_test(started, ended, now(), ascii(plan)::smallint)) AS smallint,
       alike(l, logrank_test(started, ended, now(), ascii(plan)::bigint)) AS bigint,
       alike(l, logrank_test(started, ended, now(), customer_key(row(plan))) FILTER (WHERE plan IS NOT NULL)) AS row
FROM lease, (SELECT logrank_test(started, ended, now(), plan) AS l FROM lease) x GROUP BY l;
SELECT logrank_test(days, true, 'all') FROM lease;
SELECT logrank_test(days, true, NULL) FROM lease;
-- errors
\set VERBOSITY default
SELECT logrank_test(started, ended, NULL, plan) FROM lease;
SELECT logrank_test(started, ended, date 'infinity', plan) FROM lease;
SELECT survival_curve(started, ended, 'infinity') FROM lease;
SELECT survival_curve(started, ended, '-infinity'::timestamp) FROM lease;
SELECT survival_curve(started, ended, NULL) FROM lease;
SELECT survival_curve('2024-02-01', timestamptz '2024-01-01 10:00', '2024-03-01');
SELECT survival_curve(timestamp '2024-02-01 10:00', '2024-02-01 09:00', '2024-03-01');
SELECT survival_curve(timestamp 'infinity', NULL, '2024-03-01');
SELECT survival_curve(timestamptz '2024-01-01', '-infinity', '2024-03-01');
\set VERBOSITY sqlstate

--
-- Errors
--
SELECT logrank_test(-1, true, 1);
SELECT logrank_test('NaN', true, 'a'::text);
SELECT logrank_test('Infinity', true, true);

DROP SCHEMA logrank_test CASCADE;
