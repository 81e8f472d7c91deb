-- nps, nps_summary, csat, ces, rollup and what is read from them
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 0;
CREATE SCHEMA survey_test;
SELECT set_config('search_path', 'survey_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- plain SQL on the scores, NULLs included
CREATE FUNCTION oracle_nps(scores double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN (SELECT 100.0 * (count(*) FILTER (WHERE s >= 9) - count(*) FILTER (WHERE s < 7)) / nullif(count(s), 0)
		FROM unnest(scores) s);
CREATE FUNCTION oracle_csat(scores double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN (SELECT avg(CASE WHEN s >= 4 THEN 1.0 WHEN s < 4 THEN 0.0 END) FROM unnest(scores) s);

--
-- Worked examples
--
CREATE TABLE example (score integer);
INSERT INTO example VALUES (10), (9), (9), (8), (7), (6), (0), (NULL);
SELECT near(nps(score), 14.2857, 1e-5) AS nps, nps_summary(score),
       near(nps(nps_summary(score)), 14.2857, 1e-5) AS from_summary
FROM example;
SELECT near(lower, -39.6, 2e-3) AS lower, near(upper, 59.6, 2e-3) AS upper
FROM nps_interval((SELECT nps_summary(score) FROM example));
SELECT nps(score), near((nps_interval(nps_summary(score))).lower, 17.5, 1e-3) AS lower,
       (nps_interval(nps_summary(score))).upper
FROM (VALUES (9), (9), (10), (10), (10)) v(score);
SELECT nps(score) FROM (VALUES (7)) v(score);
SELECT nps(score) IS NULL AS nobody FROM example WHERE score IS NULL;
SELECT nps(70, 10, 20), nps(120, 120, 60), nps(promoters => 150, passives => 105, detractors => 45);
SELECT near(difference, 15) AS difference, near(z, 2.49, 5e-3) AS z, near(p_value, 0.013, 5e-4) AS p_value
FROM nps_test(ROW(120, 120, 60), ROW(150, 105, 45));

-- every score belongs to one category, also between the integers
SELECT string_agg(score || ' ' || nps_category(score), ', ' ORDER BY score) FROM generate_series(0, 10) score;
SELECT score, nps_category(score), nps(score), nps_summary(score)
FROM (VALUES (0::float8), (6.5), (6.999999999999999), (7), (8.5), (8.999999999999999), (9), (9.5), (10)) v(score)
GROUP BY score ORDER BY score;
SELECT nps_category(NULL::integer) IS NULL AS null_integer, nps_category(NULL::float8) IS NULL AS null_double;
SELECT score, csat(score) FROM (VALUES (1::float8), (3), (3.999999999999999), (4), (4.5), (5)) v(score)
GROUP BY score ORDER BY score;
SELECT csat(score) FROM generate_series(1, 5) score;

--
-- Random data: the whole table and its groups against plain SQL
--
CREATE TABLE answers AS
SELECT id, date '2024-01-01' + id * 7 / 20 AS day, id % 13 AS branch, (id * 2654435761 >> 7) % 3 AS channel,
	   CASE WHEN id % 17 <> 5 AND id % 13 <> 12 THEN (id * 7919::bigint * 104729 >> 5) % 11 END::integer AS score,
	   CASE WHEN id % 19 <> 5 THEN ((id * 6700417::bigint >> 4) % 1001) / 100.0 END::double precision AS exact,
	   CASE WHEN id % 7 <> 5 THEN 1 + (id * 15485863::bigint >> 3) % 5 END::integer AS stars
FROM generate_series(1, 3000) id;
SELECT count(*) AS answers, count(score) AS scores, count(DISTINCT score) AS kinds, count(DISTINCT stars) AS stars
FROM answers;

SELECT near(nps(score), oracle_nps(array_agg(score))) AS score,
	   near(nps(exact), oracle_nps(array_agg(exact))) AS exact,
	   nps(score) = nps(score::float8) AS score_as_double,
	   near(csat(stars), oracle_csat(array_agg(stars))) AS stars,
	   near(csat(1 + exact * 0.4), oracle_csat(array_agg(1 + exact * 0.4))) AS scaled,
	   nps_summary(exact) = ROW(count(*) FILTER (WHERE exact >= 9), count(*) FILTER (WHERE exact >= 7 AND exact < 9),
								count(*) FILTER (WHERE exact < 7))::nps_summary AS parts,
	   near(nps(score) FILTER (WHERE channel = 1), oracle_nps(array_agg(score) FILTER (WHERE channel = 1))) AS filtered,
	   nps(score ORDER BY exact) = nps(score) AS ordered,
	   near(nps(DISTINCT score), 100.0 * (2 - 7) / 11) AS distinct
FROM answers;
-- other numeric types
SELECT nps(score::smallint) = nps(score) AS smallint, nps(score::bigint) = nps(score) AS bigint,
	   nps(score::numeric) = nps(score) AS numeric, nps(score::real) = nps(score) AS real,
	   nps_summary(score::numeric) = nps_summary(score) AS summary, csat(stars::smallint) = csat(stars) AS csat
FROM answers;

-- the empty branch 12 gives NULL
SELECT count(*) AS groups, count(*) FILTER (WHERE near(got, want)) AS agree, count(got) AS not_null,
	   count(*) FILTER (WHERE (got IS NULL) = (summary IS NULL)) AS summary_agrees
FROM (SELECT branch, nps(score) AS got, oracle_nps(array_agg(score)) AS want, nps_summary(score) AS summary
	  FROM answers GROUP BY branch) g;
SELECT branch, nps(score), nps_summary(score) IS NULL AS no_summary FROM answers WHERE branch = 12 GROUP BY branch;
SELECT nps(score), nps(exact), nps_summary(score), nps_summary(exact), csat(stars), csat(exact)
FROM answers WHERE false;

-- grouping sets, hashed and sorted
CREATE FUNCTION grouping_sets_differ() RETURNS bigint LANGUAGE sql
BEGIN ATOMIC
	WITH got AS (
		SELECT branch, channel, grouping(branch, channel) AS g, nps(score) AS n, csat(stars) AS c
		FROM answers GROUP BY CUBE (branch, channel)
	), want AS (
		SELECT branch, channel, 0 AS g, oracle_nps(array_agg(score)) AS n, oracle_csat(array_agg(stars)) AS c
		FROM answers GROUP BY 1, 2
		UNION ALL SELECT branch, NULL, 1, oracle_nps(array_agg(score)), oracle_csat(array_agg(stars)) FROM answers
		GROUP BY 1
		UNION ALL SELECT NULL, channel, 2, oracle_nps(array_agg(score)), oracle_csat(array_agg(stars)) FROM answers
		GROUP BY 2
		UNION ALL SELECT NULL, NULL, 3, oracle_nps(array_agg(score)), oracle_csat(array_agg(stars)) FROM answers
	)
	SELECT count(*) FROM got FULL JOIN want
	ON got.g = want.g AND coalesce(got.branch, -1) = coalesce(want.branch, -1)
	AND coalesce(got.channel, -1) = coalesce(want.channel, -1)
	WHERE got.g IS NULL OR want.g IS NULL OR NOT near(got.n, want.n) OR NOT near(got.c, want.c);
END;
SELECT count(*) AS sets FROM (SELECT nps(score) FROM answers GROUP BY CUBE (branch, channel)) g;
SELECT grouping_sets_differ() AS differ;
SET enable_hashagg = off;
SELECT plan_has('SELECT branch, nps(score) FROM answers GROUP BY branch', 'GroupAggregate') AS sorted,
       grouping_sets_differ() AS differ;
RESET enable_hashagg;

-- many groups in little memory
SET work_mem = '64kB';
SET hash_mem_multiplier = 1;
SET enable_sort = off;
SELECT plan_has('SELECT id, nps(score) FROM answers GROUP BY id', 'HashAggregate') AS hashed;
SELECT count(*) AS groups, count(*) FILTER (WHERE near(got, want)) AS agree
FROM (SELECT a.id % 20000 AS id, nps(score) AS got, oracle_nps(array_agg(score)) AS want
	  FROM (SELECT id + 3000 * i AS id, score FROM answers, generate_series(0, 9) i) a GROUP BY 1) g;
RESET work_mem;
RESET hash_mem_multiplier;
RESET enable_sort;

--
-- One state, several aggregates; final functions only read
--
SELECT near(nps(score), nps(nps_summary(score))) AS same, nps(nps_summary(score)) = nps(score) AS again,
	   (nps_summary(score)).promoters + (nps_summary(score)).passives + (nps_summary(score)).detractors
	       = count(score) AS total
FROM answers;
SELECT p.oid::regprocedure AS aggregate, aggfinalmodify, aggmfinalmodify, aggcombinefn, proparallel,
       aggtranstype::regtype AS state,
	   aggminvtransfn <> 0 AS moving
FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid
WHERE proname IN ('nps', 'nps_summary', 'csat') OR p.oid = 'rollup(nps_summary)'::regprocedure
ORDER BY p.oid::regprocedure::text;

--
-- Windows: frames that grow, move, jump and exclude, against brute force
--
CREATE FUNCTION frame_differs(frame text, OUT frame_rows bigint, OUT differ bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT count(*), count(*) FILTER (WHERE NOT near(n, oracle_nps(s)) OR NOT near(e, oracle_nps(x))
			 OR NOT near(nps(p), oracle_nps(s)) OR (p IS NULL) <> (n IS NULL)
			 OR NOT near(c, oracle_csat(t)) OR NOT near(f, oracle_nps(g)))
		FROM (SELECT nps(score) OVER w AS n, array_agg(score) OVER w AS s, nps(exact) OVER w AS e,
		             array_agg(exact) OVER w AS x,
			  nps_summary(score) OVER w AS p, csat(stars) OVER w AS c, array_agg(stars) OVER w AS t,
			  nps(score) FILTER (WHERE channel > 0) OVER w AS f, array_agg(score) FILTER (WHERE channel > 0) OVER w AS g
			  FROM answers WHERE id <= 500 WINDOW w AS (' || frame || ')) r'
	INTO frame_rows, differ;
END
$$;
SELECT frame, (frame_differs(frame)).* FROM (VALUES
	('PARTITION BY branch'),
	('PARTITION BY branch ORDER BY id'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 1 PRECEDING AND 2 FOLLOWING'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 7 PRECEDING AND 4 PRECEDING'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 5 FOLLOWING'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW'),
	('PARTITION BY branch, id % 2 ORDER BY day RANGE BETWEEN ''20 days'' PRECEDING AND CURRENT ROW'),
	('ORDER BY day RANGE BETWEEN ''9 days'' PRECEDING AND ''2 days'' PRECEDING'),
	('PARTITION BY branch ORDER BY day RANGE BETWEEN ''30 days'' PRECEDING AND ''10 days'' FOLLOWING EXCLUDE GROUP'),
	('ORDER BY day GROUPS BETWEEN 2 PRECEDING AND CURRENT ROW'),
	('ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES'),
	('PARTITION BY channel ORDER BY branch DESC GROUPS BETWEEN 3 FOLLOWING AND 4 FOLLOWING EXCLUDE NO OTHERS'))
	    f(frame);
-- frames that run empty, and scores that FILTER keeps out
SELECT id, nps(s) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
FROM (VALUES (1, 10), (2, 0), (3, NULL), (4, NULL), (5, 10)) v(id, s);
SELECT count(n) FROM (SELECT nps(score) FILTER (WHERE score BETWEEN 0 AND 10) OVER (ORDER BY id ROWS 2 PRECEDING) AS n
					  FROM (SELECT id, CASE WHEN id % 10 = 0 THEN 11 ELSE score END AS score FROM answers) a) w;

--
-- rollup: any split of the rows gives the whole
--
SELECT parts, near(nps(rollup(summary)), nps(total)) AS nps, rollup(summary) = total AS summary
FROM (SELECT nps_summary(score) AS total FROM answers) t,
	 (VALUES (1), (2), (7), (13), (100), (5000)) k(parts),
	 LATERAL (SELECT nps_summary(score) AS summary FROM answers GROUP BY id % parts) s
GROUP BY parts, total ORDER BY parts;
SELECT rollup(summary) = (SELECT nps_summary(score) FROM answers) AS rollup_of_rollups
FROM (SELECT rollup(summary) AS summary
	  FROM (SELECT branch, channel, nps_summary(score) AS summary FROM answers GROUP BY branch, channel) s
	  GROUP BY branch) r;
SELECT rollup(s)
FROM (VALUES (ROW(1, 2, 3)::nps_summary), (NULL), (ROW(NULL, NULL, NULL)::nps_summary),
             (ROW(10, 20, 30)::nps_summary)) v(s);
SELECT rollup(s) IS NULL AS only_nulls FROM (VALUES (NULL::nps_summary), (ROW(NULL, NULL, NULL)::nps_summary)) v(s);
SELECT rollup(s) IS NULL AS no_rows FROM (VALUES (NULL::nps_summary)) v(s) WHERE false;
SELECT rollup(s), nps(rollup(s)) IS NULL AS no_responses FROM (VALUES (ROW(0, 0, 0)::nps_summary)) v(s);
SELECT i, rollup(s) OVER (ORDER BY i ROWS 1 PRECEDING) AS two, rollup(s) OVER (ORDER BY i) AS growing
FROM (VALUES (1, ROW(1, 2, 3)::nps_summary), (2, NULL), (3, ROW(10, 20, 30)::nps_summary),
             (4, ROW(100, 200, 300)::nps_summary)) v(i, s);
SELECT rollup(s)
FROM (VALUES (ROW(9223372036854775807, 0, 1)::nps_summary), (ROW(0, 9223372036854775807, 1)::nps_summary)) v(s);
-- stored and read again
CREATE TABLE daily AS SELECT day, nps_summary(score) AS summary FROM answers GROUP BY day;
SELECT rollup(summary) = (SELECT nps_summary(score) FROM answers) AS stored,
	   rollup(summary::text::nps_summary) = rollup(summary) AS as_text FROM daily;
SELECT (summary).promoters, (summary).passives, (summary).detractors
FROM (SELECT rollup(summary) AS summary FROM daily) r;

--
-- Numbers from counts
--
SELECT nps(NULL::nps_summary) IS NULL AS null_summary, nps(ROW(NULL, NULL, NULL)::nps_summary) IS NULL AS null_fields,
	   nps(ROW(0, 0, 0)::nps_summary) IS NULL AS none, nps(0, 0, 0) IS NULL AS none_counted,
	   nps(NULL, 1, 1) IS NULL AS null1, nps(1, NULL, 1) IS NULL AS null2, nps(1, 1, NULL) IS NULL AS null3;
SELECT nps(5, 0, 0), nps(0, 5, 0), nps(0, 0, 5);
SELECT near(nps(9223372036854775807, 9223372036854775807, 0), 50) AS huge;

-- nps_interval: the formula, for any counts and confidence
CREATE TABLE counts AS
SELECT p, a, d, ROW(p, a, d)::nps_summary AS summary
FROM generate_series(0, 6) p, generate_series(0, 6, 2) a, generate_series(0, 9, 3) d WHERE p + a + d > 0;
SELECT confidence, count(*) AS intervals,
	   count(*) FILTER (WHERE near(i.lower, 100 * greatest(-1, m - z * sqrt(v)))) AS lower_ok,
	   count(*) FILTER (WHERE near(i.upper, 100 * least(1, m + z * sqrt(v)))) AS upper_ok,
	   count(*) FILTER (WHERE -100 <= i.lower AND i.lower < i.upper AND i.upper <= 100) AS inside,
	   count(*) FILTER (WHERE near(i.lower, -mirror.upper)) AS mirrored
FROM (VALUES (0.8, 1.28155156554460047), (0.95, 1.95996398454005424), (0.99, 2.57582930354890076)) q(confidence, z),
     counts,
	 LATERAL (SELECT p + a + d + 3 AS n, p + 0.75 AS up, d + 0.75 AS down) c,
	 LATERAL (SELECT (up - down) / n AS m, ((up + down) / n - ((up - down) / n) ^ 2) / n AS v) e,
	 nps_interval(summary, confidence) i, nps_interval(ROW(d, a, p), confidence) mirror
GROUP BY confidence ORDER BY confidence;
SELECT nps_interval(NULL) IS NULL AS null_summary, nps_interval(ROW(NULL, NULL, NULL)) IS NULL AS null_fields,
	   nps_interval(ROW(0, 0, 0)) IS NULL AS none, nps_interval(NULL, confidence => 0.5) IS NULL AS named;
SELECT bool_and(near(i.upper - i.lower, 0, 1e-3)) AS narrow, bool_and(i.lower < 50 AND i.upper > 49.999) AS around
FROM nps_interval(ROW(4611686018427387904, 4611686018427387904, 0)) i;

-- nps_test: second minus first, and its opposite
SELECT count(*) AS pairs, count(t.z) AS with_variance,
	   count(*) FILTER (WHERE near(t.difference, nps(b.summary) - nps(a.summary))) AS difference_ok,
	   count(*) FILTER (WHERE near(t.z, (t.difference / 100) / nullif(sqrt(va.v + vb.v), 0))) AS z_ok,
	   count(*) FILTER (WHERE near(t.difference, -back.difference) AND near(t.z, -back.z)
	                      AND near(t.p_value, back.p_value)) AS antisymmetric,
	   count(*) FILTER (WHERE (t.z IS NULL) = (t.p_value IS NULL)
	                      AND (t.p_value IS NULL OR t.p_value BETWEEN 0 AND 1)) AS p_ok
FROM counts a, counts b,
	 LATERAL (SELECT round((a.p + a.d) / n - ((a.p - a.d) / n) ^ 2, 30) / n AS v
	          FROM (SELECT (a.p + a.a + a.d)::numeric AS n) c) va,
	 LATERAL (SELECT round((b.p + b.d) / n - ((b.p - b.d) / n) ^ 2, 30) / n AS v
	          FROM (SELECT (b.p + b.a + b.d)::numeric AS n) c) vb,
	 nps_test(a.summary, b.summary) t, nps_test(b.summary, a.summary) back;
SELECT difference, z, p_value FROM nps_test(ROW(5, 0, 0), ROW(0, 0, 5));
SELECT near(difference, 0) AS difference, near(z, 0) AS z, near(p_value, 1) AS p_value
FROM nps_test(ROW(5, 4, 3), ROW(5, 4, 3));
SELECT nps_test(NULL, ROW(1, 1, 1)) IS NULL AS null1, nps_test(ROW(1, 1, 1), NULL) IS NULL AS null2,
	   nps_test(ROW(0, 0, 0), ROW(1, 1, 1)) IS NULL AS none1, nps_test(ROW(1, 1, 1), ROW(0, 0, 0)) IS NULL AS none2,
	   nps_test(ROW(NULL, NULL, NULL), ROW(1, 1, 1)) IS NULL AS fields1,
	   nps_test(ROW(1, 1, 1), ROW(NULL, NULL, NULL)) IS NULL AS fields2;

--
-- Parallel plans give what serial ones give
--
CREATE TABLE parts (LIKE answers) PARTITION BY LIST (channel);
CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
INSERT INTO parts SELECT * FROM answers;
INSERT INTO answers (id, branch) SELECT id, 99 FROM generate_series(3001, 6000) id;
ANALYZE answers, parts, daily;
CREATE FUNCTION family(source text, clause text DEFAULT '') RETURNS text LANGUAGE sql IMMUTABLE
RETURN 'SELECT nps(score) AS n, nps(exact) AS e, nps_summary(score) AS s, csat(stars) AS c, '
       'csat(1 + exact / 2.5) AS d FROM ' || source || ' ' || clause;
CREATE FUNCTION run(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE 'SELECT coalesce(string_agg(q::text, E''\n'' ORDER BY q::text), ''nothing'') FROM (' || query
	    || ') q' INTO result;
	RETURN result;
END
$$;
CREATE TABLE queries (n integer, query text, serial text);
INSERT INTO queries VALUES
	(1, family('answers')),
	(2, family('answers', 'GROUP BY branch')),
	(3, family('answers', 'WHERE id + 0 < 0')),
	(4, family('answers', 'WHERE branch = 99')),
	(5, family('answers', 'WHERE score IS NULL')),
	(6, family('parts')),
	(7, family('parts', 'GROUP BY branch')),
	(8, 'SELECT rollup(summary) FROM daily'),
	(9, 'SELECT rollup(summary) FROM daily WHERE day + 0 < ''2020-01-01'''),
	(10, 'SELECT rollup(summary) FROM daily GROUP BY extract(month FROM day) > 6');
UPDATE queries SET serial = run(query);
SELECT count(*) AS queries, count(*) FILTER (WHERE plan_has(query, 'Partial')) AS partial FROM queries;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT n, plan_has(query, 'Partial') AS partial, plan_has(query, 'Gather') AS gather, run(query) = serial AS same
FROM queries ORDER BY n;
SET parallel_leader_participation = off;
SELECT n, plan_has(query, 'Partial') AS partial, plan_has(query, 'Gather') AS gather, run(query) = serial AS same
FROM queries ORDER BY n;
SET enable_hashagg = off;
SET work_mem = '64kB';
SELECT count(*) AS same FROM queries WHERE run(query) = serial;
RESET enable_hashagg;
RESET work_mem;
SET enable_partitionwise_aggregate = on;
SELECT n, plan_has(query, 'Partial') AS partial, run(query) = serial AS same FROM queries WHERE n IN (6, 7) ORDER BY n;
SET max_parallel_workers_per_gather = 0;
SELECT n, plan_has(query, 'Partial') AS partial, run(query) = serial AS same FROM queries WHERE n IN (6, 7) ORDER BY n;
RESET enable_partitionwise_aggregate;
RESET parallel_leader_participation;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
-- every query in a worker; the setting's name depends on the version
SELECT set_config(name, 'on', false) AS forced
FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT plan_has('SELECT nps_category(score) FROM answers', 'Gather') AS gather;
SELECT count(*) AS same FROM queries WHERE run(query) = serial;
SELECT near(nps(score), oracle_nps(array_agg(score))) AS score FROM answers;
SELECT count(*) AS promoters FROM answers WHERE nps_category(score) = 'promoter';
SELECT set_config(name, 'off', false) AS forced
FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT count(*) FILTER (WHERE score >= 9) AS promoters FROM answers;

--
-- ces: customer effort, its mean and the share of 5 to 7
--
-- plain SQL on the scores, NULLs included
CREATE FUNCTION oracle_ces(scores double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN (SELECT avg(s) FROM unnest(scores) s);
CREATE FUNCTION oracle_agreement(scores double precision[]) RETURNS double precision LANGUAGE sql IMMUTABLE
RETURN (SELECT avg(CASE WHEN s >= 5 THEN 1.0 WHEN s < 5 THEN 0.0 END) FROM unnest(scores) s);

-- a worked example: 7 + 6 + 5 + 5 + 4 + 2 + 1 = 30 of seven answers, four of them agree
SELECT near(ces(s), 30.0 / 7) AS mean, near(ces_agreement(s), 4.0 / 7) AS agree, ces_summary(s),
	   ces(ces_summary(s)) = ces(s) AS same_mean, ces_agreement(ces_summary(s)) = ces_agreement(s) AS same_share
FROM (VALUES (7), (6), (5), (5), (4), (2), (1), (NULL)) v(s);
-- each answer by itself, and between the answers
SELECT s, ces(s), ces_agreement(s), ces_summary(s)
FROM (VALUES (1::float8), (2), (3), (4), (4.999999999999999), (5), (5.5), (6), (7)) v(s) GROUP BY s ORDER BY s;
-- nobody answered
SELECT ces(s) IS NULL AS mean, ces_agreement(s) IS NULL AS share, ces_summary(s) IS NULL AS summary,
	   ces(s::float8) IS NULL AS mean_double, ces_agreement(s::float8) IS NULL AS share_double
FROM (VALUES (NULL::integer)) v(s);
SELECT ces(s) IS NULL AS mean, ces_agreement(s) IS NULL AS share, ces_summary(s) IS NULL AS summary
FROM (VALUES (7)) v(s) WHERE false;

CREATE TABLE efforts AS
SELECT id, day, branch, channel,
	   CASE WHEN id % 11 <> 5 AND branch <> 12 THEN 1 + (id * 86028121::bigint >> 4) % 7 END::integer AS ease,
	   1 + exact * 0.6 AS mixed, 1 + (id * 49979687::bigint >> 5) % 25 / 4.0::double precision AS quarters
FROM answers WHERE id <= 3000;
SELECT count(ease) AS scores, count(DISTINCT ease) AS kinds, min(mixed), max(mixed),
	   count(DISTINCT quarters) AS quarters
FROM efforts;
-- all rows against plain SQL
SELECT near(ces(ease), oracle_ces(array_agg(ease))) AS mean,
	   near(ces_agreement(ease), oracle_agreement(array_agg(ease))) AS share,
	   near(ces(mixed), oracle_ces(array_agg(mixed))) AS mixed,
	   near(ces_agreement(mixed), oracle_agreement(array_agg(mixed))) AS mixed_share,
	   ces(quarters) = (sum(quarters::numeric) / count(quarters))::float8 AS quarters,
	   ces_summary(ease) = ROW(count(ease), count(*) FILTER (WHERE ease >= 5), sum(ease))::ces_summary AS parts
FROM efforts;
-- the types that nps takes
SELECT ces(ease::smallint) = ces(ease) AS smallint, ces(ease::bigint) = ces(ease) AS bigint,
	   ces(ease::numeric) = ces(ease) AS numeric, ces(ease::real) = ces(ease) AS real,
	   ces(ease::float8) = ces(ease) AS double,
	   ces_agreement(ease::numeric) = ces_agreement(ease) AS share,
	   ces_summary(ease::numeric) = ces_summary(ease) AS summary
FROM efforts;
-- the sum is exact: no order of the rows changes a bit
SELECT ces_summary(mixed ORDER BY id) = ces_summary(mixed ORDER BY mixed) AS ascending,
	   ces_summary(mixed ORDER BY id) = ces_summary(mixed ORDER BY id * 7919 % 3001) AS scattered,
	   ces(mixed ORDER BY mixed DESC) = ces(mixed ORDER BY id) AS mean
FROM efforts;
-- groups, the empty branch 12 among them
SELECT count(*) AS groups, count(mean) AS not_null,
	   count(*) FILTER (WHERE near(mean, oracle_ces(e)) AND near(share, oracle_agreement(e))) AS agree,
	   count(*) FILTER (WHERE near(mixed, oracle_ces(m))) AS mixed_agree
FROM (SELECT ces(ease) AS mean, ces_agreement(ease) AS share, ces(mixed) AS mixed,
			 array_agg(ease) AS e, array_agg(mixed) AS m
	  FROM efforts GROUP BY branch) g;
-- grouping sets
SELECT count(*) AS sets, count(*) FILTER (WHERE near(mean, oracle_ces(e)) AND near(share, oracle_agreement(e))) AS agree
FROM (SELECT ces(ease) AS mean, ces_agreement(ease) AS share, array_agg(ease) AS e
	  FROM efforts GROUP BY CUBE (branch, channel)) g;

-- frames: what has left a frame leaves no trace, so the bits are those of the frame's rows alone
CREATE FUNCTION effort_frame_differs(frame text, OUT frame_rows bigint, OUT differ bigint) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT count(*), count(*) FILTER (WHERE NOT near(c, oracle_ces(e)) OR NOT near(a, oracle_agreement(e))
			 OR m IS DISTINCT FROM (SELECT ces(u) FROM unnest(x) u)
			 OR s IS DISTINCT FROM (SELECT ces_summary(u) FROM unnest(x) u)
			 OR NOT near(f, oracle_ces(g)))
		FROM (SELECT ces(ease) OVER w AS c, ces_agreement(ease) OVER w AS a, array_agg(ease) OVER w AS e,
			  ces(mixed) OVER w AS m, ces_summary(mixed) OVER w AS s, array_agg(mixed) OVER w AS x,
			  ces(ease) FILTER (WHERE channel > 0) OVER w AS f, array_agg(ease) FILTER (WHERE channel > 0) OVER w AS g
			  FROM efforts WHERE id <= 400 WINDOW w AS (' || frame || ')) r'
	INTO frame_rows, differ;
END
$$;
SELECT frame, (effort_frame_differs(frame)).* FROM (VALUES
	('PARTITION BY branch ORDER BY id'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 7 PRECEDING AND 4 PRECEDING'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 2 FOLLOWING AND 5 FOLLOWING'),
	('PARTITION BY branch ORDER BY id ROWS BETWEEN 3 PRECEDING AND 3 FOLLOWING EXCLUDE CURRENT ROW'),
	('ORDER BY day RANGE BETWEEN ''9 days'' PRECEDING AND ''2 days'' PRECEDING'),
	('ORDER BY day GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES')) f(frame);

-- rollup: any split of the rows gives the whole
SELECT parts, rollup(summary) = total AS summary, ces(rollup(summary)) = ces(total) AS mean,
	   ces_agreement(rollup(summary)) = ces_agreement(total) AS share
FROM (SELECT ces_summary(quarters) AS total FROM efforts) t,
	 (VALUES (1), (2), (7), (100), (5000)) k(parts),
	 LATERAL (SELECT ces_summary(quarters) AS summary FROM efforts GROUP BY id % parts) s
GROUP BY parts, total ORDER BY parts;
-- a total that was rounded is added as it is, in any order
SELECT rollup(summary ORDER BY branch) = rollup(summary ORDER BY summary) AS same,
	   near((rollup(summary)).total, (SELECT sum(mixed) FROM efforts)) AS total
FROM (SELECT branch, ces_summary(mixed) AS summary FROM efforts GROUP BY branch) s;
SELECT rollup(s)
FROM (VALUES (ROW(3, 2, 15.5)::ces_summary), (NULL), (ROW(NULL, NULL, NULL)::ces_summary),
	  (ROW(10, 0, 20)::ces_summary)) v(s);
SELECT rollup(s) IS NULL AS only_nulls FROM (VALUES (NULL::ces_summary), (ROW(NULL, NULL, NULL)::ces_summary)) v(s);
SELECT rollup(s), ces(rollup(s)) IS NULL AS no_mean, ces_agreement(rollup(s)) IS NULL AS no_share
FROM (VALUES (ROW(0, 0, 0)::ces_summary)) v(s);
SELECT i, rollup(s) OVER (ORDER BY i ROWS 1 PRECEDING) AS two, rollup(s) OVER (ORDER BY i) AS growing
FROM (VALUES (1, ROW(1, 1, 5.5)::ces_summary), (2, NULL), (3, ROW(2, 0, 4.25)::ces_summary),
	  (4, ROW(4, 4, 28)::ces_summary)) v(i, s);
SELECT rollup(s) FROM (VALUES (ROW(1e18, 0, 4e18)::ces_summary), (ROW(1e18, 1, 4e18)::ces_summary)) v(s);
-- stored and read again
SELECT rollup(summary::text::ces_summary) = rollup(summary) AS as_text
FROM (SELECT ces_summary(quarters) AS summary FROM efforts GROUP BY day) d;
SELECT ces(NULL::ces_summary) IS NULL AS null_summary, ces(ROW(NULL, NULL, NULL)::ces_summary) IS NULL AS null_fields,
	   ces(ROW(0, 0, 0)::ces_summary) IS NULL AS none, ces_agreement(NULL::ces_summary) IS NULL AS null_share,
	   ces_agreement(ROW(NULL, NULL, NULL)::ces_summary) IS NULL AS null_share_fields,
	   ces_agreement(ROW(0, 0, 0)::ces_summary) IS NULL AS share_of_none;

-- workers give what one process gives, to the bit
INSERT INTO efforts (id, branch) SELECT id, 99 FROM generate_series(3001, 6000) id;
ANALYZE efforts;
CREATE FUNCTION effort_rows() RETURNS text LANGUAGE sql
BEGIN ATOMIC
	SELECT string_agg(r::text, E'\n' ORDER BY r::text)
	FROM (SELECT branch, ces(ease) AS c, ces_agreement(ease) AS a, ces(mixed) AS m, ces_summary(mixed) AS s
		  FROM efforts GROUP BY ROLLUP (branch)) r;
END;
CREATE TABLE effort_serial AS SELECT effort_rows() AS rows, ces_summary(mixed) AS total FROM efforts;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SELECT plan_has('SELECT ces_summary(mixed) FROM efforts', 'Partial') AS partial,
	   (SELECT ces_summary(mixed) FROM efforts) = total AS same, effort_rows() = rows AS same_groups FROM effort_serial;
SELECT ces(ease) IS NULL AS nothing FROM efforts WHERE branch = 99;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET parallel_leader_participation;

-- errors
\set VERBOSITY sqlstate
SELECT ces(s) FROM (VALUES (0)) v(s);
SELECT ces(s) FROM (VALUES (8)) v(s);
SELECT ces(s) FROM (VALUES (0.999999::float8)) v(s);
SELECT ces(s) FROM (VALUES (7.000001::float8)) v(s);
SELECT ces(s) FROM (VALUES ('NaN'::float8)) v(s);
SELECT ces(s) FROM (VALUES ('Infinity'::float8)) v(s);
SELECT ces_agreement(s) FROM (VALUES (8)) v(s);
SELECT ces_summary(s) FROM (VALUES (8)) v(s);
SELECT ces(s) OVER (ORDER BY s ROWS 1 PRECEDING) FROM (VALUES (1), (2), (11)) v(s);
-- summaries that cannot be
SELECT ces(ROW(-1, 0, 0)::ces_summary);
SELECT ces(ROW(1, -1, 4)::ces_summary);
SELECT ces(ROW(1, 2, 4)::ces_summary);
SELECT ces(ROW(1, 0, 0.5)::ces_summary);
SELECT ces(ROW(1, 0, 7.5)::ces_summary);
SELECT ces(ROW(1, 0, 'NaN')::ces_summary);
SELECT ces(ROW(1, 0, 'Infinity')::ces_summary);
SELECT ces(ROW(0, 0, 1)::ces_summary);
SELECT ces(ROW(1, NULL, 4)::ces_summary);
SELECT ces(ROW(1, 0, NULL)::ces_summary);
SELECT ces_agreement(ROW(1, 2, 4)::ces_summary);
SELECT rollup(s) FROM (VALUES (ROW(1, 2, 4)::ces_summary)) v(s);
SELECT rollup(s) FROM (VALUES (ROW(1, NULL, 4)::ces_summary)) v(s);
SELECT rollup(s) FROM (VALUES (ROW(1e18, 0, 5e18)::ces_summary), (ROW(1e18, 0, 5e18)::ces_summary)) v(s);
SELECT ces(ROW(9223372036854775807, 0, 9223372036854775807)::ces_summary);
-- support functions outside an aggregate
SELECT ces_transfn('{0,0,0,0,0}', 7);
SELECT ces_transfn('{0,0,0,0,0}', 6.5);
SELECT ces_invfn('{1,1,7,0,0}', 7);
SELECT ces_invfn('{1,1,6,0,0}', 6.5);
SELECT ces_finalfn('{1,1,7,0,0}');
SELECT ces_agreement_finalfn('{1,1,7,0,0}');
SELECT ces_summary_finalfn('{1,1,7,0,0}');
SELECT ces_rollup_transfn('{0,0,0,0,0,0}', ROW(1, 1, 7)::ces_summary);
SELECT ces_rollup_finalfn('{1,1,1,7,0,0}');
-- user-defined aggregates with a state that is none
CREATE AGGREGATE own(integer) (SFUNC = ces_transfn, STYPE = bigint[], INITCOND = '{0,0,0}');
SELECT own(ease) FROM efforts;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = ces_transfn, STYPE = bigint[], INITCOND = '{-1,0,0,0,0}',
	FINALFUNC = ces_finalfn);
SELECT own(ease) FROM efforts WHERE false;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = ces_transfn, STYPE = bigint[], INITCOND = '{9223372036854775807,0,0,0,0}');
SELECT own(ease) FROM efforts;
DROP AGGREGATE own(integer);
-- what the user sees
\set VERBOSITY default
SELECT ces(s) FROM (VALUES (0)) v(s);
SELECT ces(s) FROM (VALUES (7.5)) v(s);
SELECT ces(ROW(1, 2, 4)::ces_summary);
SELECT ces(ROW(3, 2, 30)::ces_summary);
SELECT ces(ROW(3, NULL, 15)::ces_summary);
DROP FUNCTION effort_frame_differs(text), effort_rows();
DROP FUNCTION oracle_ces(double precision[]), oracle_agreement(double precision[]);
DROP TABLE efforts, effort_serial;

--
-- Errors
--
\set VERBOSITY sqlstate
SELECT nps(score) FROM (VALUES (11)) v(score);
SELECT nps(score) FROM (VALUES (-1)) v(score);
SELECT nps(score) FROM (VALUES (10.000001::float8)) v(score);
SELECT nps(score) FROM (VALUES (-0.000001::float8)) v(score);
SELECT nps(score) FROM (VALUES ('NaN'::float8)) v(score);
SELECT nps(score) FROM (VALUES ('Infinity'::float8)) v(score);
SELECT nps(score) FROM (VALUES ('-Infinity'::float8)) v(score);
SELECT nps_summary(score) FROM (VALUES (11)) v(score);
SELECT nps_summary(score) FROM (VALUES ('NaN'::float8)) v(score);
SELECT nps(score) OVER (ORDER BY score ROWS 1 PRECEDING) FROM (VALUES (1), (2), (11)) v(score);
SELECT csat(score) FROM (VALUES (0)) v(score);
SELECT csat(score) FROM (VALUES (6)) v(score);
SELECT csat(score) FROM (VALUES (0.999999::float8)) v(score);
SELECT csat(score) FROM (VALUES (5.000001::float8)) v(score);
SELECT csat(score) FROM (VALUES ('NaN'::float8)) v(score);
SELECT nps_category(11);
SELECT nps_category(-1);
SELECT nps_category(10.5);
SELECT nps_category('NaN'::float8);
SELECT nps(-1, 0, 0);
SELECT nps(0, -1, 0);
SELECT nps(0, 0, -1);
SELECT nps(ROW(-1, 0, 0)::nps_summary);
SELECT nps(ROW(1, NULL, 0)::nps_summary);
SELECT rollup(s) FROM (VALUES (ROW(1, 2, -3)::nps_summary)) v(s);
SELECT rollup(s) FROM (VALUES (ROW(1, 2, NULL)::nps_summary)) v(s);
SELECT rollup(s) FROM (VALUES (ROW(9223372036854775807, 0, 0)::nps_summary), (ROW(1, 0, 0)::nps_summary)) v(s);
SELECT nps_interval(ROW(1, -2, 3));
SELECT nps_interval(ROW(1, NULL, 3));
SELECT nps_interval(ROW(1, 2, 3), NULL);
SELECT nps_interval(ROW(1, 2, 3), 0);
SELECT nps_interval(ROW(1, 2, 3), 1);
SELECT nps_interval(ROW(1, 2, 3), 95);
SELECT nps_interval(ROW(1, 2, 3), 'NaN');
SELECT nps_interval(NULL, 95);
SELECT nps_test(ROW(1, 2, -3), ROW(1, 2, 3));
SELECT nps_test(ROW(1, 2, 3), ROW(1, NULL, 3));

-- support functions outside an aggregate
SELECT nps_transfn('{0,0,0}', 9);
SELECT nps_transfn('{0,0,0}', 9.5);
SELECT nps_invfn('{1,0,0}', 9);
SELECT nps_invfn('{1,0,0}', 9.5);
SELECT nps_finalfn('{1,0,0}');
SELECT nps_summary_finalfn('{1,0,0}');
SELECT nps_rollup_transfn('{0,0,0,0}', ROW(1, 2, 3));
SELECT nps_rollup_finalfn('{1,1,0,0}');
SELECT csat_transfn('{0,0}', 4);
SELECT csat_transfn('{0,0}', 4.5);
SELECT csat_invfn('{1,0}', 4);
SELECT csat_invfn('{1,0}', 4.5);
SELECT csat_finalfn('{1,0}');
SELECT counters_combine('{1,0}', '{1,0}');

-- aggregates of one's own, with a state that is not one
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{0,0,0}', FINALFUNC = nps_finalfn);
SELECT own(score) = nps(score) AS well_made FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '[5:7]={0,0,0}',
                               FINALFUNC = nps_finalfn);
SELECT own(score) = nps(score) AS odd_bounds FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{0,0}');
SELECT own(score) FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{}');
SELECT own(score) FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{0,0,NULL}');
SELECT own(score) FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{{0,0,0}}');
SELECT own(score) FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{9223372036854775807,0,0}');
SELECT own(10) FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{-1,0,0}', FINALFUNC = nps_finalfn);
SELECT own(score) FROM answers WHERE false;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = nps_transfn, STYPE = bigint[], INITCOND = '{0,0,0}', FINALFUNC = csat_finalfn);
SELECT own(score) FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(integer) (SFUNC = csat_transfn, STYPE = bigint[], INITCOND = '{0,0,0}');
SELECT own(stars) FROM answers;
DROP AGGREGATE own(integer);
CREATE AGGREGATE own(nps_summary) (SFUNC = nps_rollup_transfn, STYPE = bigint[], INITCOND = '{0,0,0}',
                                   FINALFUNC = nps_rollup_finalfn);
SELECT own(summary) FROM daily;
DROP AGGREGATE own(nps_summary);
CREATE AGGREGATE own(nps_summary) (SFUNC = nps_rollup_transfn, STYPE = bigint[], INITCOND = '{}');
SELECT own(summary) FROM daily;
DROP AGGREGATE own(nps_summary);
CREATE AGGREGATE own(nps_summary) (SFUNC = nps_rollup_transfn, STYPE = bigint[], INITCOND = '{0,0,0,0,0,0}');
SELECT own(summary) FROM daily;
DROP AGGREGATE own(nps_summary);
CREATE AGGREGATE own(retention_summary) (SFUNC = counters_rollup_transfn, STYPE = bigint[]);
SELECT own(ROW(1, 1, 0, 0));
DROP AGGREGATE own(retention_summary);
CREATE AGGREGATE own(boolean, boolean) (SFUNC = retention_boolean_transfn, STYPE = bigint[]);
SELECT own(true, false);
DROP AGGREGATE own(boolean, boolean);
CREATE AGGREGATE own(bigint[]) (SFUNC = counters_combine, STYPE = bigint[]);
SELECT own(ARRAY[n, 1]) FROM generate_series(1, 100) n;
DROP AGGREGATE own(bigint[]);

-- what the user sees
\set VERBOSITY default
SELECT nps(score) FROM (VALUES (11)) v(score);
SELECT nps(score) FROM (VALUES (10.5)) v(score);
SELECT csat(score) FROM (VALUES (0)) v(score);
SELECT nps(1, -2, 3);
SELECT nps_interval(ROW(1, NULL, 3));
SELECT nps_finalfn('{1,0,0}');

SET client_min_messages = warning;
DROP SCHEMA survey_test CASCADE;
