--
-- purchase_fit: models of who comes back and what they spend, fitted
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = error;
SET statement_timeout = '120s';
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA purchase_fit_test;
SELECT set_config('search_path', 'purchase_fit_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- Everything that must hold of the numbers of a model, whatever the data:
-- none of them NaN or infinite, none missing but standard errors and the parameters
-- of another model
CREATE FUNCTION is_sound(m anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	none text[] := CASE to_jsonb(m)->>'model' WHEN 'Pareto/NBD' THEN '{a,b}' ELSE '{s,beta}' END;
BEGIN
	RETURN (SELECT count(*) > 6 AND bool_and(coalesce(value NOT IN ('NaN', 'Infinity', '-Infinity'),
	                                                  key ~ '_se$' OR key = ANY (none)))
	        FROM jsonb_each_text(to_jsonb(m)));
END $$;

--
-- The likelihood, written down as the papers have it
--
-- x, t_x, T and the number of customers that have them
CREATE TABLE triple (grp text, x bigint, t_x double precision, t double precision, w bigint);

-- k = 0: BG/NBD, k = 1: MBG/NBD.  A customer is either alive after x + k
-- chances to leave, or left at the last of them.
CREATE
    FUNCTION model_ll(g text, k int, r double precision, alpha double precision, a double precision, b double precision)
    RETURNS double precision
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (
		WITH per_x AS MATERIALIZED (
			-- j purchases: ln of their rates, and of having stayed after each
			SELECT j, sum(CASE WHEN j > 0 THEN ln((r + (j - 1)) / alpha) ELSE 0 END) OVER up_to AS rates,
			       -sum(CASE WHEN j > 0 THEN log1p(a / (b + (j - 1))) ELSE 0 END) OVER up_to AS stayed
			FROM generate_series(0, (SELECT max(x) + 1 FROM triple WHERE grp = g)) j WINDOW up_to AS (ORDER BY j))
		SELECT sum(w * (rates + greatest(l, d) + coalesce(log1p(exp(greatest(-100, -abs(l - d)))), 0)))
		FROM (SELECT w, p.rates, s.stayed - (r + x) * log1p(t / alpha) AS l,
		             CASE WHEN x + k > 0
		                    THEN u.stayed + ln(a / (a + b + (x + k - 1))) - (r + x) * log1p(t_x / alpha) END AS d
		      FROM triple JOIN per_x p ON p.j = x JOIN per_x s ON s.j = x + k LEFT JOIN per_x u ON u.j = x + k - 1
		      WHERE grp = g) q);
END $$;
-- Nobody ever leaves
CREATE FUNCTION nbd_ll(g text, r double precision, alpha double precision) RETURNS double precision
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (
		WITH per_x AS MATERIALIZED (SELECT x,
		                                   (SELECT coalesce(sum(ln((r + j) / alpha)), 0)
		                                    FROM generate_series(0, x - 1) j) AS rates
		                            FROM (SELECT DISTINCT x FROM triple WHERE grp = g) d)
		SELECT sum(w * (rates - (r + x) * log1p(t / alpha))) FROM triple JOIN per_x USING (x) WHERE grp = g);
END $$;

-- What must hold of the optimum: the likelihood there is what the model says;
-- its derivatives by the logarithms of the parameters are 0, by a difference
-- of fourth order; and it falls to every side.
CREATE FUNCTION check_optimum(g text, m purchase_model) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	k int := (m.model = 'MBG/NBD')::int;
	n double precision := (SELECT sum(w) FROM triple WHERE grp = g);
	theta double precision[] := ARRAY[m.r, m.alpha, m.a, m.b];
	f double precision[];
	h double precision;
	worst double precision := 0;
	here double precision := model_ll(g, k, m.r, m.alpha, m.a, m.b);
	failed text := '';
BEGIN
	IF NOT close(m.log_likelihood, here, 1e-9) THEN
		failed := failed || format(' log-likelihood %s, not %s;', m.log_likelihood, here);
	END IF;
	FOR i IN 1 .. 4 LOOP
		f := '{}';
		FOREACH h IN ARRAY ARRAY[-0.002, -0.001, 0.001, 0.002] LOOP
			f := f || (SELECT model_ll(g, k, q[1], q[2], q[3], q[4])
			           FROM (SELECT array_agg(CASE WHEN j = i THEN v * exp(h) ELSE v END ORDER BY j) AS q
			                 FROM unnest(theta) WITH ORDINALITY u(v, j)) z);
			IF f[array_length(f, 1)] >= here THEN
				failed := failed || format(' it rises with %s;', i);
			END IF;
		END LOOP;
		worst := greatest(worst, abs((8 * (f[3] - f[2]) - (f[4] - f[1])) / 0.012));
	END LOOP;
	IF worst > 1e-7 * n THEN
		failed := failed || format(' gradient %s;', worst);
	END IF;
	IF NOT m.converged THEN
		failed := failed || ' not converged;';
	END IF;
	IF m.customers <> n OR m.groups <> (SELECT count(DISTINCT (x, t_x, t)) FROM triple WHERE grp = g)
	OR m.iterations NOT BETWEEN 2 AND 12 THEN
		failed := failed || format(' %s customers in %s groups, %s iterations;', m.customers, m.groups, m.iterations);
	END IF;
	IF NOT is_sound(m) OR NOT close(m.likelihood_ratio, 2 * (m.log_likelihood - m.no_churn_log_likelihood), 1e-6) THEN
		failed := failed || ' unsound: ' || m::text;
	END IF;
	RETURN CASE failed WHEN '' THEN 'the maximum' ELSE failed END;
END $$;

--
-- 94 customers, with fits that another program made in 50 digits from products
-- of likelihoods and their differences
--
INSERT INTO triple SELECT 'small', * FROM (VALUES
	(2, 232, 300, 1), (2, 59, 240, 1), (1, 95, 300, 5), (0, 0, 180, 3), (1, 114, 120, 5), (0, 0, 300, 1),
	(5, 237, 300, 1), (1, 4, 180, 3), (2, 151, 180, 1),
	(1, 7, 120, 3), (15, 178, 180, 1), (3, 148, 240, 1), (1, 34, 120, 1), (1, 75, 300, 5), (2, 205, 240, 2),
	(1, 55, 120, 1), (1, 49, 180, 2), (0, 0, 120, 1),
	(1, 25, 180, 1), (2, 153, 180, 2), (4, 225, 240, 1), (1, 84, 120, 5), (1, 80, 240, 5), (1, 212, 300, 3),
	(1, 10, 120, 5), (10, 128, 240, 2), (3, 111, 120, 1),
	(4, 195, 240, 1), (4, 212, 240, 1), (1, 23, 240, 1), (1, 64, 300, 5), (1, 140, 240, 3), (2, 104, 120, 1),
	(8, 93, 240, 2), (0, 0, 240, 5), (32, 273, 300, 2),
	(1, 134, 240, 1), (7, 106, 120, 1), (6, 106, 120, 1), (1, 29, 180, 1), (6, 233, 240, 2), (5, 95, 120, 1),
	(4, 176, 180, 2), (2, 61, 300, 1)) v;
CREATE VIEW customer AS SELECT grp, x AS frequency, t_x AS recency, t AS age FROM triple, generate_series(1, w);
CREATE TABLE model (grp text, m purchase_model);
INSERT INTO model SELECT 'small', fit_bgnbd(frequency, recency, age) FROM customer WHERE grp = 'small';
INSERT INTO model SELECT 'small', fit_mbgnbd(frequency, recency, age) FROM customer WHERE grp = 'small';
SELECT (m).model, (m).customers, (m).groups, (m).converged, close((m).r, r) AS r, close((m).alpha, alpha) AS alpha,
       close((m).a, a) AS a, close((m).b, b) AS b,
       close((m).r_se, r_se, 1e-6) AS r_se, close((m).alpha_se, alpha_se, 1e-6) AS alpha_se,
       close((m).a_se, a_se, 1e-6) AS a_se, close((m).b_se, b_se, 1e-6) AS b_se,
       close((m).log_likelihood, ll, 1e-12) AS ll,
       close((m).no_churn_log_likelihood, -1.23717093275453410e+3, 1e-11) AS no_churn
FROM model m JOIN (VALUES
	('BG/NBD', 1.15374567628257327e+0, 5.29269242486793096e+1, 1.60078673990486974e-1, 1.37137931207372544e-1,
	 2.400269925145950e-1, 1.369935613139091e+1, 8.771031397714917e-2, 8.586027426141441e-2, -1.19702550505733468e+3),
	('MBG/NBD', 1.09000093347409550e+0, 5.53242465986723238e+1, 1.34789245963278400e+0, 8.32819934044529401e+0,
	 2.358562342506822e-1, 1.390778399989134e+1, 1.015023827418707e+0, 7.613942875640823e+0, -1.22393965094090578e+3))
	    v(name, r, alpha, a, b, r_se, alpha_se, a_se, b_se, ll) ON name = (m).model
WHERE grp = 'small' ORDER BY 1;
SELECT (m).model, check_optimum('small', m) FROM model m WHERE grp = 'small' ORDER BY 1;
SELECT attname, atttypid::regtype
FROM pg_attribute WHERE attrelid = 'purchase_model'::regclass AND attnum > 0 ORDER BY attnum;

-- 61 customers' spending, likewise
CREATE TABLE spending (grp text, x bigint, m double precision, w bigint);
INSERT INTO spending SELECT 'small', * FROM (VALUES
	(1, 60.39, 1), (1, 26.42, 1), (7, 38.06, 2), (2, 43.06, 1), (7, 28.37, 2), (4, 25.26, 1), (5, 19.41, 1),
	(2, 30.96, 1), (1, 23.24, 2), (1, 22.73, 3),
	(2, 31.68, 1), (4, 45.42, 1), (1, 78.49, 1), (12, 15.24, 1), (12, 55.31, 1), (7, 36.61, 1), (1, 14.62, 1),
	(7, 20.0, 1), (1, 29.31, 1), (2, 25.92, 3),
	(5, 47.53, 1), (1, 41.01, 3), (4, 45.18, 2), (5, 25.45, 1), (4, 25.42, 2), (5, 66.78, 2), (1, 36.77, 1),
	(1, 8.2, 3), (7, 26.18, 2), (12, 58.3, 1),
	(5, 34.06, 1), (2, 38.32, 1), (5, 55.54, 2), (1, 20.26, 3), (12, 126.33, 1), (3, 26.81, 2), (1, 41.05, 2),
	(5, 53.41, 1), (7, 50.39, 1), (12, 20.67, 2)) v;
CREATE VIEW spender AS SELECT grp, x AS frequency, m AS monetary_value FROM spending, generate_series(1, w);
-- lnGamma: Stirling's series above 15
CREATE FUNCTION ln_gamma(z double precision) RETURNS double precision LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
	y double precision := z;
	below double precision := 0;
BEGIN
	WHILE y < 15 LOOP
		below := below + ln(y);
		y := y + 1;
	END LOOP;
	RETURN (y - 0.5) * ln(y) - y + 0.91893853320467274178 + 1 / (12 * y) - 1 / (360 * y ^ 3) + 1 / (1260 * y ^ 5)
	           - 1 / (1680 * y ^ 7) + 1 / (1188 * y ^ 9) - 691 / (360360 * y ^ 11) - below;
END $$;
SELECT abs(ln_gamma(0.5) - ln(sqrt(pi()))) < 1e-14 AS half, abs(ln_gamma(5) - ln(24)) < 1e-14 AS five,
       abs(ln_gamma(171) - 706.57306224578733) < 1e-12 AS large;
CREATE FUNCTION spend_ll(g text, p double precision, q double precision, v double precision) RETURNS double precision
LANGUAGE sql STABLE BEGIN ATOMIC
	WITH per_x AS MATERIALIZED (
		SELECT x,
		       ln_gamma(p * x + q) - ln_gamma(p * x) - ln_gamma(q) + q * ln(v)
		           + p * x * ln(x::double precision) AS common
		FROM (SELECT DISTINCT x FROM spending WHERE grp = g) d)
	SELECT sum(w * (common + (p * x - 1) * ln(m) - (p * x + q) * ln(x * m + v)))
	FROM spending JOIN per_x USING (x) WHERE grp = g;
END;
CREATE FUNCTION check_spend_optimum(g text, s spend_model) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	f double precision[];
	here double precision := spend_ll(g, s.p, s.q, s.v);
	n double precision := (SELECT sum(w) FROM spending WHERE grp = g);
	worst double precision := 0;
	failed text := '';
BEGIN
	IF NOT close(s.log_likelihood, here, 1e-9) THEN
		failed := failed || format(' log-likelihood %s, not %s;', s.log_likelihood, here);
	END IF;
	FOR i IN 1 .. 3 LOOP
		f := ARRAY(SELECT spend_ll(g, s.p * exp(CASE i WHEN 1 THEN h ELSE 0 END),
		                           s.q * exp(CASE i WHEN 2 THEN h ELSE 0 END),
		                           s.v * exp(CASE i WHEN 3 THEN h ELSE 0 END))
		           FROM unnest(ARRAY[-0.002, -0.001, 0.001, 0.002]) h);
		worst := greatest(worst, abs((8 * (f[3] - f[2]) - (f[4] - f[1])) / 0.012));
		IF here <= ANY (f) THEN
			failed := failed || format(' it rises with %s;', i);
		END IF;
	END LOOP;
	IF worst > 1e-7 * n THEN
		failed := failed || format(' gradient %s;', worst);
	END IF;
	IF NOT s.converged OR NOT is_sound(s) OR s.customers <> n OR s.iterations NOT BETWEEN 2 AND 12 THEN
		failed := failed || ' unsound: ' || s::text;
	END IF;
	RETURN CASE failed WHEN '' THEN 'the maximum' ELSE failed END;
END $$;
CREATE TABLE spend (grp text, s spend_model);
INSERT INTO spend SELECT 'small', fit_gamma_gamma(frequency, monetary_value) FROM spender WHERE grp = 'small';
SELECT (s).customers, (s).converged, close((s).p, 5.61735019417804386) AS p, close((s).q, 6.73219440592255239) AS q,
       close((s).v, 3.71709754632498133e+1) AS v,
       close((s).p_se, 2.303902492674590, 1e-6) AS p_se, close((s).q_se, 1.707849308057994, 1e-6) AS q_se,
       close((s).v_se, 2.175918231513854e+1, 1e-6) AS v_se,
       close((s).log_likelihood, -2.53196743826961546e+2, 1e-12) AS ll, check_spend_optimum('small', s) FROM spend;
SELECT attname, atttypid::regtype
FROM pg_attribute WHERE attrelid = 'spend_model'::regclass AND attnum > 0 ORDER BY attnum;

--
-- Drawn from known parameters: 4,000 customers of a BG/NBD, as many of an
-- MBG/NBD, 3,000 of a gamma-gamma model, and of each a cohort or four
--
INSERT INTO triple
	SELECT grp, x, t_x, t, count(*) FROM (
		SELECT CASE k WHEN 0 THEN 'bg' ELSE 'mbg' END || i % 4 AS grp, d.x, d.t_x, t
		FROM generate_series(0, 1) k, generate_series(1, 4000) i,
		     LATERAL (SELECT (200 + rnd(i, 5, 12) * 14)::double precision AS t) l, draw(i + 100000 * k, k, t) d) z
	GROUP BY 1, 2, 3, 4;
INSERT INTO triple SELECT left(grp, -1), x, t_x, t, sum(w) FROM triple WHERE grp ~ 'bg\d' GROUP BY 1, 2, 3, 4;
ANALYZE triple;
SELECT grp, sum(w) AS customers, max(x) > 25 AS heavy, sum(w) FILTER (WHERE x = 0) > 20 AS once,
       count(*) > 100 AS varied
FROM triple GROUP BY grp ORDER BY grp;
INSERT INTO model SELECT grp, fit_bgnbd(frequency, recency, age) FROM customer WHERE grp ~ '^bg' GROUP BY grp;
INSERT INTO model SELECT grp, fit_mbgnbd(frequency, recency, age) FROM customer WHERE grp ~ '^mbg' GROUP BY grp;
SELECT grp, (m).model, check_optimum(grp, m) FROM model WHERE grp IN ('bg', 'bg0', 'mbg', 'mbg0') ORDER BY grp;
-- the parameters come back, within three standard errors, four in a cohort
SELECT grp, abs((m).r - 2) < z * (m).r_se AS r, abs((m).alpha - 60) < z * (m).alpha_se AS alpha,
       abs((m).a - 1) < z * (m).a_se AS a, abs((m).b - 3) < z * (m).b_se AS b,
       (m).r_se < 0.5 AND (m).alpha_se < 20 AND (m).a_se < 1 AND (m).b_se < 4 AS narrow,
       (m).likelihood_ratio > 100 AS churn
FROM model, LATERAL (SELECT CASE WHEN grp ~ '\d' THEN 4 ELSE 3 END AS z) l WHERE grp <> 'small' ORDER BY grp;
-- p = 6, q = 4, v = 15: a sum of unit exponentials is a gamma variate
INSERT INTO spending
	SELECT 'drawn', x, -sum(ln(uniform(i, 100 + j))) / nu / x, 1
	FROM generate_series(1, 3000) i,
	     LATERAL (SELECT 1 + rnd(i, 6, 3) * rnd(i, 7, 5) AS x,
	                     -(ln(uniform(i, 8)) + ln(uniform(i, 9)) + ln(uniform(i, 10)) + ln(uniform(i, 11)))
	                         / 15 AS nu) l,
	     generate_series(1, 6 * x) j
	GROUP BY i, x, nu;
INSERT INTO spend SELECT 'drawn', fit_gamma_gamma(frequency, monetary_value) FROM spender WHERE grp = 'drawn';
SELECT check_spend_optimum(grp, s), abs((s).p - 6) < 3 * (s).p_se AS p, abs((s).q - 4) < 3 * (s).q_se AS q,
       abs((s).v - 15) < 3 * (s).v_se AS v, (s).p_se < 1 AND (s).q_se < 0.3 AND (s).v_se < 4 AS narrow
FROM spend WHERE grp = 'drawn';

--
-- What does not change a fit, and what changes it in a known way
--
-- the order of the rows, rows with a NULL
SELECT fit_bgnbd(frequency, recency, age ORDER BY frequency, recency, age) = m AS ordered,
       fit_bgnbd(frequency, recency, age ORDER BY age DESC, recency, frequency) = m AS backwards,
       fit_bgnbd(frequency, recency, age ORDER BY rnd(frequency * 100000 + recency::bigint, 12, 1000)) = m AS shuffled
FROM customer JOIN model USING (grp) WHERE grp = 'bg1' GROUP BY m;
SELECT fit_mbgnbd(frequency, recency, age) = m AS nulls FROM (
	SELECT frequency, recency, age
	FROM customer WHERE grp = 'mbg1'
	UNION ALL VALUES (NULL::bigint, 1::double precision, 2::double precision), (1, NULL, 2), (1, 1, NULL),
	(NULL, NULL, NULL), (NULL, 'NaN', -1), (-5, NULL, 2)) c(frequency, recency, age),
	(SELECT m FROM model WHERE grp = 'mbg1') z GROUP BY m;
-- the unit of time: weeks, and something tiny
SELECT unit, close((f).r, (m).r, 1e-7) AS r, close((f).alpha, unit * (m).alpha, 1e-7) AS alpha,
       close((f).a, (m).a, 1e-7) AS a, close((f).b, (m).b, 1e-7) AS b,
       close((f).alpha_se, unit * (m).alpha_se, 1e-6) AS alpha_se,
       close((f).log_likelihood, (m).log_likelihood - ln(unit) * purchases, 1e-10) AS ll,
       abs((f).iterations - (m).iterations) <= 1 AND (f).converged AS path
FROM (SELECT unit, fit_bgnbd(frequency, recency * unit, age * unit) AS f, sum(frequency) AS purchases
      FROM customer, unnest(ARRAY[1 / 7.0::double precision, 1e-6, 86400, 1e9]) unit WHERE grp = 'bg' GROUP BY unit) x,
     (SELECT m FROM model WHERE grp = 'bg') z ORDER BY unit;
-- the unit of money: cents and millions
SELECT unit, close((f).p, (s).p, 1e-7) AS p, close((f).q, (s).q, 1e-7) AS q, close((f).v, unit * (s).v, 1e-7) AS v,
       close((f).p_se, (s).p_se, 1e-6) AS p_se, close((f).v_se, unit * (s).v_se, 1e-6) AS v_se,
       close((f).log_likelihood, (s).log_likelihood - ln(unit) * (s).customers, 1e-9) AS ll,
       abs((f).iterations - (s).iterations) <= 1 AND (f).converged AS path
FROM (SELECT unit, fit_gamma_gamma(frequency, monetary_value * unit) AS f
      FROM spender, unnest(ARRAY[1e-12, 1e-6, 0.01, 100, 1e6, 1e12]) unit WHERE grp = 'drawn' GROUP BY unit) x,
     (SELECT s FROM spend WHERE grp = 'drawn') z ORDER BY unit;
-- a hundred of each customer: the same model, ten times as certain
SELECT close((f).r, (m).r, 1e-7) AS r, close((f).alpha, (m).alpha, 1e-7) AS alpha, close((f).a, (m).a, 1e-7) AS a,
       close((f).b, (m).b, 1e-7) AS b, close((f).b_se, (m).b_se / 10, 1e-6) AS b_se,
       close((f).log_likelihood, 100 * (m).log_likelihood, 1e-10) AS ll, (f).groups = (m).groups AS groups,
       (f).customers = 100 * (m).customers AS customers
FROM (SELECT fit_mbgnbd(frequency, recency, age) AS f FROM customer, generate_series(1, 100) WHERE grp = 'mbg') x,
     (SELECT m FROM model WHERE grp = 'mbg') z;
-- gamma-gamma: customers without a repeat purchase say nothing, whatever is written there, nor do those whose repeat
-- purchases came to nothing; customers counts the others
SELECT fit_gamma_gamma(frequency, monetary_value) = s AS same FROM (
	SELECT frequency, monetary_value
	FROM spender WHERE grp = 'small'
	UNION ALL VALUES (0, NULL), (0, 0), (0, 35), (0, -5), (NULL, 3), (3, NULL), (NULL, NULL), (3, 0), (1, '-0'),
	(2, -7.5), (1, -1e300)) c(frequency, monetary_value),
	(SELECT s FROM spend WHERE grp = 'small') z GROUP BY s;

-- nothing to fit
SELECT fit_bgnbd(frequency, recency, age) IS NULL AS bg, fit_mbgnbd(frequency, recency, age) IS NULL AS mbg
FROM customer WHERE false;
SELECT fit_bgnbd(NULL, 1, 2) IS NULL AS bg, fit_mbgnbd(1, NULL, 2) IS NULL AS mbg,
       fit_gamma_gamma(NULL, 1) IS NULL AS spend, fit_gamma_gamma(0, 5) IS NULL AS only_once,
       fit_gamma_gamma(2, 0) IS NULL AS free, fit_gamma_gamma(2, -7.5) IS NULL AS sent_back;
SELECT fit_gamma_gamma(frequency, monetary_value) IS NULL AS spend FROM spender WHERE false;

-- FILTER, GROUPING SETS, OVER, two of them over one state
SELECT grp, bg = (SELECT fit_bgnbd(frequency, recency, age) FROM customer c WHERE c.grp = x.grp) AS bg,
       few = (SELECT fit_mbgnbd(frequency, recency, age) FROM customer c WHERE c.grp = x.grp AND age > 280) AS few
FROM (SELECT grp, fit_bgnbd(frequency, recency, age) AS bg,
             fit_mbgnbd(frequency, recency, age) FILTER (WHERE age > 280) AS few
      FROM customer WHERE grp ~ '^m?bg\d' GROUP BY grp) x
ORDER BY grp;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE f IS DISTINCT FROM CASE WHEN x.grp IS NULL THEN bg
                                                      ELSE (SELECT m FROM model m WHERE m.grp = x.grp) END) AS wrong
FROM (SELECT grp, fit_bgnbd(frequency, recency, age) AS f FROM customer WHERE grp ~ '^bg\d' GROUP BY ROLLUP (grp)) x,
     (SELECT m AS bg FROM model WHERE grp = 'bg') z;
SELECT count(*) AS rows, count(*) FILTER (WHERE f IS DISTINCT FROM o) AS wrong
FROM (SELECT n, fit_mbgnbd(x, t_x, t) OVER (ORDER BY n) AS f
      FROM (SELECT row_number() OVER (ORDER BY x, t_x, t) AS n, * FROM triple WHERE grp = 'small') d) w,
     LATERAL (SELECT fit_mbgnbd(x, t_x, t) AS o
              FROM (SELECT row_number() OVER (ORDER BY x, t_x, t) AS n, * FROM triple WHERE grp = 'small') e
              WHERE e.n <= w.n) l;
SELECT count(*) AS rows, count(*) FILTER (WHERE f IS DISTINCT FROM o) AS wrong
FROM (SELECT n, fit_gamma_gamma(x, m) OVER (ORDER BY n) AS f
      FROM (SELECT row_number() OVER (ORDER BY x, m) AS n, * FROM spending WHERE grp = 'small') d) w,
     LATERAL (SELECT fit_gamma_gamma(x, m) AS o
              FROM (SELECT row_number() OVER (ORDER BY x, m) AS n, * FROM spending WHERE grp = 'small') e
              WHERE e.n <= w.n) l;

-- Parallel
CREATE TABLE fact AS
	SELECT row_number() OVER () AS i, left(grp, -1) AS kind, right(grp, 1)::int AS cohort, frequency, recency, age,
	       (1 + rnd(row_number() OVER (), 13, 10000)) / 100.0::double precision AS monetary_value
	FROM customer WHERE grp ~ '^m?bg\d' ORDER BY hashfloat8(recency * 1000 + age), frequency;
ANALYZE fact;
SELECT parallel_check('SELECT (fit_bgnbd(frequency, recency, age)).* FROM fact WHERE kind = ''bg''');
SELECT parallel_check('SELECT fit_bgnbd(frequency, recency, age) AS b, fit_mbgnbd(frequency, recency, age) AS m, '
                      'fit_gamma_gamma(frequency, monetary_value) AS s FROM fact');
SELECT parallel_check('SELECT kind, cohort, fit_mbgnbd(frequency, recency, age) AS m, fit_gamma_gamma(frequency, '
                      'monetary_value) AS s FROM fact GROUP BY kind, cohort');
SELECT parallel_check('SELECT fit_bgnbd(frequency, recency, age) AS b, fit_mbgnbd(frequency, recency, age) AS m, '
                      'fit_gamma_gamma(frequency, monetary_value) AS s FROM fact WHERE i + 0 = 77');
SELECT parallel_check('SELECT fit_bgnbd(frequency, recency, age) AS b, fit_mbgnbd(frequency, recency, age) AS m, '
                      'fit_gamma_gamma(frequency, monetary_value) AS s FROM fact WHERE i + 0 < 0');
SELECT parallel_check('SELECT fit_bgnbd(frequency, NULL, age) AS b, fit_gamma_gamma(frequency * 0, '
                      'monetary_value) AS s FROM fact');
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT (SELECT fit_bgnbd(frequency, recency, age) FROM customer WHERE grp = 'bg') = m AS same
FROM model WHERE grp = 'bg';
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
-- a fit for each of 100,000 groups of three or four customers
CREATE TABLE tiny AS
	SELECT g, x, CASE x WHEN 0 THEN 0 ELSE 1 + t_x END AS t_x, t, 5 + rnd(i, 17, 50) AS value
	FROM (SELECT i, i % 100000 AS g, rnd(i, 14, 4) AS x, 100 + rnd(i, 15, 100) AS t, rnd(i, 16, 80) AS t_x
	      FROM generate_series(1, 350000) i) y;
ANALYZE tiny;
SET work_mem = '128MB';
SELECT count(*) AS groups, count(m) AS fits, sum((m).customers) AS customers,
       count(*) FILTER (WHERE NOT coalesce((m).r + (m).alpha + (m).a + (m).b + abs((m).log_likelihood)
                                               + (m).likelihood_ratio < 'Infinity',
                                           false)) AS unsound
FROM (SELECT g, fit_mbgnbd(x, t_x, t) AS m FROM tiny GROUP BY g OFFSET 0) f;
SELECT count(*) AS groups, sum((m).customers) AS customers, count(*) FILTER (WHERE NOT is_sound(m)) AS unsound
FROM (SELECT g, fit_bgnbd(x, t_x, t) AS m FROM tiny WHERE g < 5000 GROUP BY g OFFSET 0) f;
SELECT count(*) AS groups, sum((s).customers) = (SELECT count(*) FROM tiny WHERE x > 0 AND g < 5000) AS customers,
       count(*) FILTER (WHERE (s).customers > 0 AND NOT is_sound(s)) AS unsound,
       count(*) FILTER (WHERE s IS NULL)
           = (SELECT count(*) FROM (SELECT g FROM tiny WHERE g < 5000 GROUP BY g HAVING max(x) = 0) z) AS none
FROM (SELECT g, fit_gamma_gamma(x, value) AS s FROM tiny WHERE g < 5000 GROUP BY g OFFSET 0) f;
RESET work_mem;

--
-- Data of which no good model can be made: a fit ends, soon, with numbers
--
CREATE TABLE hard (name text, frequency bigint, recency double precision, age double precision);
INSERT INTO hard SELECT 'no purchases', 0, 0, 100 + i % 50 FROM generate_series(1, 1000) i;
INSERT INTO hard SELECT 'no purchases, one age', 0, 0, 100 FROM generate_series(1, 1000) i;
INSERT INTO hard SELECT 'identical', 3, 50, 100 FROM generate_series(1, 1000) i;
INSERT INTO hard SELECT 'identical, all here', 3, 100, 100 FROM generate_series(1, 1000) i;
INSERT INTO hard SELECT 'heavy', 10000 - i * 7, 9990 + i % 10, 10000 FROM generate_series(1, 300) i;
INSERT INTO hard
	SELECT 'heavy and light', CASE WHEN i % 10 = 0 THEN 10000 - i ELSE i % 3 END,
	       CASE WHEN i % 10 = 0 THEN 19000 + i WHEN i % 3 = 0 THEN 0 ELSE i % 20 + 2 END, 20000
	FROM generate_series(1, 1000) i;
INSERT INTO hard VALUES
	('two', 1, 10, 20), ('two', 0, 0, 30), ('one', 2, 10, 20), ('one who never came', 0, 0, 30),
	('one of today', 0, 0, 0), ('one on the last day', 1, 1, 1);
INSERT INTO hard SELECT 'brand new', 0, 0, 0 FROM generate_series(1, 100) i;
INSERT INTO hard SELECT 'long ago', 1, 1, 10000 FROM generate_series(1, 100) i;
INSERT INTO hard SELECT 'all leave at once', 1, 1 + i % 3, 500 + i % 100 FROM generate_series(1, 500) i;
INSERT INTO hard SELECT 'once or never', i % 2, (i % 2) * (1 + i % 100), 400 FROM generate_series(1, 1000) i;
-- nobody ever leaves: all were here on the last day, and the number of their
-- purchases is that of a gamma mixture
INSERT INTO hard
	SELECT 'nobody leaves', x, CASE WHEN x > 0 THEN 364 ELSE 0 END, 364
	FROM (SELECT greatest(0, round(-8 * (ln(uniform(i, 18)) + ln(uniform(i, 19)))))::bigint AS x
	      FROM generate_series(1, 2000) i) d;
-- two kinds of customers, of whom one never comes back: the way from the usual
-- start ends on a ridge, 194 below
INSERT INTO hard
	SELECT 'two kinds', x, t_x, t
	FROM (VALUES (0, 0, 170, 42), (0, 0, 190, 41), (0, 0, 20, 60), (2, 37, 60, 49), (2, 42, 50, 68),
	             (8, 171, 190, 136)) v(x, t_x, t, w),
	     generate_series(1, w);
-- two maxima, of which the usual start finds the lower, and converges there
INSERT INTO hard
	SELECT 'two maxima', x, t_x, t
	FROM (VALUES (0, 0, 40, 84), (0, 0, 120, 1), (0, 0, 80, 96), (2, 21, 30, 62), (12, 32, 90, 37)) v(x, t_x, t, w),
	     generate_series(1, w);
INSERT INTO hard
	SELECT 'tiny times', i % 5, CASE WHEN i % 5 > 0 THEN 1e-9 * (1 + i % 7) ELSE 0 END, 1e-8
	FROM generate_series(1, 500) i;
INSERT INTO hard
	SELECT 'huge times', i % 5, CASE WHEN i % 5 > 0 THEN 1e11 * (1 + i % 7) ELSE 0 END, 1e12
	FROM generate_series(1, 500) i;
CREATE TABLE hard_model (name text, m purchase_model);
SET statement_timeout = '10s';
INSERT INTO hard_model SELECT name, fit_bgnbd(frequency, recency, age) FROM hard GROUP BY name;
INSERT INTO hard_model SELECT name, fit_mbgnbd(frequency, recency, age) FROM hard GROUP BY name;
INSERT INTO hard_model SELECT name, fit_pareto_nbd(frequency, recency, age) FROM hard GROUP BY name;
SET statement_timeout = '120s';
SELECT name, count(*) AS fits,
       bool_and(is_sound(m) AND (m).converged IS NOT NULL AND (m).r > 0 AND (m).alpha > 0
                AND coalesce((m).a, (m).s) > 0 AND coalesce((m).b, (m).beta) > 0) AS sound,
       bool_and((m).log_likelihood >= (m).no_churn_log_likelihood - 1e-6 * abs((m).no_churn_log_likelihood) - 1e-6)
           FILTER (WHERE (m).model = 'BG/NBD') AS not_below_no_churn,
       bool_and((m).likelihood_ratio >= 0) AS ratio
FROM hard_model GROUP BY name ORDER BY name;
-- where there is no maximum none is claimed, and what is none has no error
SELECT name, (m).model, (m).converged
FROM hard_model
WHERE name IN ('no purchases', 'no purchases, one age', 'brand new', 'identical', 'nobody leaves', 'one', 'two')
  AND (m).converged
ORDER BY 1, 2;
SELECT count(*) > 10 AS some,
       count(*) FILTER (WHERE num_nonnulls((m).r_se, (m).alpha_se, (m).a_se, (m).b_se, (m).s_se, (m).beta_se)
                                  <> CASE WHEN (m).converged THEN 4 ELSE 0 END) AS wrong
FROM hard_model;
-- the likelihood is what it says to be there, too
INSERT INTO triple SELECT 'hard: ' || name, frequency, recency, age, count(*) FROM hard GROUP BY 1, 2, 3, 4;
SELECT name, (m).model, (m).log_likelihood, o
FROM hard_model, LATERAL model_ll('hard: ' || name, ((m).model = 'MBG/NBD')::int, (m).r, (m).alpha, (m).a, (m).b) o
WHERE (m).model <> 'Pareto/NBD' AND NOT abs((m).log_likelihood - o) <= 1e-10 * (1 + abs(o)) ORDER BY 1, 2;
-- where nobody leaves the model without leaving is reached, which is found
-- here by a search in one dimension: of equal ages alpha = r T / mean x
CREATE FUNCTION search_nbd(g text) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
	ratio double precision := (SELECT sum(w * t) / sum(w * x) FROM triple WHERE grp = g);
	lower double precision := -4;
	upper double precision := 4;
	p double precision;
	q double precision;
BEGIN
	FOR i IN 1 .. 60 LOOP
		p := upper - (upper - lower) * 0.6180339887498949;
		q := lower + (upper - lower) * 0.6180339887498949;
		IF nbd_ll(g, exp(p), exp(p) * ratio) > nbd_ll(g, exp(q), exp(q) * ratio) THEN
			upper := q;
		ELSE
			lower := p;
		END IF;
	END LOOP;
	RETURN nbd_ll(g, exp(lower), exp(lower) * ratio);
END $$;
SELECT (m).model, close((m).no_churn_log_likelihood, nbd, 1e-9) AS no_churn,
       close((m).log_likelihood, nbd, 1e-6) AS reached, (m).likelihood_ratio < 0.05 AS no_difference
FROM hard_model, search_nbd('hard: nobody leaves') nbd WHERE name = 'nobody leaves' ORDER BY 1;
-- the best that there can be: nobody buys, so 0
SELECT name, (m).model, (m).log_likelihood > -0.01 AS nearly_0
FROM hard_model WHERE name LIKE 'no purchases%' OR name IN ('brand new') ORDER BY 1, 2;
SELECT name, (m).log_likelihood > best AS reached
FROM hard_model JOIN (VALUES ('two kinds', -5762), ('two maxima', -1772)) v(name, best) USING (name)
WHERE (m).model = 'MBG/NBD' ORDER BY name;
-- what can be made of such models
SELECT name, (m).model, bool_and(p BETWEEN 0 AND 1) AS p_alive, bool_and(r BETWEEN 0 AND 1) AS churn_risk,
       bool_and(e >= 0 AND e < 'Infinity') AS expected
FROM hard_model,
     (VALUES (0, 0, 0), (0, 0, 1000), (1, 1, 1), (1, 500, 1000), (50, 999, 1000), (10000, 20000, 20000),
             (10000, 10000, 20000)) c(frequency, recency, age),
     LATERAL (SELECT p_alive(m, frequency, recency, age) AS p, churn_risk(m, frequency, recency, age, '90 days') AS r,
                     expected_purchases(m, frequency, recency, age, '90 days') AS e) l
GROUP BY name, m ORDER BY name, (m).model;

CREATE TABLE hard_spender (name text, frequency bigint, monetary_value double precision);
INSERT INTO hard_spender SELECT 'identical', 3, 20 FROM generate_series(1, 500) i;
INSERT INTO hard_spender SELECT 'equal value', 1 + i % 9, 20 FROM generate_series(1, 500) i;
INSERT INTO hard_spender VALUES
	('one', 1, 5), ('two', 1, 5), ('two', 3, 8), ('tiny', 1, 1e-14), ('tiny', 2, 1e-12), ('huge', 1, 1e20),
	('huge', 2, 1e18);
INSERT INTO hard_spender SELECT 'heavy', 10000 + i, 20 + i % 7 FROM generate_series(1, 500) i;
INSERT INTO hard_spender SELECT 'millions', x, 1e6 * m FROM spending WHERE grp = 'drawn';
INSERT INTO hard_spender SELECT 'cents', x, 0.01 * m FROM spending WHERE grp = 'drawn';
INSERT INTO hard_spender SELECT 'evenly spread', 1 + i % 5, 1 + rnd(i, 20, 1000) FROM generate_series(1, 1000) i;
INSERT INTO hard_spender SELECT 'heavy tail', 1 + i % 3, uniform(i, 21) ^ (-3) FROM generate_series(1, 1000) i;
INSERT INTO hard_spender
	SELECT 'two prices', 1 + i % 3, CASE WHEN i % 2 = 0 THEN 1 ELSE 1000 END
	FROM generate_series(1, 1000) i;
CREATE TABLE hard_spend (name text, s spend_model);
SET statement_timeout = '10s';
INSERT INTO hard_spend SELECT name, fit_gamma_gamma(frequency, monetary_value) FROM hard_spender GROUP BY name;
SET statement_timeout = '120s';
SELECT name,
       is_sound(s) AND (s).p > 0 AND (s).q > 0 AND (s).v > 0
       AND num_nonnulls((s).p_se, (s).q_se, (s).v_se) = CASE WHEN (s).converged THEN 3 ELSE 0 END AS sound,
       (s).converged AND name IN ('identical', 'equal value', 'one', 'two') AS claimed
FROM hard_spend ORDER BY name;
SELECT close((c).p, (m).p, 1e-6) AS p, close((c).q, (m).q, 1e-6) AS q, close((c).v * 1e8, (m).v, 1e-6) AS v,
       (c).converged = (m).converged AS converged
FROM (SELECT s AS c FROM hard_spend WHERE name = 'cents') a, (SELECT s AS m FROM hard_spend WHERE name = 'millions') b;
-- a mean that does not exist is NULL, never negative
SELECT name, bool_and((s).q > 1 OR expected_spend(s, 0, NULL) IS NULL) AS mean,
       bool_and(coalesce(e > 0 AND e < 'Infinity', true)) AS value
FROM hard_spend, (VALUES (0, NULL), (1, 5.0), (3, 20), (1000, 1e6)) c(frequency, monetary_value),
     LATERAL (SELECT expected_spend(s, frequency, monetary_value) AS e) l
GROUP BY name ORDER BY name;

-- rows that cannot be
CREATE FUNCTION fit_states(frequency text, recency text, age text) RETURNS text[] LANGUAGE sql RETURN ARRAY(
	SELECT outcome(format('SELECT %s(%s, %s, %s) FROM generate_series(1, 3)', f, frequency, recency, age))
	FROM unnest(ARRAY['fit_bgnbd', 'fit_mbgnbd', 'fit_pareto_nbd']) f);
SELECT frequency, recency, age, fit_states(frequency, recency, age)
FROM (VALUES ('-1', '0', '10'), ('1', '-1', '10'), ('0', '0', '-1'), ('1', '11', '10'), ('1', '0', '10'),
             ('0', '5', '10'), ('1', '''NaN''', '10'), ('1', '5', '''NaN'''), ('1', '''-Infinity''', '5'),
             ('1', '5', '''Infinity'''), ('1', '''Infinity''', '''Infinity'''), ('-9223372036854775808', '0', '0'),
             ('1', '10', '9.999999999'), ('0', '-1e-300', '5'), ('0', '1e13', '1e13'), ('1000001', '5', '10'),
             ('9223372036854775807', '5', '10'), ('1', '5', '1e13')) v(frequency, recency, age);
SELECT frequency, value, outcome(format('SELECT fit_gamma_gamma(%s, %s)', frequency, value))
FROM (VALUES ('-1', '5'), ('1', '0'), ('1', '-5'), ('2', '''NaN'''), ('2', '''Infinity'''), ('-1', 'NULL'),
             ('0', '''NaN'''), ('0', '-5'), ('-1', '-5'), ('1000001', '-5')) v(frequency, value);
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT fit_bgnbd(3, 40, 30);
SELECT fit_mbgnbd(1, 0, 30);
SELECT fit_bgnbd(-2, 0, 30);
SELECT fit_bgnbd(0, 3, 30);
SELECT fit_mbgnbd(2, 3, 'NaN');
SELECT fit_gamma_gamma(-2, -7.5);
SELECT fit_gamma_gamma(2, 'Infinity');
\set VERBOSITY sqlstate

DROP SCHEMA purchase_fit_test CASCADE;
