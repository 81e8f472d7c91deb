--
-- survival: how long customers stay, with those who have not left yet
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA survival_test;
SELECT set_config('search_path', 'survival_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

CREATE AGGREGATE product(double precision) (SFUNC = float8mul, STYPE = double precision, INITCOND = '1');

--
-- Worked example: 10 customers, two leave at 1, one is censored at 2 when
-- another leaves, two leave at 5, three are still there at 6
--
CREATE TABLE example (t double precision, e boolean);
INSERT INTO example VALUES
	(1, true), (1, true), (2, true), (2, false), (3, NULL), (5, true), (5, true), (6, false), (6, false), (6, NULL),
	(NULL, true), (NULL, NULL);
SELECT time, at_risk, churned, censored, round(survival::numeric, 6) AS survival,
       round(std_error::numeric, 6) AS std_error,
       round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper,
       round(cumulative_hazard::numeric, 6) AS cumulative_hazard
FROM survival_table((SELECT survival_curve(t, e) FROM example));
SELECT survival_at(c, 0) AS s0, survival_at(c, 0.999) AS before, survival_at(c, 1) AS s1,
       close(survival_at(c, 4), 0.7) AS s4, close(survival_at(c, 5), 0.7 * 3 / 5) AS s5,
       close(survival_at(c, 6), 0.7 * 3 / 5) AS s6, survival_at(c, 6.0001) AS unknown,
       median_lifetime(c) AS median, lifetime_quantile(c, 0.1) AS q10, lifetime_quantile(c, 0.25) AS q25,
       lifetime_quantile(c, 0.6) AS never,
       close(mean_lifetime(c, 6), 1 + 0.8 + 3 * 0.7 + 0.42) AS mean
FROM (SELECT survival_curve(t, e) AS c FROM example) x;
-- columns and their types
SELECT pg_typeof(time) AS time, pg_typeof(at_risk) AS at_risk, pg_typeof(churned) AS churned,
       pg_typeof(censored) AS censored, pg_typeof(survival) AS survival,
       pg_typeof(std_error) AS std_error, pg_typeof(lower) AS lower, pg_typeof(upper) AS upper,
       pg_typeof(cumulative_hazard) AS cumulative_hazard
FROM survival_table((SELECT survival_curve(t, e) FROM example)) LIMIT 1;
-- integers and numerics are durations, too; so are differences of dates
SELECT survival_curve_send(survival_curve(t::int, e)) = survival_curve_send(survival_curve(t, e)) AS integers,
       survival_curve_send(survival_curve(t::numeric, e)) = survival_curve_send(survival_curve(t, e)) AS numerics,
       survival_curve_send(survival_curve(date '2024-01-01' + t::int - date '2024-01-01', e))
           = survival_curve_send(survival_curve(t, e)) AS days
FROM example;
-- nobody, and only rows to ignore
SELECT survival_curve(t, e) FROM example WHERE false;
SELECT survival_curve(t, e) FROM example WHERE t IS NULL;
SELECT survival_curve(started, ended, date '2024-01-01')
FROM (VALUES (NULL::date, date '2023-01-01'), ('2024-01-01', NULL), ('2024-06-01', '2024-07-01')) v(started, ended);
SELECT rollup(c) FROM (SELECT NULL::survival_curve AS c) x;
SELECT count(*) FROM survival_table(NULL);
SELECT survival_at(NULL, 1), lifetime_quantile(NULL, 0.5), median_lifetime(NULL), mean_lifetime(NULL, 1),
       mean_lifetime_error(NULL, 1), clv(NULL::survival_curve, 1, 0.1, 1);
SELECT survival_at(c, NULL), lifetime_quantile(c, NULL), mean_lifetime(c, NULL), mean_lifetime_error(c, NULL)
FROM (SELECT survival_curve(1, true) AS c) x;

--
-- Random customers against SQL
--
CREATE TABLE life (s text, i bigint, t double precision, e boolean);
-- many ties, zero durations, rows to ignore, NULL for "has not left"
INSERT INTO life
	SELECT 'ties', i, CASE WHEN rnd(i, 1, 50) > 0 THEN rnd(i, 2, 25) END,
	       CASE rnd(i, 3, 5) WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END
	FROM generate_series(1, 3000) i;
-- fractions, few ties
INSERT INTO life SELECT 'fractions', i, rnd(i, 4, 1000000000) / 7e6, rnd(i, 5, 3) > 0 FROM generate_series(1, 2000) i;
INSERT INTO life SELECT 'quarters', i, rnd(i, 14, 60) / 4.0, rnd(i, 15, 3) > 0 FROM generate_series(1, 200) i;
INSERT INTO life SELECT 'all churned', i, rnd(i, 6, 300), true FROM generate_series(1, 1000) i;
INSERT INTO life SELECT 'none churned', i, rnd(i, 7, 300), false FROM generate_series(1, 1000) i;
INSERT INTO life SELECT 'at zero', i, 0, i % 3 = 0 FROM generate_series(1, 30) i;
INSERT INTO life VALUES ('one churned', 1, 7, true), ('one censored', 1, 7, false), ('one at zero', 1, '-0', true),
	('negative zero', 1, '-0', true), ('negative zero', 2, 0, true), ('negative zero', 3, 0, false),
	('negative zero', 4, 1, true);
-- the last time: with a churn that leaves nobody, with one that leaves a censored customer, with none
INSERT INTO life VALUES ('last churn', 1, 1, true), ('last churn', 2, 2, false), ('last churn', 3, 3, true),
	('last both', 1, 1, true), ('last both', 2, 3, false), ('last both', 3, 3, true), ('last censored', 1, 1, true),
	('last censored', 2, 2, true), ('last censored', 3, 3, false);
INSERT INTO life SELECT 'extremes', row_number() OVER (), t, row_number() OVER () % 2 = 0
FROM unnest(ARRAY[0, 4.9406564584124654e-324, 1e-300, 1e-15, 1 - 1.1102230246251565e-16, 1, 1 + 2.220446049250313e-16,
                  9007199254740991, 9007199254740992, 1e300, 1.7976931348623157e308]) t;
INSERT INTO life SELECT 'many times', i, i * 0.37, rnd(i, 8, 4) > 0 FROM generate_series(1, 100000) i;
INSERT INTO life SELECT 'many days', i, rnd(i, 9, 5000), rnd(i, 10, 10) = 0 FROM generate_series(1, 60000) i;
-- 150 little groups of every shape
INSERT INTO life
	SELECT 'little ' || g, i, rnd(g * 1000 + i, 11, 1 + g % 11), rnd(g * 1000 + i, 12, 2 + g % 5) > 0
	FROM generate_series(1, 150) g, generate_series(1, 1 + g % 23) i;
ANALYZE life;

CREATE TABLE curve AS SELECT s, survival_curve(t, e) AS c FROM life GROUP BY s;
ALTER TABLE curve ADD PRIMARY KEY (s);
ANALYZE curve;
-- the definition: at each time those who are left, the share of them that stays
CREATE TABLE oracle AS
	SELECT s, t AS time, n AS at_risk, d AS churned, c AS censored, product(1 - d / n::float8) OVER w AS survival,
	       coalesce(sum(d / (n::float8 * (n - d))) FILTER (WHERE d < n) OVER w, 0) AS v,
	       sum(d / n::float8) OVER w AS hazard,
	       lead(t) OVER w AS next
	FROM (SELECT s, t, count(*) FILTER (WHERE e) AS d, count(*) FILTER (WHERE e IS NOT TRUE) AS c,
	             (sum(count(*)) OVER (PARTITION BY s ORDER BY t DESC))::bigint AS n
	      FROM life WHERE t IS NOT NULL GROUP BY s, t) x
	WINDOW w AS (PARTITION BY s ORDER BY t);
CREATE INDEX ON oracle (s, time);
ANALYZE oracle;
SELECT count(*) AS rows, count(DISTINCT s) AS sets FROM oracle;

CREATE TABLE quantiles (confidence double precision, z double precision);
INSERT INTO quantiles VALUES (0.8, 1.28155156554460047), (0.95, 1.95996398454005424), (0.999, 3.29052673149189487);
CREATE VIEW limits AS
	SELECT o.*, q.confidence, y.interval_type, CASE WHEN survival > 0 THEN survival * sqrt(v) END AS std_error,
	       CASE WHEN survival > 0 THEN CASE y.interval_type
	            WHEN 'plain' THEN greatest(survival - z * survival * sqrt(v), 0)
	            WHEN 'log' THEN survival * exp(-z * sqrt(v))
	            WHEN 'log-log'
	              THEN CASE WHEN survival < 1 THEN exp(-exp(ln(-ln(survival)) - z * sqrt(v) / ln(survival))) END END
	                       END AS lower,
	       CASE WHEN survival > 0 THEN CASE y.interval_type
	            WHEN 'plain' THEN least(survival + z * survival * sqrt(v), 1)
	            WHEN 'log' THEN least(survival * exp(z * sqrt(v)), 1)
	            WHEN 'log-log'
	              THEN CASE WHEN survival < 1 THEN exp(-exp(ln(-ln(survival)) + z * sqrt(v) / ln(survival))) END END
	                       END AS upper
	FROM oracle o, quantiles q, (VALUES ('plain'), ('log'), ('log-log')) y(interval_type);
SELECT interval_type, confidence, count(*) AS rows, count(o.s) AS expected,
       count(*) FILTER (WHERE m.at_risk IS DISTINCT FROM o.at_risk OR m.churned IS DISTINCT FROM o.churned
                          OR m.censored IS DISTINCT FROM o.censored) AS counts_wrong,
       count(*) FILTER (WHERE NOT close(m.survival, o.survival)) AS survival_wrong,
       count(*) FILTER (WHERE NOT close(m.std_error, o.std_error)) AS error_wrong,
       count(*) FILTER (WHERE NOT close(m.lower, o.lower, 1e-9)) AS lower_wrong,
       count(*) FILTER (WHERE NOT close(m.upper, o.upper, 1e-9)) AS upper_wrong,
       count(*) FILTER (WHERE NOT close(m.cumulative_hazard, o.hazard)) AS hazard_wrong
FROM (SELECT c.s, q.confidence, y.interval_type, m.*
      FROM curve c, quantiles q, (VALUES ('plain'), ('log'), ('log-log')) y(interval_type),
             survival_table(c.c, q.confidence, y.interval_type) m WHERE c.s NOT LIKE 'many%') m
FULL JOIN (SELECT * FROM limits WHERE s NOT LIKE 'many%') o USING (s, time, confidence, interval_type)
GROUP BY 1, 2 ORDER BY 1, 2;
-- many rows, and 100,000 distinct times; the defaults are 0.95 and log-log
SELECT s, count(*) AS rows, count(o.s) AS expected,
       count(*) FILTER (WHERE (m.at_risk, m.churned, m.censored)
                                  IS DISTINCT FROM (o.at_risk, o.churned, o.censored)) AS counts_wrong,
       count(*) FILTER (WHERE NOT (close(m.survival, o.survival, 1e-9) AND close(m.std_error, o.std_error, 1e-9)
                                   AND close(m.lower, o.lower, 1e-8)
                                   AND close(m.upper, o.upper, 1e-8)
                                   AND close(m.cumulative_hazard, o.hazard, 1e-9))) AS wrong
FROM (SELECT s, m.* FROM curve, survival_table(c) m WHERE s LIKE 'many%') m
FULL JOIN (SELECT * FROM limits WHERE s LIKE 'many%' AND interval_type = 'log-log' AND confidence = 0.95) o
    USING (s, time)
GROUP BY s ORDER BY s;
-- in order of time; options by name
SELECT bool_and(time > before) AS ordered
FROM (SELECT time, lag(time) OVER (ORDER BY ordinality) AS before
      FROM survival_table((SELECT c FROM curve WHERE s = 'fractions'), interval_type => 'plain', confidence => 0.5)
               WITH ORDINALITY) x;
-- with nobody censored the curve is the share still there
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT close(survival, (at_risk - churned) / 1000.0)) AS wrong
FROM survival_table((SELECT c FROM curve WHERE s = 'all churned'));
-- as many rows as were aggregated leave
SELECT count(*) AS sets, count(*) FILTER (WHERE churned <> d OR censored <> n - d OR first <> n) AS wrong
FROM (SELECT s, sum(m.churned) AS churned, sum(m.censored) AS censored, max(m.at_risk) AS first
      FROM curve, survival_table(c) m GROUP BY s) x
JOIN (SELECT s, count(*) AS n, count(*) FILTER (WHERE e) AS d FROM life WHERE t IS NOT NULL GROUP BY s) y USING (s);

-- survival_at: at each time, next to it, between, before and beyond
CREATE TABLE moment AS
	SELECT DISTINCT s, q
	FROM oracle, unnest(ARRAY[time, time + (next - time) / 2, time * (1 - 1e-12), time * (1 + 1e-12), 0, 1.5]) q
	WHERE s NOT IN ('many times', 'extremes') AND (s NOT IN ('many days', 'fractions') OR rnd(time::int, 13, 25) = 0)
	  AND q IS NOT NULL;
INSERT INTO moment
	SELECT s, q
	FROM oracle, unnest(ARRAY[time, CASE WHEN next > 1e-100 THEN time + (next - time) / 2 END]) q
	WHERE s = 'extremes' AND q IS NOT NULL;
INSERT INTO moment
	SELECT s, q
	FROM oracle, unnest(ARRAY[time, time + 0.1]) q WHERE s = 'many times' AND time::int % 2500 = 0;
CREATE TABLE last AS SELECT DISTINCT ON (s) s, time, survival FROM oracle ORDER BY s, time DESC;
INSERT INTO moment SELECT s, q FROM last, unnest(ARRAY[time + 0.001, 2 * time + 1, 1e308]) q WHERE s <> 'extremes';
SELECT count(*) > 5000 AS moments, count(*) FILTER (WHERE NOT close(survival_at(c, q), expected, 1e-9)) AS wrong,
       count(*) FILTER (WHERE expected IS NULL) > 100 AS unknown,
       count(*) FILTER (WHERE expected = 0) > 100 AS nobody
FROM (SELECT m.s, q,
             CASE WHEN q <= l.time OR l.survival = 0
                    THEN coalesce((SELECT survival
                                   FROM oracle o WHERE o.s = m.s AND o.time <= q ORDER BY o.time DESC LIMIT 1),
                                  1) END AS expected
      FROM moment m JOIN last l USING (s)) x JOIN curve USING (s);

-- lifetime_quantile: the time by which a share p has left.  When the curve
-- stays at exactly 1 - p for a while, the middle of that while.
CREATE FUNCTION quantile_oracle(of text, p double precision) RETURNS double precision LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN abs(survival - (1 - p)) > 1e-9 THEN time
	            ELSE time + (coalesce((SELECT min(time) FROM oracle WHERE s = of AND survival < 1 - p - 1e-9),
	                                  (SELECT max(time) FROM oracle WHERE s = of)) - time) / 2 END
	FROM (SELECT time, survival FROM oracle WHERE s = of AND survival <= 1 - p + 1e-9 ORDER BY time LIMIT 1) x $$;
SELECT count(*) > 5000 AS quantiles, count(*) FILTER (WHERE NOT close(lifetime_quantile(c, p), q)) AS wrong,
       count(*) FILTER (WHERE q IS NULL) > 500 AS not_reached
FROM (SELECT s, c, p, quantile_oracle(s, p) AS q
      FROM curve,
           (SELECT i / 40.0::float8 AS p
            FROM generate_series(1, 39) i
            UNION ALL SELECT unnest(ARRAY[0.001, 1 / 3.0, 2 / 3.0, 0.999])) v
      WHERE s NOT IN ('many times', 'many days', 'extremes')) x;
SELECT p, close(lifetime_quantile(c, p), quantile_oracle(s, p)) AS ok
FROM curve, unnest(ARRAY[0.1, 0.5, 0.9]) p WHERE s IN ('many times', 'many days') ORDER BY s, p;
SELECT count(*) AS sets, count(*) FILTER (WHERE median_lifetime(c) IS DISTINCT FROM lifetime_quantile(c, 0.5)) AS wrong,
       count(median_lifetime(c)) > 100 AS reached
FROM curve;
-- the k-th of n that all leave, one at each time: halfway to the next for every n and k
SELECT count(*) AS cases, count(*) FILTER (WHERE q IS DISTINCT FROM CASE WHEN k < n THEN k + 0.5 ELSE n END) AS wrong
FROM (SELECT n, k, lifetime_quantile(c, k / n::float8) AS q
      FROM (SELECT n, survival_curve(i, true) AS c FROM generate_series(1, 60) n, generate_series(1, n) i GROUP BY n) x,
           generate_series(1, n - 1) k) y;
-- exactly half have left and the rest is censored: up to the last time
SELECT median_lifetime(survival_curve(t, e)) FROM (VALUES (1, true), (3, true), (7, false), (9, false)) v(t, e);
SELECT median_lifetime(survival_curve(t, e)) FROM (VALUES (1, true), (3, true), (3, false), (3, false)) v(t, e);

-- lifetime_quantile_interval: the same rule on the limits of the curve
CREATE
    FUNCTION limit_oracle(of text, p double precision, with_confidence double precision, type text, upper_limit boolean)
    RETURNS double precision
LANGUAGE sql STABLE AS $$
	SELECT min(time)
	FROM limits
	WHERE s = of AND confidence = with_confidence AND interval_type = type
	  AND CASE WHEN upper_limit THEN upper ELSE lower END <= 1 - p $$;
SELECT count(*) AS intervals, count(*) FILTER (WHERE (q).lower IS DISTINCT FROM l) AS lower_wrong,
       count(*) FILTER (WHERE (q).upper IS DISTINCT FROM u) AS upper_wrong,
       count(l) > 100 AS with_lower, count(u) > 100 AS with_upper,
       count(*) FILTER (WHERE (q).lower > (q).upper) AS crossed
FROM (SELECT lifetime_quantile_interval(c, p, q.confidence, y) AS q, limit_oracle(s, p, q.confidence, y, false) AS l,
             limit_oracle(s, p, q.confidence, y, true) AS u
      FROM curve, unnest(ARRAY[0.1003, 0.25019, 0.5007, 0.9011]) p, quantiles q,
           unnest(ARRAY['plain', 'log', 'log-log']) y
      WHERE s IN ('ties', 'fractions', 'all churned', 'none churned', 'at zero', 'one churned')
        OR s LIKE 'little %7') x;
SELECT lifetime_quantile_interval(c, 0.4) = lifetime_quantile_interval(c, 0.4, 0.95, 'log-log') AS defaults
FROM curve WHERE s = 'ties';

-- mean_lifetime: the area under the curve, and its error
CREATE TABLE horizon AS
	SELECT DISTINCT s, h
	FROM last, unnest(ARRAY[0, time / 3, time / 2, time - 0.5, time]) h
	WHERE s NOT IN ('many times', 'extremes') AND h >= 0
	UNION SELECT s, h FROM last, unnest(ARRAY[time + 1, 1000]) h WHERE survival = 0
	UNION SELECT s, h FROM last, unnest(ARRAY[17.25, 30000]) h WHERE s = 'many times';
CREATE TABLE mean_oracle AS
	SELECT s, h, least(coalesce(min(time), h), h) + coalesce(sum(area), 0) AS mean,
	       sqrt(coalesce(sum(rest ^ 2 * churned / (at_risk::float8 * (at_risk - churned)))
	                         FILTER (WHERE churned > 0 AND churned < at_risk),
	                     0)) AS error
	FROM (SELECT s, h, time, at_risk, churned, survival * (least(coalesce(next, h), h) - time) AS area,
	             sum(survival * (least(coalesce(next, h), h) - time)) OVER (PARTITION BY s, h
	                                                                        ORDER BY time DESC) AS rest
	      FROM horizon LEFT JOIN oracle USING (s) WHERE time <= h
	      UNION ALL SELECT s, h, NULL, NULL, NULL, NULL, NULL FROM horizon) x
	GROUP BY s, h;
SELECT count(*) > 500 AS horizons, count(*) FILTER (WHERE NOT close(mean_lifetime(c, h), mean, 1e-9)) AS mean_wrong,
       count(*) FILTER (WHERE NOT close(mean_lifetime_error(c, h), error, 1e-8)) AS error_wrong,
       count(*) FILTER (WHERE error > 0) > 300 AS with_error
FROM mean_oracle JOIN curve USING (s);
-- without censoring the mean is the mean, its error that of a mean of n
SELECT close(mean_lifetime(survival_curve(t, e), 300), avg(t)) AS mean,
       close(mean_lifetime_error(survival_curve(t, e), 300), stddev_pop(t) / sqrt(count(*))) AS error
FROM life WHERE s = 'all churned';
-- never below the limits of numbers
SELECT mean_lifetime(c, 1.7976931348623157e308) < 'infinity' AS finite,
       mean_lifetime_error(c, 1e300) < 'infinity' AS finite_error
FROM curve WHERE s = 'extremes';

--
-- Canonical: any order, any split, any plan
--
CREATE FUNCTION bytes(c survival_curve) RETURNS bytea RETURN survival_curve_send(c);
SELECT count(*) AS sets,
       count(*) FILTER (WHERE bytes(c) IS DISTINCT FROM bytes(u) OR bytes(c) IS DISTINCT FROM bytes(d)
                          OR bytes(c) IS DISTINCT FROM bytes(h)) AS wrong
FROM curve
JOIN (SELECT s, survival_curve(t, e ORDER BY t, e) AS u, survival_curve(t, e ORDER BY t DESC, e DESC) AS d,
             survival_curve(t, e ORDER BY hashint8(i)) AS h
      FROM life GROUP BY s) x USING (s);
SELECT count(*) AS splits, count(*) FILTER (WHERE bytes(r) IS DISTINCT FROM bytes(c)) AS wrong
FROM (SELECT s, k, rollup(part) AS r
      FROM (SELECT s, k, survival_curve(t, e) AS part
            FROM life, unnest(ARRAY[1, 2, 7, 100]) k WHERE s <> 'many times' OR k = 7 GROUP BY s, k, i % k) x
      GROUP BY s, k) y
JOIN curve USING (s);
SELECT count(*) AS splits, count(*) FILTER (WHERE bytes(r) IS DISTINCT FROM bytes(c)) AS wrong
FROM (SELECT s, w, rollup(part) AS r
      FROM (SELECT s, w, survival_curve(t, e) AS part
            FROM life, unnest(ARRAY[0.5, 10, 1000]) w WHERE s NOT IN ('extremes', 'many times', 'many days')
            GROUP BY s, w, floor(t / w)) x
      GROUP BY s, w) y
JOIN curve USING (s);
-- one part for each row, parts of parts, NULL parts
SELECT bytes(rollup(part)) = (SELECT bytes(c) FROM curve WHERE s = 'ties') AS rows
FROM (SELECT survival_curve(t, e) AS part FROM life WHERE s = 'ties' GROUP BY i) x;
SELECT bytes(rollup(part)) = (SELECT bytes(c) FROM curve WHERE s = 'many days') AS parts
FROM (SELECT rollup(part) AS part
      FROM (SELECT i, survival_curve(t, e) AS part FROM life WHERE s = 'many days' GROUP BY i % 1000, i) x
      GROUP BY i % 10) y;
SELECT bytes(rollup(part)) = (SELECT bytes(c) FROM curve WHERE s = 'fractions') AS with_null
FROM (SELECT c AS part FROM curve WHERE s = 'fractions' UNION ALL SELECT NULL UNION ALL SELECT NULL) x;
-- it is a sum, no union: twice the customers, the same shares, smaller errors
SELECT s, count(*) > 0 AS rows,
       count(*) FILTER (WHERE (d.at_risk, d.churned, d.censored)
                                  IS DISTINCT FROM (2 * o.at_risk, 2 * o.churned, 2 * o.censored)
                          OR NOT close(d.survival, o.survival)) AS wrong
FROM (SELECT s, (m).*
      FROM (SELECT s, survival_table(rollup(c)) AS m
            FROM (SELECT s, c FROM curve, generate_series(1, 2)) x WHERE s IN ('ties', 'fractions', 'many days')
            GROUP BY s) y) d
FULL JOIN (SELECT * FROM oracle WHERE s IN ('ties', 'fractions', 'many days')) o USING (s, time) GROUP BY s ORDER BY s;
-- around the sizes at which the form in memory changes: n distinct times, each
-- way, and n rows of 60 times
CREATE TABLE size AS SELECT generate_series(1, 130) AS n UNION ALL SELECT generate_series(500, 530);
SELECT count(*) AS sizes,
       count(*) FILTER (WHERE rows <> n OR last <> n OR bytes(up) <> bytes(down) OR bytes(up) <> bytes(scattered)
                          OR bytes(up) <> bytes(halves)) AS wrong
FROM (SELECT n, survival_curve(i, i % 3 = 0) AS up, survival_curve(i, i % 3 = 0 ORDER BY i DESC) AS down,
             survival_curve(i, i % 3 = 0 ORDER BY hashint4(i)) AS scattered
      FROM (TABLE size) s, generate_series(1, n) i GROUP BY n) x
JOIN (SELECT n, rollup(part ORDER BY half DESC) AS halves
      FROM (SELECT n, i % 2 AS half, survival_curve(i, i % 3 = 0) AS part
            FROM (TABLE size) s, generate_series(1, n) i GROUP BY n, i % 2) y
      GROUP BY n) z USING (n),
LATERAL (SELECT count(*) AS rows, max(time) AS last FROM survival_table(up)) m;
SELECT count(*) AS sizes, count(*) FILTER (WHERE rows <> n OR bytes(c) <> bytes(parts)) AS wrong
FROM (SELECT n, survival_curve(i % 60, i % 3 = 0) AS c
      FROM unnest(ARRAY[16383, 16384, 16385, 20000]) n, generate_series(1, n) i GROUP BY n) x
JOIN (SELECT n, rollup(part) AS parts
      FROM (SELECT n, i % 9 AS k, survival_curve(i % 60, i % 3 = 0) AS part
            FROM unnest(ARRAY[16383, 16384, 16385, 20000]) n, generate_series(1, n) i GROUP BY n, i % 9) y
      GROUP BY n) z USING (n),
LATERAL (SELECT max(at_risk) AS rows FROM survival_table(c)) m;
-- large into small and small into large
SELECT bytes(rollup(c ORDER BY length(bytes(c)))) = bytes(rollup(c ORDER BY length(bytes(c)) DESC)) AS same,
       bytes(rollup(c)) = (SELECT bytes(survival_curve(t, e)) FROM life) AS whole FROM curve;
-- equal values are equal bytes as stored: text, a copy, a dump's way
SELECT count(*) AS curves,
       count(*) FILTER (WHERE bytes(c::text::survival_curve) <> bytes(c)
                          OR c::text <> c::text::survival_curve::text) AS wrong,
       count(DISTINCT c::text) = count(DISTINCT bytes(c)) AS texts FROM curve;
SELECT bytes(a) = bytes(b) AS zero_is_zero
FROM (SELECT survival_curve('-0', true) AS a, survival_curve(0, true) AS b) x;
SELECT time::text FROM survival_table((SELECT survival_curve('-0', true)));
SELECT count(DISTINCT bytes(c)) AS different FROM (
	SELECT survival_curve(t, e) AS c
	FROM (VALUES (1, 1, true), (2, 1, false), (3, 2, true), (4, 1, true), (4, 1, true), (5, 1, true),
	             (5, 1, false)) v(g, t, e)
	GROUP BY g) x;

--
-- Comparison: equal content is equal, and there is an order
--
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE (a.c = b.c) <> (a.c::text = b.c::text)
                          OR (a.c <> b.c) <> (a.c::text <> b.c::text)) AS wrong,
       count(*) FILTER (WHERE (a.c < b.c)::int + (a.c = b.c)::int + (a.c > b.c)::int <> 1
                          OR (a.c <= b.c) <> (a.c < b.c OR a.c = b.c) OR (a.c >= b.c) <> (b.c <= a.c)
                              OR sign(survival_curve_cmp(a.c, b.c))
                                  <> (a.c > b.c)::int - (a.c < b.c)::int) AS order_wrong
FROM curve a, curve b WHERE a.s < 'm' AND b.s < 'm' AND (a.s NOT LIKE 'little 1%');
SELECT count(*) AS curves, count(DISTINCT c) = count(DISTINCT c::text) AS distinct_values FROM curve;
CREATE TABLE twice AS
	SELECT s, c
	FROM curve
	UNION ALL SELECT s, survival_curve(t, e ORDER BY i DESC) FROM life GROUP BY s;
ANALYZE twice;
SET enable_sort = off;
SELECT count(*) = (SELECT count(DISTINCT c) FROM curve) AS hashed FROM (SELECT c FROM twice GROUP BY c) x;
SELECT count(*) AS joined FROM (SELECT DISTINCT s, c FROM twice) x;
RESET enable_sort;
SET enable_hashagg = off;
SELECT count(*) = (SELECT count(DISTINCT c) FROM curve) AS sorted FROM (SELECT c FROM twice GROUP BY c) x;
RESET enable_hashagg;
-- the transition value of a sort or a window is compared like what is stored
SELECT count(*) AS rows, count(*) FILTER (WHERE x.c <> curve.c) AS wrong
FROM (SELECT s, survival_curve(t, e) AS c FROM life GROUP BY s ORDER BY c) x JOIN curve USING (s);

--
-- Dates: durations that nobody computes by hand
--
CREATE TABLE subscription AS
	SELECT i, CASE WHEN rnd(i, 21, 40) > 0 THEN date '2023-01-01' + rnd(i, 22, 500)::int END AS started,
	       rnd(i, 23, 300)::int AS days,
	       CASE rnd(i, 24, 3) WHEN 0 THEN NULL WHEN 1 THEN date 'infinity' END AS open, rnd(i, 25, 4)::int AS plan
	FROM generate_series(1, 5000) i;
ALTER TABLE subscription ADD ended date;
UPDATE subscription SET ended = CASE WHEN rnd(i, 26, 3) = 0 THEN open ELSE started + days END;
SELECT count(*) AS cuts, count(*) FILTER (WHERE bytes(by_dates) IS DISTINCT FROM bytes(by_hand)) AS wrong,
       count(by_hand) AS with_customers, count(DISTINCT bytes(by_hand)) AS different
FROM (SELECT as_of, survival_curve(started, ended, as_of) AS by_dates,
             survival_curve((CASE WHEN ended < as_of THEN ended ELSE as_of END - started)::float8,
                            ended IS NOT NULL AND ended < as_of)
                 FILTER (WHERE started < as_of AND ended IS DISTINCT FROM started) AS by_hand
      FROM subscription,
           unnest(ARRAY[date '2022-12-31', '2023-01-01', '2023-01-02', '2023-06-30', '2024-01-01', '2024-05-15',
                        '2030-01-01']) as_of
      GROUP BY as_of) x;
-- the day of the cut itself, the day of the start, different cuts
SELECT time, churned, censored FROM survival_table((SELECT survival_curve(started, ended, as_of) FROM (VALUES
	(date '2024-01-01', date '2024-01-31', date '2024-02-01'), ('2024-01-01', '2024-02-01', '2024-02-01'),
	('2024-01-01', '2024-02-02', '2024-02-01'), ('2024-01-01', NULL, '2024-02-01'),
	('2024-01-31', '2024-01-31', '2024-02-01'), ('2024-02-01', '2024-02-01', '2024-02-01'),
	('2024-02-01', NULL, '2024-02-01'), ('2024-02-03', '2024-02-05', '2024-02-01'),
	(NULL, '2024-01-31', '2024-02-01'), ('2024-01-01', 'infinity', '2024-02-01'),
	('2024-01-01', '2024-01-31', '2024-01-15'), ('2024-02-28', '2024-03-01', '2024-06-01')) v(started, ended, as_of)));
-- the oldest and the last day there are
SELECT time, churned
FROM survival_table((SELECT survival_curve(date '4714-11-24 BC', date '5874897-12-30', date '5874897-12-31')));
-- a daily refresh: months rolled up are the year
SELECT bytes(rollup(part)) = (SELECT bytes(survival_curve(started, ended, '2024-05-01')) FROM subscription) AS same
FROM (SELECT survival_curve(started, ended, '2024-05-01') AS part
      FROM subscription GROUP BY date_trunc('month', started)) x;

--
-- Grouping, filters, windows
--
SELECT count(*) AS groups,
       count(*) FILTER (WHERE bytes(c) IS DISTINCT FROM (SELECT bytes(survival_curve(t, e))
                                                         FROM life
                                                         WHERE life.s = x.s
                                                           OR x.all_sets AND life.s NOT LIKE 'little%')) AS wrong
FROM (SELECT s, grouping(s) = 1 AS all_sets, survival_curve(t, e) AS c
      FROM life WHERE s NOT LIKE 'little%' GROUP BY GROUPING SETS ((s), ())) x;
SELECT count(*) AS groups, count(*) FILTER (WHERE bytes(c) IS DISTINCT FROM bytes(o)) AS wrong,
       count(o) AS with_customers
FROM (SELECT k, survival_curve(t, true) FILTER (WHERE i % 3 = k) AS c
      FROM life, generate_series(0, 4) k WHERE s = 'ties' GROUP BY k) x
LEFT JOIN (SELECT i % 3 AS k, survival_curve(t, true) AS o FROM life WHERE s = 'ties' GROUP BY 1) y USING (k);
SELECT bytes(survival_curve(DISTINCT t, e)) = (SELECT bytes(survival_curve(t, e))
                                               FROM (SELECT DISTINCT t, e FROM life WHERE s = 'ties')
                                                        x) AS distinct_rows
FROM life WHERE s = 'ties';
-- a growing window: read after each row, kept, and the state goes on
CREATE TABLE event AS SELECT i, t, e FROM life WHERE s = 'fractions' AND i <= 560;
CREATE TABLE growing AS
	SELECT i, survival_curve(t, e) OVER (ORDER BY i) AS c,
	       survival_curve(t, e) OVER (ORDER BY i ROWS BETWEEN 30 PRECEDING AND 5 FOLLOWING) AS moving
	FROM event;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE bytes(c) IS DISTINCT FROM (SELECT bytes(survival_curve(t, e))
                                                         FROM event l WHERE l.i <= growing.i)) AS wrong,
       count(*) FILTER (WHERE bytes(moving) IS DISTINCT FROM (SELECT bytes(survival_curve(t, e))
                                                              FROM event l
                                                              WHERE l.i BETWEEN growing.i - 30
                                                                        AND least(560, growing.i + 5))) AS moving_wrong
FROM growing;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE bytes(before)
                                  IS DISTINCT FROM (SELECT bytes(c) FROM growing g WHERE g.i = x.i - 1)) AS wrong
FROM (SELECT i, lag(c) OVER (ORDER BY i) AS before
      FROM (SELECT i, survival_curve(t, e) OVER (ORDER BY i) AS c FROM event) w) x;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE bytes(r)
                                  IS DISTINCT FROM (SELECT bytes(rollup(c)) FROM growing g WHERE g.i <= x.i)) AS wrong
FROM (SELECT i, rollup(c) OVER (ORDER BY i) AS r FROM growing WHERE i <= 120) x;
-- values in a materialized view, an array, a function's argument
CREATE MATERIALIZED VIEW stored AS SELECT s, survival_curve(t, e) AS c FROM life GROUP BY s;
SELECT count(*) AS rows, count(*) FILTER (WHERE bytes(stored.c) <> bytes(curve.c)) AS wrong
FROM stored JOIN curve USING (s);
SELECT bytes(rollup(c)) = (SELECT bytes(survival_curve(t, e)) FROM life) AS same
FROM (SELECT unnest(array_agg(c)) AS c FROM curve) x;
-- 100,000 groups, hashed, sorted, and with no memory
CREATE TABLE buyer AS
	SELECT i, i % 100000 AS g, rnd(i, 32, 90)::float8 AS t, rnd(i, 33, 3) = 0 AS e, i % 3 AS h, i % 300 AS d
	FROM generate_series(1, 150000) i;
ANALYZE buyer;
CREATE TABLE buyer_oracle AS
	SELECT g, count(*) AS n, count(*) FILTER (WHERE e) AS d, max(t) AS last
	FROM buyer GROUP BY g;
ANALYZE buyer_oracle;
CREATE FUNCTION check_buyers(groups bigint) RETURNS TABLE (found bigint, wrong bigint) LANGUAGE sql AS $$
	SELECT count(*),
	       count(*) FILTER (WHERE m.n IS DISTINCT FROM o.n OR m.d IS DISTINCT FROM o.d
	                          OR m.last IS DISTINCT FROM o.last)
	FROM (SELECT g, max(x.at_risk) AS n, sum(x.churned) AS d, max(x.time) AS last
	      FROM (SELECT g, survival_curve(t, e) AS c FROM buyer WHERE g < groups GROUP BY g) c, survival_table(c) x
	      GROUP BY g) m
	FULL JOIN (SELECT * FROM buyer_oracle WHERE g < groups) o USING (g) $$;
SET max_parallel_workers_per_gather = 0;
SELECT * FROM check_buyers(100000);
SET enable_hashagg = off;
SELECT * FROM check_buyers(30000);
RESET enable_hashagg;
SET work_mem = '64kB';
SELECT * FROM check_buyers(30000);
RESET work_mem;
-- large groups side by side, spilled too
SELECT count(*) AS groups,
       count(*) FILTER (WHERE bytes(c) IS DISTINCT FROM (SELECT bytes(survival_curve(i * 0.1, e))
                                                         FROM buyer WHERE i % 15 = x.k)) AS wrong
FROM (SELECT i % 15 AS k, survival_curve(i * 0.1, e) AS c FROM buyer GROUP BY 1) x;
SET work_mem = '64kB';
SELECT count(*) AS groups, sum(n) AS rows, sum(d) = (SELECT count(*) FROM buyer WHERE e) AS churned
FROM (SELECT i % 15 AS k, survival_curve(i * 0.1, e) AS c FROM buyer GROUP BY 1) x,
     LATERAL (SELECT max(at_risk) AS n, sum(churned) AS d FROM survival_table(c)) m;
RESET work_mem;
RESET max_parallel_workers_per_gather;

--
-- Parallel plans
--
SELECT parallel_check('SELECT survival_curve_send(survival_curve(t, e)) c FROM buyer');
SELECT parallel_check('SELECT survival_curve_send(survival_curve(i * 0.1, e)) c FROM buyer');
SELECT parallel_check('SELECT d, survival_curve_send(survival_curve(t, e)) c FROM buyer GROUP BY d');
SELECT parallel_check('SELECT h, survival_curve_send(survival_curve(i * 0.1, e)) c, '
                      'survival_curve_send(survival_curve(t, e)) d FROM buyer GROUP BY h');
SELECT parallel_check('SELECT h, d, survival_curve_send(survival_curve(t + i, e)) c FROM buyer GROUP BY h, d');
SELECT parallel_check('SELECT median_lifetime(survival_curve(t, e)) m, mean_lifetime(survival_curve(t, e), 60) r '
                      'FROM buyer');
CREATE TABLE part AS SELECT g, survival_curve(t, e) AS c FROM buyer GROUP BY g;
ANALYZE part;
SELECT parallel_check('SELECT survival_curve_send(rollup(c)) c FROM part');
SELECT (TABLE pg_temp.parallel_rows) = (SELECT bytes(survival_curve(t, e)) FROM buyer) AS whole;
SELECT parallel_check('SELECT plan, survival_curve_send(survival_curve(started, ended, date ''2024-03-01'')) c '
                      'FROM subscription GROUP BY plan');
-- workers that see no rows, or only rows to ignore
SELECT parallel_check('SELECT survival_curve_send(survival_curve(t, e)) c FROM buyer WHERE i + 0 < 0');
SELECT parallel_check('SELECT survival_curve_send(survival_curve(t, e)) c FROM buyer WHERE i + 0 = 17');
SELECT parallel_check('SELECT survival_curve_send(survival_curve(CASE WHEN i > 149990 THEN t END, e)) c FROM buyer');
SELECT parallel_check('SELECT survival_curve_send(survival_curve(NULL, e)) c FROM buyer');
SELECT parallel_check('SELECT survival_curve_send(rollup(NULL::survival_curve)) c FROM part');
-- partitionwise
CREATE TABLE large (c bigint, t double precision, e boolean) PARTITION BY HASH (c);
CREATE TABLE large_0 PARTITION OF large FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE large_1 PARTITION OF large FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE large_2 PARTITION OF large FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO large SELECT i, i % 20000, e FROM buyer;
ANALYZE large;
SET enable_partitionwise_aggregate = on;
SET max_parallel_workers_per_gather = 0;
SELECT plan_nodes('SELECT survival_curve(t, e) FROM large') @> '{"Finalize Aggregate",Append,"Partial '
                                                               'Aggregate"}' AS partitionwise;
SELECT bytes(survival_curve(t, e)) = (SELECT bytes(survival_curve(i % 20000, e)) FROM buyer) AS same FROM large;
RESET max_parallel_workers_per_gather;
RESET enable_partitionwise_aggregate;

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
-- Contracts: the shifted beta-geometric model
--
-- Survivors of 1,000 customers in two segments, as published
CREATE TABLE published (year int, highend int, regular int);
INSERT INTO published VALUES
	(0, 1000, 1000), (1, 869, 631), (2, 743, 468), (3, 653, 382), (4, 593, 326), (5, 551, 289), (6, 517, 262),
	(7, 491, 241),
	(8, 468, 223), (9, 445, 207), (10, 427, 194), (11, 409, 183), (12, 394, 173);
CREATE TABLE contract (k int, tenure int, churned boolean);
INSERT INTO contract SELECT CASE segment WHEN 'highend' THEN 0 ELSE 1 END + years, year, true
FROM (SELECT segment, years, year, lag(n) OVER (PARTITION BY segment, years ORDER BY year) - n AS lost
      FROM (SELECT 'highend' AS segment, year, highend AS n
            FROM published
            UNION ALL SELECT 'regular', year, regular FROM published) x,
           unnest(ARRAY[40, 70, 120]) years
      WHERE year <= years / 10) y, generate_series(1, lost);
INSERT INTO contract
	SELECT 0 + years, year, false
	FROM published, unnest(ARRAY[40, 70, 120]) years, generate_series(1, highend) WHERE year = years / 10;
INSERT INTO contract
	SELECT 1 + years, year, NULL
	FROM published, unnest(ARRAY[40, 70, 120]) years, generate_series(1, regular) WHERE year = years / 10;
-- contracts that began at different times, few and many, short and long
INSERT INTO contract SELECT 1000 + k, least(life, seen), life <= seen
FROM (SELECT k,
             1 + floor(ln((1 + rnd(i, 60 + k, 1000000)) / 1000001.0)
                           / ln(1 - 0.02 - 0.9 * (rnd(i, 61 + k, 1000) / 1000.0) ^ 2))::int AS life,
             (1 + rnd(i, 62 + k, 5 + k))::int AS seen
      FROM generate_series(1, 20) k, generate_series(1, 100 * k) i) x;
ANALYZE contract;
-- lost and kept in each period, all that the likelihood needs
CREATE TABLE period AS
	SELECT k, t, count(*) FILTER (WHERE churned AND tenure = t)::float8 AS lost,
	       count(*) FILTER (WHERE NOT (coalesce(churned, false) AND tenure = t))::float8 AS kept
	FROM contract, generate_series(1, tenure) t GROUP BY k, t;
CREATE FUNCTION loglikelihood(of int, alpha double precision, beta double precision) RETURNS double precision
LANGUAGE sql STABLE AS $$
	SELECT sum(lost * ln(alpha) + kept * ln(beta + t - 1) - (lost + kept) * ln(alpha + beta + t - 1))
	FROM period WHERE k = of $$;
CREATE TABLE fit AS SELECT k, fit_sbg(tenure, churned) AS m FROM contract GROUP BY k;
SELECT k, round((m).alpha::numeric, 3) AS alpha, round((m).beta::numeric, 3) AS beta,
       round((m).log_likelihood::numeric, 1) AS log_likelihood, (m).customers, (m).converged
FROM fit WHERE k IN (40, 41, 70, 71) ORDER BY k;
-- no slope at the parameters, lower on all sides, errors from the curvature
SELECT count(*) AS fits, count(*) FILTER (WHERE (m).converged) AS converged,
       count(*) FILTER (WHERE (m).iterations BETWEEN 1 AND 200) AS iterations,
       count(*) FILTER (WHERE (m).customers = (SELECT count(*) FROM contract c WHERE c.k = fit.k)) AS customers,
       count(*) FILTER (WHERE close((m).log_likelihood, loglikelihood(k, (m).alpha, (m).beta))) AS likelihood,
       count(*) FILTER (WHERE abs(ga * (m).alpha) < 1e-6 AND abs(gb * (m).beta) < 1e-6) AS no_slope,
       count(*) FILTER (WHERE close((m).alpha_se, sqrt(-hbb / (haa * hbb - hab ^ 2)), 1e-6)
                          AND close((m).beta_se, sqrt(-haa / (haa * hbb - hab ^ 2)), 1e-6)) AS errors,
       count(*) FILTER (WHERE (SELECT bool_and(loglikelihood(k, (m).alpha * fa, (m).beta * fb) < (m).log_likelihood)
                               FROM unnest(ARRAY[0.99, 1, 1.02]) fa, unnest(ARRAY[0.98, 1, 1.01]) fb
                               WHERE fa <> 1 OR fb <> 1)) AS highest
FROM fit, LATERAL (
	SELECT sum(lost / a - (lost + kept) / (a + b + t - 1)) AS ga,
	       sum(kept / (b + t - 1) - (lost + kept) / (a + b + t - 1)) AS gb,
	       sum(-lost / a ^ 2 + (lost + kept) / (a + b + t - 1) ^ 2) AS haa,
	       sum((lost + kept) / (a + b + t - 1) ^ 2) AS hab,
	       sum(-kept / (b + t - 1) ^ 2 + (lost + kept) / (a + b + t - 1) ^ 2) AS hbb
	FROM period, (SELECT (m).alpha AS a, (m).beta AS b) p WHERE period.k = fit.k) d;
-- customers without a period yet, and rows without tenure
SELECT (x).alpha = (m).alpha AS alpha, (x).beta = (m).beta AS beta
FROM fit,
     (SELECT fit_sbg(tenure, churned) AS x
      FROM (SELECT tenure, churned
            FROM contract WHERE k = 70
            UNION ALL SELECT 0, false FROM generate_series(1, 50)
            UNION ALL SELECT 0, NULL
            UNION ALL SELECT NULL, true) y) z
WHERE k = 70;
SELECT fit_sbg(tenure, churned) FROM contract WHERE false;
SELECT fit_sbg(NULL, churned) FROM contract;
-- any order, any plan, any grouping
SELECT count(*) AS fits, count(*) FILTER (WHERE m IS DISTINCT FROM shuffled) AS wrong
FROM fit
JOIN (SELECT k, fit_sbg(tenure, churned ORDER BY tenure DESC, churned) AS shuffled FROM contract GROUP BY k) x
    USING (k);
SELECT count(*) AS fits, count(*) FILTER (WHERE x.m IS DISTINCT FROM fit.m) AS wrong
FROM (SELECT k, fit_sbg(tenure, churned) AS m FROM contract GROUP BY GROUPING SETS ((k), ())) x JOIN fit USING (k);
SELECT (fit_sbg(tenure, churned) FILTER (WHERE k = 70)) = (SELECT m FROM fit WHERE k = 70) AS filtered FROM contract;
SELECT parallel_check('SELECT (fit_sbg(tenure, churned)).* FROM contract');
SELECT parallel_check('SELECT k, (fit_sbg(tenure, churned)).* FROM contract GROUP BY k');
SELECT parallel_check('SELECT (fit_sbg(tenure, churned)).* FROM contract WHERE k + 0 < 0');
SELECT parallel_check('SELECT (fit_sbg(least(50000, 150000 / i)::int, i % 7 > 0)).* FROM buyer');
-- customers in millions of one contract are as good as one in thousands
SELECT close((b).alpha, (m).alpha, 1e-7) AS alpha, close((b).beta, (m).beta, 1e-7) AS beta,
       close((b).log_likelihood, 100 * (m).log_likelihood, 1e-9) AS likelihood,
       close((b).alpha_se, (m).alpha_se / 10, 1e-6) AS error
FROM fit, (SELECT fit_sbg(tenure, churned) AS b FROM contract, generate_series(1, 100) WHERE k = 70) x WHERE k = 70;
-- a model that is stored, as text and in parts
SELECT count(*) AS models,
       count(*) FILTER (WHERE m::text::sbg_model IS DISTINCT FROM m
                          OR jsonb_populate_record(NULL::sbg_model, to_jsonb(m)) IS DISTINCT FROM m) AS wrong
FROM fit;

-- Nobody left; everybody left in the first period; a constant share leaves;
-- one period alone; one customer.  It is said, and no number is made up.
CREATE TABLE degenerate (what text, tenure int, churned boolean);
INSERT INTO degenerate SELECT 'nobody left', i % 7, false FROM generate_series(1, 100) i;
INSERT INTO degenerate SELECT 'all left at once', 1, true FROM generate_series(1, 100) i;
INSERT INTO degenerate
	SELECT 'constant hazard', t, true
	FROM generate_series(1, 8) t, generate_series(1, (2 ^ (8 - t))::int)
	UNION ALL SELECT 'constant hazard', 8, false;
INSERT INTO degenerate SELECT 'growing hazard', t, true FROM generate_series(1, 10) t, generate_series(1, t * t);
INSERT INTO degenerate SELECT 'one period', 1, i % 4 = 0 FROM generate_series(1, 100) i;
INSERT INTO degenerate VALUES
	('one customer who left', 3, true), ('one customer who stays', 3, false), ('no period yet', 0, false);
SELECT (fit_sbg(tenure, churned)).* FROM degenerate WHERE what = 'nobody left';
SELECT (fit_sbg(tenure, churned)).* FROM degenerate WHERE what = 'all left at once';
SET client_min_messages = error;
CREATE TABLE degenerate_fit AS SELECT what, fit_sbg(tenure, churned) AS m FROM degenerate GROUP BY what;
SET client_min_messages = warning;
SELECT count(*) AS fits, count(*) FILTER (WHERE (m).converged) AS converged,
       count(*) FILTER (WHERE v = ANY ('{NaN,Infinity,-Infinity}')) AS not_numbers
FROM degenerate_fit, LATERAL (SELECT value AS v FROM jsonb_each_text(to_jsonb(m))) f;
SELECT count(*) AS models, count(*) FILTER (WHERE (m).note IS NOT NULL OR NOT (m).converged) AS wrong
FROM fit WHERE k < 1000;
SELECT what, (m).alpha, (m).beta, (m).customers, (m).converged, (m).note FROM degenerate_fit ORDER BY what;
-- what is read from such a model is a share, or nothing
SELECT count(*) AS reads,
       count(*) FILTER (WHERE s < 0 OR s > 1 OR r < 0 OR r > 1 OR s = 'NaN' OR r = 'NaN' OR l = 'NaN' OR l = 'infinity'
                          OR l < 0 OR v = 'NaN' OR v = 'infinity') AS wrong
FROM (SELECT sbg_survival(m, t) AS s, sbg_retention(m, t) AS r, residual_lifetime(m, t, 0.1) AS l, clv(m, 1, 0.1) AS v
      FROM degenerate_fit, generate_series(1, 30) t WHERE m IS DISTINCT FROM NULL) x;
-- few contracts: nothing on a wide grid of parameters is more likely than what
-- has been fitted, or than a constant where that is the answer
CREATE TABLE few AS
	SELECT k, (1 + rnd(k * 100 + i, 71, 6) * rnd(k * 100 + i, 73, 6) / 6)::int AS tenure,
	       rnd(k * 100 + i, 72, 3) > 0 AS churned
	FROM generate_series(1, 300) k, generate_series(1, 3 + k % 8) i;
-- these have two maxima
INSERT INTO few
	SELECT 401, unnest(ARRAY[1, 16, 26]), unnest(ARRAY[true, false, true])
	UNION ALL SELECT 402, unnest(ARRAY[1, 16, 21]), unnest(ARRAY[true, false, true])
	UNION ALL SELECT 403, unnest(ARRAY[1, 1, 11, 21, 26]), unnest(ARRAY[true, true, false, true, true]);
SET client_min_messages = error;
CREATE TABLE few_fit AS SELECT k, fit_sbg(tenure, churned) AS m FROM few GROUP BY k;
SET client_min_messages = warning;
CREATE TABLE few_period AS
	SELECT k, t, count(*) FILTER (WHERE churned AND tenure = t)::float8 AS lost,
	       count(*) FILTER (WHERE NOT (churned AND tenure = t))::float8 AS kept
	FROM few, generate_series(1, tenure) t GROUP BY k, t;
CREATE TABLE few_best AS
	SELECT k, max(l) AS best
	FROM (SELECT k, x, y, sum(lost * ln(x / (x + y + t - 1)) + kept * ln((y + t - 1) / (x + y + t - 1))) AS l
	      FROM few_period, (SELECT 2.0::float8 ^ i AS x FROM generate_series(-9, 12) i) a,
	           (SELECT 2.0::float8 ^ i AS y FROM generate_series(-9, 12) i) b
	      GROUP BY k, x, y) g GROUP BY k;
SELECT count(*) > 250 AS fits, count(*) FILTER (WHERE (m).converged) > 30 AS converged,
       count(*) FILTER (WHERE (m).note LIKE 'retention does not rise%') > 30 AS constants,
       count(*) FILTER (WHERE (m).converged AND k > 400) AS two_maxima,
       count(*) FILTER (WHERE (m).converged AND (m).log_likelihood < best - 1e-9) AS beaten_wrong,
       count(*) FILTER (WHERE (m).note LIKE 'retention does not rise%' AND constant < best - 1e-9) AS constant_wrong
FROM few_fit JOIN few_best USING (k) JOIN (
	SELECT k,
	       CASE WHEN sum(lost) > 0 AND sum(kept) > 0
	              THEN sum(lost) * ln(sum(lost) / sum(lost + kept))
	                       + sum(kept) * ln(sum(kept) / sum(lost + kept)) END AS constant
	FROM few_period GROUP BY k) c USING (k);
-- 10,000 fits of one or two contracts
SET client_min_messages = error;
SELECT count(*) AS groups,
       count(*) FILTER (WHERE (m).alpha = 'NaN' OR (m).beta = 'NaN' OR (m).alpha = 'infinity' OR (m).beta = 'infinity'
                          OR (m).log_likelihood = 'NaN') AS not_numbers
FROM (SELECT g, fit_sbg(1 + t::int % 4, e) AS m FROM buyer WHERE g < 10000 GROUP BY g) x;
SET client_min_messages = warning;

-- What the model says, for the fits and for models as one writes them down
CREATE TABLE model AS
	SELECT 'fit ' || k AS what, m FROM fit WHERE k < 1003
	UNION ALL SELECT format('%s, %s', a, b),
	jsonb_populate_record(NULL::sbg_model, jsonb_build_object('alpha', a, 'beta', b, 'converged', true))
	FROM unnest(ARRAY[0.05, 1, 1.5, 30]) a, unnest(ARRAY[0.01, 4, 500]) b;
CREATE TABLE model_oracle AS
	SELECT what, t, (b + t - 1) / (a + b + t - 1) AS retention,
	       product((b + t - 1) / (a + b + t - 1)) OVER (PARTITION BY what ORDER BY t) AS survival
	FROM (SELECT what, (m).alpha AS a, (m).beta AS b FROM model) x, generate_series(1, 1500) t;
ALTER TABLE model_oracle ADD log_survival double precision;
UPDATE model_oracle SET log_survival = ln(survival);
CREATE INDEX ON model_oracle (what, t);
ANALYZE model_oracle;
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT close(sbg_retention(m, t), retention)) AS retention_wrong,
       count(*) FILTER (WHERE NOT close(sbg_survival(m, t), survival, 1e-9)) AS survival_wrong
FROM model_oracle JOIN model USING (what) WHERE t <= 100 OR t IN (1000, 1001, 1500);
SELECT count(*) AS models, count(*) FILTER (WHERE sbg_survival(m, 0) = 1) AS all_at_first FROM model;
SELECT sbg_survival(NULL, 1), sbg_retention(NULL, 1), sbg_survival(m, NULL), sbg_retention(m, NULL),
       residual_lifetime(NULL, 1, 0.1), residual_lifetime(m, NULL, 0.1), clv(NULL::sbg_model, 1, 0.1), clv(m, NULL, 0.1)
FROM fit WHERE k = 70;
-- survival far away, without walking there: t^-alpha up to a factor
SELECT close(sbg_survival(m, 2000000000) / sbg_survival(m, 1000000000), 0.5 ^ (m).alpha, 1e-6) AS far
FROM fit WHERE k IN (70, 71);

-- residual_lifetime: the renewals still to come of a customer in period n,
-- with n - 1 behind; the next one is not discounted
CREATE TABLE discount (d double precision, periods double precision);
INSERT INTO discount VALUES (0.1, 1), (0.05, 1), (0.25, 1), (0.9, 12), (0.44, 2), (0.1, 0.5);
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT close(residual_lifetime(m, n, d, periods), expected, 1e-9)) AS wrong
FROM (SELECT what, n, d, periods,
             (SELECT sum(exp(log_survival - (t - n) * ln(1 + d) / periods))
              FROM model_oracle o WHERE o.what = model.what AND t >= n)
             / coalesce((SELECT survival FROM model_oracle o WHERE o.what = model.what AND t = n - 1), 1) AS expected
      FROM model, unnest(ARRAY[1, 2, 3, 6, 30]) n, discount WHERE (m).alpha < 30) x JOIN model USING (what);
SELECT close(residual_lifetime(m, 3, 0.1), residual_lifetime(m, 3, 0.1, 1)) AS yearly,
       close(residual_lifetime(m, 3, annual_discount => 0.21, periods_per_year => 2),
             residual_lifetime(m, 3, 0.1)) AS half_years
FROM fit WHERE k = 70;
-- not discounted it is finite for alpha > 1 alone: (beta + n - 1) / (alpha - 1)
SELECT count(*) AS rows,
       count(*) FILTER (WHERE NOT close(r, CASE WHEN a > 1 THEN (b + n - 1) / (a - 1) END, 1e-9)) AS wrong
FROM (SELECT (m).alpha AS a, (m).beta AS b, n, residual_lifetime(m, n, 0) AS r FROM model, unnest(ARRAY[1, 2, 8]) n) x;
-- hardly discounted it takes many terms
SELECT close(residual_lifetime(m, 5, 1e-7), ((m).beta + 4) / ((m).alpha - 1), 1e-4) AS slow
FROM model WHERE what = '30, 4';
SELECT k, close(clv(m, 1, 1e-3), 1 + total, 1e-8) AS summed FROM fit, LATERAL (
	SELECT sum(exp(s - t * ln(1.001::float8))) AS total
	FROM (SELECT t, sum(ln(((m).beta + t - 1) / ((m).alpha + (m).beta + t - 1))) OVER (ORDER BY t) AS s
	      FROM generate_series(1, 50000) t) x) y
	WHERE k IN (70, 71) ORDER BY k;
SELECT clv(m, 1, 1e-18) > 1000 OR clv(m, 1, 1e-18) IS NULL AS ends FROM fit WHERE k = 70;

--
-- Value of contracts
--
-- over the curve: payments at 0, 1, 2 ... before the horizon
CREATE TABLE payment AS
	SELECT s, h, d, periods,
	       (SELECT coalesce(sum(7.5 * survival_at(c, t) * exp(-t * ln(1 + d) / periods)), 0)
	        FROM generate_series(0, ceil(h)::int - 1) t) AS expected
	FROM (SELECT * FROM curve WHERE s !~ 'many|fractions|churned' OR s LIKE 'one%') x
	JOIN last USING (s), unnest(ARRAY[1, 2, 2.5, 10, time]) h, (TABLE discount UNION ALL VALUES (0, 1), (0, 12)) d
	WHERE h > 0 AND h <= time AND time < 10000;
SELECT count(*) > 2000 AS payments,
       count(*) FILTER (WHERE NOT close(clv(c, 7.5, d, h, periods), expected, 1e-9)) AS wrong
FROM payment JOIN curve USING (s);
SELECT close(clv(c, 100, 0.1, 3), 100 * (1 + 0.8 / 1.1 + 0.7 / 1.21)) AS three,
       close(clv(c, 100, 0.1, 2), 100 * (1 + 0.8 / 1.1)) AS two, clv(c, 100, 0.1, 0.5) AS one,
       clv(c, 0, 0.1, 3) AS no_margin,
       close(clv(c, -100, 0.1, 3), -100 * (1 + 0.8 / 1.1 + 0.7 / 1.21)) AS cost,
       close(clv(curve => c, margin => 100, annual_discount => 0.21, horizon => 2, periods_per_year => 2),
             100 * (1 + 0.8 / 1.1)) AS half_years
FROM (SELECT survival_curve(t, e) AS c FROM example) x;
SELECT clv(c, NULL, 0.1, 3), clv(NULL::survival_curve, 1, 0.1, 3)
FROM (SELECT survival_curve(t, e) AS c FROM example) x;
-- beyond the last time only when nobody is left
SELECT close(clv(c, 10, 0, 50), 10 * (1 + 0.5)) AS all_gone
FROM (SELECT survival_curve(t, true) AS c FROM (VALUES (1), (2)) v(t)) x;
-- over the model: for some periods, or for ever
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT close(clv(m, 12, d, h, periods), expected, 1e-9)) AS wrong
FROM (SELECT what, h, d, periods,
             12 * (1 + coalesce((SELECT sum(exp(log_survival - t * ln(1 + d) / periods))
                                 FROM model_oracle o WHERE o.what = model.what AND t < h),
                                0)) AS expected
      FROM model, unnest(ARRAY[0.5, 1, 2, 2.5, 12, 60, 1400]) h,
           (SELECT * FROM discount WHERE d >= 0.1 UNION ALL VALUES (0, 1)) d) x
      JOIN model USING (what);
SELECT count(*) AS rows,
       count(*) FILTER (WHERE NOT close(clv(m, 12, d, periods_per_year => periods), expected, 1e-9)
                          OR NOT close(clv(m, 12, d, NULL, periods), expected, 1e-9)) AS wrong
FROM (SELECT what, d, periods,
             12 * (1 + (SELECT sum(exp(log_survival - t * ln(1 + d) / periods))
                        FROM model_oracle o WHERE o.what = model.what)) AS expected
      FROM model, discount WHERE what !~ '^30') x JOIN model USING (what);
-- all that is paid is the payment now and the renewals to come
SELECT count(*) AS models,
       count(*) FILTER (WHERE NOT close(clv(m, 1, 0.1), 1 + residual_lifetime(m, 1, 0.1) / 1.1, 1e-9)) AS wrong
FROM model;
-- not discounted: (alpha + beta - 1) / (alpha - 1), or without end
SELECT count(*) AS models,
       count(*) FILTER (WHERE NOT close(clv(m, 1, 0),
                                        CASE WHEN (m).alpha > 1 THEN ((m).alpha + (m).beta - 1) / ((m).alpha - 1) END,
                                        1e-9)) AS wrong
FROM model;
-- very far and not at all discounted, where the sum has a closed form
SELECT count(*) AS models,
       count(*) FILTER (WHERE NOT close(clv(m, 1, 0, 1000000),
                                        ((m).alpha + (m).beta - 1
                                         - sbg_survival(m, 1000000) * ((m).alpha + (m).beta + 999999))
                                        / ((m).alpha - 1), 1e-7)) AS wrong
FROM model WHERE (m).alpha <> 1;

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
-- by hand from the days of the session's zone; what ends in the instant in which it began is no contract
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
		             s::date < %3$L::date AND e IS DISTINCT FROM s AS counts
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
-- a contract that ended when it started, one that did so within a day, one whose start is not known
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
-- tenures that are not integers
SELECT bytes_of.k, bytes_of.m IS NOT DISTINCT FROM (SELECT fit_sbg(tenure, churned) FROM contract WHERE k = 70) AS same
FROM (SELECT 'ceil of numeric' AS k, fit_sbg(ceil(tenure - 0.5::numeric), churned) AS m
      FROM contract WHERE k = 70
      UNION ALL SELECT 'ceil of double', fit_sbg(ceil(tenure - 0.5::float8), churned) FROM contract WHERE k = 70
      UNION ALL SELECT 'bigint', fit_sbg(tenure::bigint, churned) FROM contract WHERE k = 70
      UNION ALL SELECT 'smallint', fit_sbg(tenure::smallint, churned) FROM contract WHERE k = 70
      UNION ALL SELECT 'real', fit_sbg(tenure::real, churned) FROM contract WHERE k = 70) bytes_of ORDER BY k;
PREPARE fit_by AS SELECT (fit_sbg($1, $2)).customers;
EXECUTE fit_by(NULL, true);
DEALLOCATE ALL;
SELECT fit_sbg(1.5, true);
SELECT fit_sbg(0.5, false);
SELECT fit_sbg(-1.0, false);
SELECT fit_sbg(0.0, true);
SELECT fit_sbg('NaN', true);
SELECT fit_sbg('Infinity'::numeric, true);
SELECT fit_sbg(1e300, false);
SELECT survival_table(c, interval_type => NULL) FROM curve WHERE s = 'ties';
\set VERBOSITY sqlstate

--
-- Errors
--
SELECT survival_curve(-1, true);
SELECT survival_curve(-1e-300, false);
SELECT survival_curve('NaN', true);
SELECT survival_curve('Infinity', false);
SELECT survival_curve('-Infinity', false);
SELECT survival_curve(CASE i WHEN 5000 THEN -1 ELSE i END, true) FROM generate_series(1, 5000) i;
SELECT survival_curve(date '2024-02-01', date '2024-01-31', date '2024-06-01');
SELECT survival_curve(date '2024-02-01', date '2024-01-31', NULL);
SELECT survival_curve(date '2024-02-01', NULL, NULL);
SELECT survival_curve(date 'infinity', NULL, date '2024-06-01');
SELECT survival_curve(date '-infinity', NULL, date '2024-06-01');
SELECT survival_curve(date '2024-02-01', NULL, 'infinity');
SELECT survival_curve(date '2024-02-01', NULL, '-infinity');
SELECT survival_table(c, 0) FROM curve WHERE s = 'ties';
SELECT survival_table(c, 1) FROM curve WHERE s = 'ties';
SELECT survival_table(c, 95) FROM curve WHERE s = 'ties';
SELECT survival_table(c, 'NaN') FROM curve WHERE s = 'ties';
SELECT survival_table(c, NULL) FROM curve WHERE s = 'ties';
SELECT survival_table(c, 0.95, 'loglog') FROM curve WHERE s = 'ties';
SELECT survival_table(c, 0.95, '') FROM curve WHERE s = 'ties';
SELECT survival_table(c, 0.95, NULL) FROM curve WHERE s = 'ties';
SELECT survival_at(c, -1) FROM curve WHERE s = 'ties';
SELECT survival_at(c, 'NaN') FROM curve WHERE s = 'ties';
SELECT survival_at(c, 'Infinity') FROM curve WHERE s = 'ties';
SELECT lifetime_quantile(c, 0) FROM curve WHERE s = 'ties';
SELECT lifetime_quantile(c, 'NaN') FROM curve WHERE s = 'ties';
SELECT lifetime_quantile(c, -0.1) FROM curve WHERE s = 'ties';
SELECT lifetime_quantile(c, 1.1) FROM curve WHERE s = 'ties';
SELECT lifetime_quantile(c, 50) FROM curve WHERE s = 'ties';
SELECT lifetime_quantile_interval(c, 0) FROM curve WHERE s = 'ties';
SELECT lifetime_quantile_interval(c, 0.5, 95) FROM curve WHERE s = 'ties';
SELECT lifetime_quantile_interval(c, 0.5, NULL) FROM curve WHERE s = 'ties';
SELECT lifetime_quantile_interval(c, 0.5, 0.9, 'wald') FROM curve WHERE s = 'ties';
SELECT mean_lifetime(c, 3.1) FROM (SELECT survival_curve(t, e) AS c FROM (VALUES (1, true), (3, false)) v(t, e)) x;
SELECT mean_lifetime_error(c, 3.1)
FROM (SELECT survival_curve(t, e) AS c FROM (VALUES (1, true), (3, false)) v(t, e)) x;
SELECT mean_lifetime(c, -1) FROM curve WHERE s = 'ties';
SELECT mean_lifetime_error(c, -1) FROM curve WHERE s = 'ties';
SELECT mean_lifetime(c, 'NaN') FROM curve WHERE s = 'ties';
SELECT mean_lifetime(c, 'Infinity') FROM curve WHERE s = 'ties';
SELECT mean_lifetime_error(c, 'NaN') FROM curve WHERE s = 'ties';
SELECT logrank_test(-1, true, 1);
SELECT logrank_test('NaN', true, 'a'::text);
SELECT logrank_test('Infinity', true, true);
SELECT fit_sbg(-1, false);
SELECT fit_sbg(0, true);
SELECT fit_sbg(-2147483648, true);
SELECT fit_sbg(2147483647, true);
SELECT sbg_retention(m, 0) FROM fit WHERE k = 70;
SELECT sbg_retention(m, -1) FROM fit WHERE k = 70;
SELECT sbg_survival(m, -1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 0, 0.1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, -1, 0.1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, -0.1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 'NaN') FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 'Infinity') FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, NULL) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 0.1, 0) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 0.1, NULL) FROM fit WHERE k = 70;
SELECT clv(c, 1, 0.1, 3.1) FROM (SELECT survival_curve(t, e) AS c FROM (VALUES (1, true), (3, false)) v(t, e)) x;
SELECT clv(c, 1, 0.1, -1) FROM curve WHERE s = 'ties';
SELECT clv(c, 1, 0.1, NULL) FROM curve WHERE s = 'ties';
SELECT clv(c, 1, 0.1, 'NaN') FROM curve WHERE s = 'ties';
SELECT clv(c, 1, NULL, 1) FROM curve WHERE s = 'ties';
SELECT clv(c, 1, -0.1, 1) FROM curve WHERE s = 'ties';
SELECT clv(c, 1, 'NaN', 1) FROM curve WHERE s = 'ties';
SELECT clv(c, 'NaN', 0.1, 1) FROM curve WHERE s = 'ties';
SELECT clv(c, 'Infinity', 0.1, 1) FROM curve WHERE s = 'ties';
SELECT clv(c, 1, 0.1, 1, 0) FROM curve WHERE s = 'ties';
SELECT clv(c, 1, 0.1, 1, NULL) FROM curve WHERE s = 'ties';
SELECT clv(c, 1.7e308, 0, 20) FROM curve WHERE s = 'ties';
SELECT clv(m, 1, 0.1, -1) FROM fit WHERE k = 70;
SELECT clv(m, 1, 0.1, 'NaN') FROM fit WHERE k = 70;
SELECT clv(m, 1, 0.1, 1000001) FROM fit WHERE k = 70;
SELECT clv(m, 1, -0.1) FROM fit WHERE k = 70;
SELECT clv(m, 1, NULL) FROM fit WHERE k = 70;
SELECT clv(m, 'NaN', 0.1) FROM fit WHERE k = 70;
SELECT clv(m, 1, 0.1, 10, -12) FROM fit WHERE k = 70;
SELECT clv(m, 1.7e308, 0.1) FROM fit WHERE k = 70;
-- models that nothing has fitted
CREATE FUNCTION read_model(alpha text, beta text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m sbg_model := jsonb_populate_record(NULL::sbg_model, jsonb_build_object('alpha', alpha, 'beta', beta));
	result text := '';
	query text;
	v double precision;
BEGIN
	FOREACH query IN ARRAY ARRAY['sbg_survival($1, 3)', 'sbg_survival($1, 2000)', 'sbg_retention($1, 3)',
	                             'residual_lifetime($1, 3, 0.1)', 'clv($1, 1, 0.1)', 'clv($1, 1, 0.1, 10)'] LOOP
		BEGIN
			EXECUTE 'SELECT ' || query INTO v USING m;
			result := result || CASE WHEN v IS NULL THEN ' null' WHEN v = 'NaN' OR abs(v) = 'infinity' THEN ' BAD'
			                         ELSE ' number' END;
		EXCEPTION WHEN OTHERS THEN
			result := result || ' ' || SQLSTATE;
		END;
	END LOOP;
	RETURN result;
END $$;
SELECT a, b, read_model(a, b)
FROM (VALUES (1, '1', NULL), (2, NULL, '1'), (3, NULL, NULL), (4, '-1', '1'), (5, '1', '-1'), (6, 'NaN', '1'),
             (7, '1', 'NaN'), (8, 'Infinity', '1'), (9, '1', 'Infinity'),
	(10, '0', '1'), (11, '1', '0'), (12, '0', '0'), (13, '1e308', '1e308'), (14, '1e-308', '1e-308'),
	(15, '1e308', '1e-308'), (16, '1e-308', '1e308')) v(n, a, b)
	ORDER BY n;
-- counts that outgrow a bigint: an error, nothing else
CREATE FUNCTION double_up(c survival_curve, points bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	k int := 0;
	n bigint;
BEGIN
	LOOP
		n := (SELECT max(at_risk) FROM survival_table(c));
		IF n IS DISTINCT FROM points * (2::numeric ^ k) THEN
			RETURN format('%s customers after %s times', n, k);
		END IF;
		c := (SELECT rollup(x) FROM (SELECT c AS x UNION ALL SELECT c) y);
		k := k + 1;
	END LOOP;
EXCEPTION WHEN OTHERS THEN
	RETURN format('%s after %s times', SQLSTATE, k);
END $$;
SELECT points, double_up(survival_curve(i, i % 2 = 0), points)
FROM unnest(ARRAY[1, 4, 100, 1000]) points, generate_series(1, points) i GROUP BY points ORDER BY points;
-- the same in bytes that nobody has counted: refused, and not only when read
CREATE FUNCTION curve_bytes(VARIADIC counts bigint[]) RETURNS bytea
RETURN (SELECT '\x01010102'::bytea || int4send((array_length(counts, 1) / 2))
                   || string_agg(float8send(i) || int8send(counts[2 * i - 1]) || int8send(counts[2 * i]), '' ORDER BY i)
        FROM generate_series(1, array_length(counts, 1) / 2) i);
CREATE FUNCTION take_curve(b bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT max(at_risk) FROM survival_table(b::text::survival_curve));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT take_curve(curve_bytes(1, 0)) AS one, take_curve(curve_bytes(9223372036854775806, 1)) AS all_at_once,
       take_curve(curve_bytes(9223372036854775807, 1)) AS too_many,
       take_curve(curve_bytes(9223372036854775806, 0, 0, 1)) AS all_in_two,
       take_curve(curve_bytes(9223372036854775806, 0, 1, 1)) AS too_many_in_two,
       take_curve(curve_bytes(5000000000000000000, 0, 1, 0, 0, 5000000000000000000)) AS in_three,
       take_curve(curve_bytes(1, 0, 0, 0)) AS nobody;
-- the session lives on after an error on a late row
SELECT bytes(survival_curve(t, e)) = (SELECT bytes(c) FROM curve WHERE s = 'ties') AS same FROM life WHERE s = 'ties';
-- the support functions alone
CREATE FUNCTION call_state(f regprocedure) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT %s(%s)', f::regproc,
	               (SELECT string_agg(format('NULL::%s', t::regtype), ',')
	                FROM unnest((SELECT proargtypes::oid[] FROM pg_proc WHERE oid = f)) t));
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT call_state(f) AS state, count(*) > 0 AS functions
FROM (SELECT DISTINCT aggtransfn::oid AS f
      FROM pg_aggregate WHERE aggfnoid::regproc::text ~ '(survival_curve|logrank_test|fit_sbg)$'
      UNION SELECT aggcombinefn FROM pg_aggregate
      WHERE aggfnoid::regproc::text ~ '(survival_curve|logrank_test|fit_sbg)$') x GROUP BY 1 ORDER BY 1;
\set VERBOSITY default
SELECT mean_lifetime(c, 3.1) FROM (SELECT survival_curve(t, e) AS c FROM (VALUES (1, true), (3, false)) v(t, e)) x;
SELECT survival_curve(date '2024-02-01', date '2024-01-31', date '2024-06-01');
SELECT survival_curve(-1, true);
SELECT survival_table(c, 0.95, 'loglog') FROM curve WHERE s = 'ties';
SELECT clv(c, 1, 0.1, 3.1) FROM (SELECT survival_curve(t, e) AS c FROM (VALUES (1, true), (3, false)) v(t, e)) x;
SELECT fit_sbg(0, true);

DROP SCHEMA survival_test CASCADE;
