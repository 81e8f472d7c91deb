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
-- Value of customers who leave by a curve
--
-- over the curve: payments at 0, 1, 2 ... before the horizon
CREATE TABLE discount (d double precision, periods double precision);
INSERT INTO discount VALUES (0.1, 1), (0.05, 1), (0.25, 1), (0.9, 12), (0.44, 2), (0.1, 0.5);
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
SELECT survival_table(c, interval_type => NULL) FROM curve WHERE s = 'ties';
SELECT survival_table(c, 0.95, 'loglog') FROM curve WHERE s = 'ties';
SELECT clv(c, 1, 0.1, 3.1) FROM (SELECT survival_curve(t, e) AS c FROM (VALUES (1, true), (3, false)) v(t, e)) x;

DROP SCHEMA survival_test CASCADE;
