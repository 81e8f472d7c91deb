--
-- purchase_model: who will come back, and what they are worth
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = error;
SET statement_timeout = '120s';
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA purchase_model_test;
SELECT set_config('search_path', 'purchase_model_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- between 0 and 1, neither of them
CREATE FUNCTION uniform(i bigint, salt bigint) RETURNS double precision
RETURN (rnd(i, salt, 1000000007) + 0.5) / 1000000007.0::double precision;

-- Everything that must hold of the numbers of a model, whatever the data:
-- none of them NaN or infinite, none missing but standard errors
CREATE FUNCTION is_sound(m anyelement) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN (SELECT count(*) > 6 AND bool_and(coalesce(value NOT IN ('NaN', 'Infinity', '-Infinity'), key ~ '_se$'))
	        FROM jsonb_each_text(to_jsonb(m)));
END $$;

--
-- The likelihood, written down as the papers have it
--
CREATE FUNCTION log1p(y double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT AS 'BEGIN RETURN 2 * atanh(y / (2 + y)); END';
CREATE FUNCTION expm1(y double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT AS 'BEGIN RETURN CASE WHEN y < -40 THEN -1 ELSE 2 * sinh(y / 2) * exp(y / 2) END; '
                                     'END';

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
-- Gamma variates of shape 1 and 2 and beta variates of shape (1, n) need no
-- more than logarithms and powers
CREATE FUNCTION draw(i bigint, k int, t double precision, OUT x bigint, OUT t_x double precision) LANGUAGE plpgsql AS $$
DECLARE
	-- r = 2, alpha = 60; a = 1, b = 3
	rate double precision := -(ln(uniform(i, 1)) + ln(uniform(i, 2))) / 60;
	p double precision := 1 - uniform(i, 3) ^ (1 / 3.0);
	clock double precision := 0;
	draws bigint := 0;
BEGIN
	x := 0;
	t_x := 0;
	IF k = 1 AND uniform(i, 4) < p THEN
		RETURN;
	END IF;
	LOOP
		draws := draws + 2;
		clock := clock - ln(uniform(i, 1000 + draws)) / rate;
		EXIT WHEN clock > t;
		x := x + 1;
		t_x := clock;
		EXIT WHEN uniform(i, 1001 + draws) < p;
	END LOOP;
END $$;
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
SET statement_timeout = '120s';
SELECT name, count(*) AS fits,
       bool_and(is_sound(m) AND (m).converged IS NOT NULL AND (m).r > 0 AND (m).alpha > 0 AND (m).a > 0
                AND (m).b > 0) AS sound,
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
       count(*) FILTER (WHERE num_nonnulls((m).r_se, (m).alpha_se, (m).a_se, (m).b_se)
                                  <> CASE WHEN (m).converged THEN 4 ELSE 0 END) AS wrong
FROM hard_model;
-- the likelihood is what it says to be there, too
INSERT INTO triple SELECT 'hard: ' || name, frequency, recency, age, count(*) FROM hard GROUP BY 1, 2, 3, 4;
SELECT name, (m).model, (m).log_likelihood, o
FROM hard_model, LATERAL model_ll('hard: ' || name, ((m).model = 'MBG/NBD')::int, (m).r, (m).alpha, (m).a, (m).b) o
WHERE NOT abs((m).log_likelihood - o) <= 1e-10 * (1 + abs(o)) ORDER BY 1, 2;
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
	FROM unnest(ARRAY['fit_bgnbd', 'fit_mbgnbd']) f);
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

--
-- Expected purchases, against an integral
--
-- Given lambda and p a living customer makes (1 - exp(-lambda p t)) / p
-- purchases in t.  lambda is gamma(r + x, alpha + T), p is beta(a, b + x + k):
-- over lambda in closed form, over p by the trapezoidal rule in v, where
-- p = 1 / (1 + exp(-s)) and s = ln(a / (b + x + k)) + width sinh(v).
CREATE FUNCTION nodes(a double precision, b double precision, OUT p double precision, OUT w double precision) RETURNS
    SETOF record
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	s double precision;
	l double precision;
	-- near the largest
	peak double precision := a * ln(a / (a + b)) + b * ln(b / (a + b));
BEGIN
	FOR v IN -448 .. 448 LOOP
		s := ln(a / b) + sqrt(1 / a + 1 / b) * sinh(v / 64.0::double precision);
		CONTINUE WHEN abs(s) > 690;
		l := a * least(0, s) - b * greatest(0, s) - (a + b) * log1p(exp(-abs(s))) + ln(cosh(v / 64.0::double precision))
		    - peak;
		CONTINUE WHEN l < -38;
		p := CASE WHEN s > 0 THEN 1 / (1 + exp(-s)) ELSE exp(s) / (1 + exp(s)) END;
		w := exp(l);
		RETURN NEXT;
	END LOOP;
END $$;
CREATE
    FUNCTION oracle_alive(k int, r double precision, alpha double precision, a double precision, b double precision,
                          x bigint, t_x double precision, t double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
	-- with p integrated out: alive (1 - p)^(x + k), gone p (1 - p)^(x + k - 1)
	SELECT CASE WHEN x + k = 0 THEN 1
	            ELSE 1 / (1 + sum(w * p) / sum(w * (1 - p)) * exp((r + x) * log1p((t - t_x) / (alpha + t_x)))) END
	FROM nodes(a, CASE WHEN x + k = 0 THEN 1 ELSE b + x + k - 1 END);
END;
-- of a customer who is alive
CREATE
    FUNCTION oracle_purchases(k int, r double precision, alpha double precision, a double precision, b double precision,
                              x bigint, t double precision, horizon double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
	SELECT sum(w * -expm1(-(r + x) * log1p(p * horizon / (alpha + t))) / p) / sum(w) FROM nodes(a, b + x + k);
END;
-- the papers' own form where it is tame: x = 0 of a BG/NBD, r + x = 1, a = 2
SELECT close(oracle_purchases(0, 1, 10, 2, 3, 0, 0, 5),
             (2 + 3 - 1) / (2 - 1.0) * (1 - 10 / 15.0 * (
                 SELECT sum(power(1 / 3.0, n) * term)
                 FROM (SELECT n, (SELECT coalesce(exp(sum(ln((1.0 + j) * (3 + j) / ((4 + j) * (1 + j))))), 1)
                                  FROM generate_series(0, n - 1) j) AS term
                       FROM generate_series(0, 60) n) q)),
             1e-13) AS agree;
CREATE
    FUNCTION with_parameters(m purchase_model, k int, r double precision, alpha double precision, a double precision,
                             b double precision) RETURNS purchase_model
LANGUAGE sql IMMUTABLE
RETURN jsonb_populate_record(m,
                             jsonb_build_object('model', CASE k WHEN 0 THEN 'BG/NBD' ELSE 'MBG/NBD' END, 'r', r,
                                                'alpha', alpha, 'a', a, 'b', b));
CREATE TABLE grid AS
	SELECT row_number() OVER () AS i, with_parameters(m, k, r, alpha, a, b) AS m, k, r, alpha, a, b, x, t_x, t, horizon
	FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k,
	     unnest(ARRAY[0.05, 0.25, 3]::double precision[]) r, unnest(ARRAY[0.5, 31]::double precision[]) alpha,
	     unnest(ARRAY[0.05, 0.4, 0.999999, 1, 1.0000001, 3, 20]::double precision[]) a,
	     unnest(ARRAY[0.06, 0.6, 1, 2.5, 40]::double precision[]) b,
	     (VALUES (0::bigint, 0::double precision, 0::double precision), (0, 0, 0.5), (0, 0, 300), (1, 1, 1),
	             (1, 40, 250), (3, 100.5, 200.25), (26, 216, 217), (500, 3000, 3100),
	             (10000, 20000, 20000)) c(x, t_x, t),
	     unnest(ARRAY[0.125, 30, 273, 3650]::double precision[]) horizon;
DELETE FROM grid WHERE rnd(i, 22, 30) > 0;
SELECT count(*) > 400 AS cases, count(*) FILTER (WHERE a = 1) > 40 AS singular,
       count(*) FILTER (WHERE x = 10000) > 40 AS heavy, count(*) FILTER (WHERE t = 0) > 40 AS new
FROM grid;
CREATE TABLE answer AS
	SELECT *, oracle_alive(k, r, alpha, a, b, x, t_x, t) AS alive,
	       oracle_purchases(k, r, alpha, a, b, x, t, horizon) AS purchases
	FROM grid;
SELECT i, k, r, alpha, a, b, x, t_x, t, p, alive
FROM answer, LATERAL (SELECT p_alive(m, x, t_x, t) AS p) l WHERE NOT coalesce(close(p, alive, 1e-11), false) LIMIT 5;
SELECT i, k, r, alpha, a, b, x, t_x, t, horizon, e, alive * purchases
FROM answer, LATERAL (SELECT expected_purchases(m, x, t_x, t, horizon * interval '1 day') AS e) l
WHERE NOT coalesce(close(e, alive * purchases, 1e-11), false) LIMIT 5;
-- the chance of not one purchase: the expectation of exp(-lambda t)
SELECT i, k, r, alpha, a, b, x, t_x, t, horizon, c, o
FROM answer,
     LATERAL (SELECT churn_risk(m, x, t_x, t, horizon * interval '1 day') AS c,
                     1 - alive * -expm1(-(r + x) * log1p(horizon / (alpha + t))) AS o) l
WHERE NOT coalesce(abs(c - o) <= 1e-12, false) LIMIT 5;
-- far beyond: very many purchases, very long times, hardly any
SELECT x, t, horizon, k,
       close(expected_purchases(l.m, x, t, t, horizon),
             oracle_alive(k, 0.25, 31, 0.8, 2.5, x, t, t)
                 * oracle_purchases(k, 0.25, 31, 0.8, 2.5, x, t, extract(epoch FROM horizon) / 86400),
             1e-9) AS expected
FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k,
     LATERAL (SELECT with_parameters(z.m, k, 0.25, 31, 0.8, 2.5)) l(m),
     (VALUES (1000000::bigint, 1000000::double precision), (1000, 1000000), (100000, 3)) c(x, t),
     (VALUES (interval '1 day'), ('1000 days'), ('100000 days')) h(horizon)
WHERE t >= 3 ORDER BY x, horizon, k;

-- and along the ridges of fits: next to a Poisson process, next to one chance
-- for all, next to nobody leaving
SELECT r, alpha, a, b, k, bool_and(close(p_alive(l.m, x, t_x, t), alive, 1e-8)) AS p_alive,
       bool_and(close(expected_purchases(l.m, x, t_x, t, horizon * interval '1 day'), alive * purchases,
                      1e-8)) AS expected
FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k,
     (VALUES (1e6, 1e7, 0.8, 2.5), (0.25, 31, 1e5, 2e5), (0.25, 31, 0.5, 1e6), (1e6, 1e7, 1e5, 2e5),
             (1e-6, 31, 0.8, 2.5)) v(r, alpha, a, b),
     (VALUES (0::bigint, 0, 0), (0, 0, 300), (3, 100, 130), (40, 299, 300)) c(x, t_x, t),
     (VALUES (30.0::double precision), (365)) h(horizon), LATERAL (SELECT with_parameters(z.m, k, r, alpha, a, b)) l(m),
     LATERAL (SELECT oracle_alive(k, r, alpha, a, b, x, t_x, t) AS alive,
                     oracle_purchases(k, r, alpha, a, b, x, t, horizon) AS purchases) o
GROUP BY r, alpha, a, b, k ORDER BY r, alpha, a, b, k;

-- limits, by hand: BG/NBD r = 2, alpha = 60, a = 1, b = 3
CREATE TABLE round_model AS
	SELECT k, with_parameters(m, k, 2, 60, 1, 3) AS m
	FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k;
-- never bought again: alive for the one, and one coin of four for the other
SELECT k, p_alive(m, 0, 0, 0) AS new, p_alive(m, 0, 0, 1000) AS long_ago, p_alive(m, 1, 60, 60) AS on_the_last_day
FROM round_model ORDER BY k;
SELECT k, p_alive(m, 0, 0, 60) AS quiet, p_alive(m, 1, 60, 180) AS a_second_time FROM round_model ORDER BY k;
-- a = 1, no history: E = c ln(...) ...; nothing happens in no time
SELECT k, expected_purchases(m, 3, 50, 60, '0') AS expected, churn_risk(m, 3, 50, 60, '0') AS risk,
       expected_purchases(m, 0, 0, 0, '0') AS new
FROM round_model ORDER BY k;
-- how an interval becomes days
SELECT days,
       close(expected_purchases(m, 3, 50, 60, within), expected_purchases(m, 3, 50, 60, days * interval '1 day'),
             1e-13) AS same,
       close(churn_risk(m, 3, 50, 60, within), churn_risk(m, 3, 50, 60, days * interval '1 day'), 1e-13) AS risk
FROM (SELECT m FROM round_model WHERE k = 1) z,
     (VALUES (interval '1 year', 365.25), ('1 month', 30.4375), ('12 hours', 0.5), ('1 week', 7),
             ('3 months -1 day', 90.3125), ('1 day -12 hours', 0.5), ('1.5 hours', 0.0625),
             ('90 minutes', 0.0625)) v(within, days);
-- what grows and what falls
SELECT k, bool_and(e >= e0) AS longer, bool_and(r <= r0) AS risk_of_longer FROM (
	SELECT k, days, e, lag(e, 1, 0) OVER w AS e0, r, lag(r, 1, 1) OVER w AS r0
	FROM round_model, generate_series(0, 2000, 40) days,
	     LATERAL (SELECT expected_purchases(m, 4, 100, 130, days * interval '1 day') AS e,
	                     churn_risk(m, 4, 100, 130, days * interval '1 day') AS r) l
	WINDOW w AS (PARTITION BY k ORDER BY days)) x GROUP BY k ORDER BY k;
SELECT k, bool_and(p < p0) AS longer_silence, bool_and(p BETWEEN 0 AND 1) AS share FROM (
	SELECT k, p, lag(p, 1, 2) OVER (PARTITION BY k ORDER BY age) AS p0
	FROM round_model, generate_series(100, 2000, 50) age, LATERAL (SELECT p_alive(m, 4, 100, age) AS p) l) x GROUP BY k
	ORDER BY k;
SELECT k, bool_and(p > p0) AS seen_later FROM (
	SELECT k, p, lag(p, 1, -1) OVER (PARTITION BY k ORDER BY recency) AS p0
	FROM round_model, generate_series(10, 500, 10) recency, LATERAL (SELECT p_alive(m, 4, recency, 500) AS p) l) x
	GROUP BY k ORDER BY k;

--
-- Expected spend and lifetime value
--
CREATE TABLE round_spend AS
	SELECT jsonb_populate_record(s, '{"p": 6, "q": 4, "v": 15}') AS s
	FROM spend WHERE grp = 'small';
-- p (v + x m) / (p x + q - 1): 6 x 15 / 3, 6 (15 + 20) / 9, 6 (15 + 60) / 21; the mean of many purchases is believed
SELECT expected_spend(s, 0, NULL) AS nobody_knows,
       close(expected_spend(s, 1, 20), 70 / 3.0::double precision, 1e-14) AS one,
       close(expected_spend(s, 3, 20), 150 / 7.0::double precision, 1e-14) AS three,
       abs(expected_spend(s, 1000000, 20) - 20) < 1e-4 AS many
FROM round_spend;
-- given nu, the mean is p / nu; nu is gamma(p x + q, v + x m): against an integral
SELECT x, m, close(expected_spend(s, x, m), 6 * sum(w / nu) / sum(w), 1e-10) AS agree
FROM round_spend, (VALUES (1::bigint, 20::double precision), (3, 7.5), (40, 300)) c(x, m), LATERAL (
	SELECT nu, exp(greatest(-200, (6 * x + 4) * (ln(nu) - ln(peak)) - (15 + x * m) * (nu - peak))) AS w
	FROM (SELECT (6 * x + 4) / (15 + x * m) AS peak) k,
	     LATERAL (SELECT peak * exp(u / 100.0::double precision) AS nu FROM generate_series(-600, 300) u) n) l
	GROUP BY x, m, s ORDER BY x;
-- nothing, or less than nothing: what 0 lets expect, and never NULL
SELECT x, m, close(expected_spend(s, x, m), 90.0::double precision / (6 * x + 3), 1e-14) AS spend,
       expected_spend(s, x, m) = expected_spend(s, x, 0) AS as_0
FROM round_spend,
     (VALUES (1, 0), (1, '-0'), (1, -1), (4, -1e300), (1000000, -5), (3, '-1e-300'::double precision)) c(x, m);
-- no mean, or none yet
SELECT q, p, x,
       expected_spend(jsonb_populate_record(s, jsonb_build_object('q', q, 'p', p)), x, CASE WHEN x > 0 THEN 10 END) IS
           NULL AS none
FROM round_spend,
     (VALUES (1, 6, 0), (0.5, 6, 0), (0.5, 6, 1), (0.3, 0.5, 1), (0.5, 0.5, 1), (0.5, 0.25, 3),
             (1.000001, 6, 0)) v(q, p, x);
SELECT expected_spend(s, 3, NULL) IS NULL AS unknown, expected_spend(NULL, 3, 20) IS NULL AS model,
       expected_spend(s, NULL, 20) IS NULL AS frequency
FROM round_spend;
SELECT x, v, outcome(format('SELECT expected_spend(s, %s, %s) FROM round_spend', x, v))
FROM (VALUES ('-1', '5'), ('2', '0'), ('2', '-1'), ('2', '''NaN'''), ('2', '''Infinity''')) c(x, v);

-- Discounted day by day: the density of purchases of a living customer at t is
-- that of (r + x) (alpha + T)^(r + x) / (alpha + T + p t)^(r + x + 1), over p;
-- over t by Simpson's rule, t = (alpha + T) (e^u - 1)
CREATE FUNCTION oracle_clv(k int, r double precision, alpha double precision, a double precision, b double precision,
                           x bigint, t_x double precision, t double precision, horizon double precision,
                           discount double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
	WITH n AS MATERIALIZED (SELECT p, w / sum(w) OVER () AS w
	                        FROM (SELECT p, w, row_number() OVER () AS i FROM nodes(a, b + x + k)) o WHERE i % 2 = 0)
	SELECT oracle_alive(k, r, alpha, a, b, x, t_x, t)
	       * sum(simpson * exp(u) * (alpha + t) * power(1 + discount, -at / 365.25) * w * (r + x) / (alpha + t)
	             * exp(greatest(-300, -(r + x + 1) * log1p(p * at / (alpha + t)))))
	FROM n,
	     (SELECT i * range / 400 AS u, (alpha + t) * expm1(i * range / 400) AS at,
	             CASE WHEN i IN (0, 400) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END * range / 1200 AS simpson
	      FROM generate_series(0, 400) i, log1p(horizon / (alpha + t)) range) s;
END;
SELECT close(oracle_clv(1, 2, 60, 1, 3, 4, 100, 130, 400, 0),
             oracle_alive(1, 2, 60, 1, 3, 4, 100, 130) * oracle_purchases(1, 2, 60, 1, 3, 4, 130, 400),
             1e-9) AS undiscounted;
CREATE TABLE discounted AS
	SELECT *, (ARRAY[0.02, 0.1, 1])[1 + i % 3] AS discount
	FROM grid WHERE rnd(i, 23, 16) = 0 AND a < 20 AND x < 1000;
-- and the steepest: somebody new, who may buy soon or hardly ever
INSERT INTO discounted
	SELECT i, m, k, r, alpha, a, b, 0, 0, 0, 3650, 1
	FROM (SELECT *, row_number() OVER (PARTITION BY k, alpha ORDER BY i) AS n FROM grid WHERE t = 0 AND a < 20) g
	WHERE n = 1;
SELECT count(*) >= 15 AS cases, count(*) FILTER (WHERE horizon > 100 * (alpha + t)) > 3 AS steep FROM discounted;
SELECT i, k, x, t_x, t, horizon, discount, c, o
FROM discounted, round_spend,
     LATERAL (SELECT clv(m, s, x, t_x, t, CASE WHEN x > 0 THEN 20.0 END, horizon * interval '1 day', discount) AS c,
                     CASE WHEN x > 0 THEN 6 * (15 + x * 20) / (6.0 * x + 3) ELSE 30 END
                         * oracle_clv(k, r, alpha, a, b, x, t_x, t, horizon, discount) AS o) l
WHERE NOT coalesce(close(c, o, 1e-8), false) LIMIT 5;
-- undiscounted it is purchases times spend, and so by default
SELECT count(*) AS cases, count(*) FILTER (WHERE NOT close(d, e, 1e-12) OR NOT close(z, e, 1e-12)) AS wrong
FROM grid, round_spend,
     LATERAL (SELECT clv(m, s, x, t_x, t, CASE WHEN x > 0 THEN 33.0 END, horizon * interval '1 day') AS d,
                     clv(m, s, x, t_x, t, CASE WHEN x > 0 THEN 33.0 END, horizon * interval '1 day',
                         annual_discount => 0) AS z,
                     expected_purchases(m, x, t_x, t, horizon * interval '1 day')
                         * expected_spend(s, x, CASE WHEN x > 0 THEN 33.0 END) AS e) l
              HAVING count(*) > 100;
-- the year of discounting has 365.25 days
SELECT k, bool_and(v < v0) AS more_discount, bool_and(v > 0) AS worth FROM (
	SELECT k, v, lag(v, 1, 1e9) OVER (PARTITION BY k ORDER BY d) AS v0
	FROM round_model, round_spend, generate_series(0, 3, 0.25) d,
	     LATERAL (SELECT clv(m, s, 4, 100, 130, 25, '3 years', d::double precision) AS v) l) x
	GROUP BY k ORDER BY k;
SELECT k, bool_and(v > v0) AS longer FROM (
	SELECT k, v, lag(v, 1, 0) OVER (PARTITION BY k ORDER BY days) AS v0
	FROM round_model, round_spend, generate_series(30, 3000, 30) days,
	     LATERAL (SELECT clv(m, s, 4, 100, 130, 25, days * interval '1 day', 0.1) AS v) l) x
	GROUP BY k ORDER BY k;
SELECT clv(m, s, 4, 100, 130, 25, '0', 0.1) AS no_time, clv(m, s, 4, 100, 130, NULL, '1 year', 0.1) IS NULL AS no_value,
       clv(m, s, 0, 0, 130, NULL, '1 year', 0.1) > 0 AS never_again,
       clv(m, jsonb_populate_record(s, '{"q": 0.5}'), 0, 0, 130, NULL, '1 year', 0.1) IS NULL AS no_mean
FROM round_model, round_spend WHERE k = 1;

--
-- nobody has a NULL value: whoever bought, and whatever was sent back
SELECT count(*) AS customers, bool_and(coalesce(expected_spend(g, s) BETWEEN 1e-9 AND 1e9, false)) AS spend,
       bool_and(coalesce(clv(m, g, s, '1 year') BETWEEN 1e-9 AND 1e9, false)) AS clv,
       bool_and(coalesce(clv(m, g, s, '1 year', 0.1) BETWEEN 1e-9 AND 1e9, false)) AS discounted,
       bool_and(clv(m, g, s, '1 year')
                    = clv(m, g, (s).frequency, (s).recency, (s).age, (s).monetary_value, '1 year')) AS by_columns,
       count(*) FILTER (WHERE (s).monetary_value <= 0) > 60 AS worthless
FROM (SELECT c, rfm_summary(date '2024-01-01' + d, amount, '2024-07-01') AS s
      FROM (SELECT i % 200 AS c, rnd(i, 61, 150)::int AS d,
                   (CASE WHEN i % 200 < 100 THEN 0 ELSE 10 + rnd(i, 62, 50) END)::numeric AS amount
            FROM generate_series(1, 900) i
            UNION ALL SELECT c, 160, -500 FROM generate_series(50, 150) c) o
            GROUP BY c) x, round_model, (SELECT s AS g FROM round_spend) y WHERE k = 1;

-- NULL in, NULL out; and what cannot be
--
SELECT p_alive(NULL, 1, 1, 2) IS NULL AS a, p_alive(m, NULL, 1, 2) IS NULL AS b, p_alive(m, 1, NULL, 2) IS NULL AS c,
       p_alive(m, 1, 1, NULL) IS NULL AS d,
       churn_risk(NULL, 1, 1, 2, '1 day') IS NULL AS e, churn_risk(m, 1, 1, 2, NULL) IS NULL AS f,
       expected_purchases(NULL, 1, 1, 2, '1 day') IS NULL AS g, expected_purchases(m, 1, 1, 2, NULL) IS NULL AS h,
       expected_purchases(m, NULL, 1, 2, '1 day') IS NULL AS i, clv(NULL, s, 1, 1, 2, 5, '1 day') IS NULL AS j,
       clv(m, NULL, 1, 1, 2, 5, '1 day') IS NULL AS k, clv(m, s, NULL, 1, 2, 5, '1 day') IS NULL AS l,
       clv(m, s, 1, NULL, 2, 5, '1 day') IS NULL AS m, clv(m, s, 1, 1, NULL, 5, '1 day') IS NULL AS n,
       clv(m, s, 1, 1, 2, 5, NULL) IS NULL AS o
FROM round_model, round_spend WHERE round_model.k = 0;
SELECT x, t_x, t, outcome(format('SELECT p_alive(m, %s, %s, %s) FROM round_model WHERE k = 1', x, t_x, t)) AS p_alive,
       outcome(format('SELECT churn_risk(m, %s, %s, %s, ''1 day'') FROM round_model WHERE k = 0', x, t_x,
                      t)) AS churn_risk,
       outcome(format('SELECT expected_purchases(m, %s, %s, %s, ''1 day'') FROM round_model WHERE k = 0', x, t_x,
                      t)) AS expected,
       outcome(format('SELECT clv(m, s, %s, %s, %s, 5, ''1 day'') FROM round_model, round_spend WHERE k = 0', x, t_x,
                      t)) AS clv
FROM (VALUES ('-1', '0', '10'), ('1', '-1', '10'), ('0', '0', '-1'), ('1', '11', '10'), ('1', '0', '10'),
             ('0', '5', '10'), ('1', '''NaN''', '10'), ('1', '5', '''NaN'''), ('1', '5', '''Infinity'''),
             ('1', '''-Infinity''', '5')) v(x, t_x, t);
SELECT within, outcome(format('SELECT churn_risk(m, 1, 1, 2, %L) FROM round_model WHERE k = 1', within)) AS churn_risk,
       outcome(format('SELECT expected_purchases(m, 1, 1, 2, %L) FROM round_model WHERE k = 1', within)) AS expected,
       outcome(format('SELECT clv(m, s, 1, 1, 2, 5, %L) FROM round_model, round_spend WHERE k = 1', within)) AS clv
FROM unnest(ARRAY['-1 day', '-1 microsecond', '1 month -31 days', '-1 month']) within;
SELECT discount,
       outcome(format('SELECT clv(m, s, 1, 1, 2, 5, ''1 year'', %s) FROM round_model, round_spend WHERE k = 1',
                      discount)) AS clv
FROM unnest(ARRAY['NULL', '-1', '-2', '''NaN''', '''Infinity''', '''-Infinity''']) discount;
SELECT v,
       outcome(format('SELECT clv(m, s, 1, 1, 2, %s, ''1 year'') FROM round_model, round_spend WHERE k = 1', v)) AS clv
FROM unnest(ARRAY['0', '-1', '''NaN''', '''Infinity''']) v;
-- the longest interval there is
SELECT k, expected_purchases(m, 4, 100, 130, '178000000 years') BETWEEN 0 AND 1e12 AS expected,
       churn_risk(m, 4, 100, 130, '178000000 years') BETWEEN 0 AND 1 AS risk,
       clv(m, s, 4, 100, 130, 25, '178000000 years', 0.1) BETWEEN 0 AND 1e12 AS clv
FROM round_model, round_spend ORDER BY k;

-- Models that somebody else has written: an error that says so, never a number
CREATE TABLE hostile AS
	SELECT field, value
	FROM unnest(ARRAY['r', 'alpha', 'a', 'b']) field,
	     unnest(ARRAY[NULL, '0', '-1', 'NaN', 'Infinity', '-Infinity']) value
	UNION ALL SELECT 'model', value
	FROM unnest(ARRAY[NULL, '', 'bg/nbd', 'Pareto/NBD', 'BG/NBD ', repeat('x', 100000)]) value;
CREATE VIEW hostile_outcome AS
	SELECT field, left(value, 20) AS value,
	       outcome(format('SELECT %s FROM (SELECT jsonb_populate_record(m, jsonb_build_object(%L, %L::text)) AS m '
	                      'FROM round_model WHERE k = 1) x, round_spend',
	                      call, field, value)) AS outcome
	FROM hostile,
	     unnest(ARRAY['p_alive(m, 3, 20, 50)', 'churn_risk(m, 3, 20, 50, ''30 days'')',
	                  'expected_purchases(m, 3, 20, 50, ''30 days'')',
	                  'clv(m, s, 3, 20, 50, 10, ''30 days'', 0.1)']) call;
SELECT field, value, string_agg(DISTINCT outcome, ' ') AS outcomes, count(*)
FROM hostile_outcome GROUP BY field, value ORDER BY field, value;
SELECT field, value, string_agg(DISTINCT outcome, ' ') AS outcomes, count(*)
FROM (SELECT field, value,
             outcome(format('SELECT %s FROM (SELECT jsonb_populate_record(s, jsonb_build_object(%L, '
                            '%L::text)) AS s FROM round_spend) x, round_model WHERE k = 0',
                            call, field, value)) AS outcome
      FROM unnest(ARRAY['p', 'q', 'v']) field, unnest(ARRAY[NULL, '0', '-1', 'NaN', 'Infinity', '-Infinity']) value,
           unnest(ARRAY['expected_spend(s, 3, 10)', 'clv(m, s, 3, 20, 50, 10, ''30 days'', 0.1)']) call) x
      GROUP BY field, value ORDER BY field, value;
-- only the parameters are read
SELECT p_alive(jsonb_populate_record(NULL::purchase_model, '{"model": "MBG/NBD", "r": 2, "alpha": 60, "a": 1, "b": 3}'),
               3, 20, 50) = p_alive(m, 3, 20, 50) AS bare
FROM round_model WHERE k = 1;
SELECT p_alive(jsonb_populate_record(NULL::purchase_model, '{}'), 3, 20, 50);
SELECT p_alive(ROW(1, 2)::purchase_model, 3, 20, 50);
SELECT p_alive('(1,2)', 3, 20, 50);
-- as ridges have them: numbers all the same
SELECT r, alpha, a, b, k, bool_and(p BETWEEN 0 AND 1) AS p_alive, bool_and(c BETWEEN 0 AND 1) AS churn_risk,
       bool_and(e >= 0 AND e < 'Infinity') AS expected, bool_and(v >= 0 AND v < 'Infinity') AS clv
FROM (SELECT m FROM model WHERE grp = 'bg') z, round_spend, generate_series(0, 1) k,
     (VALUES (1e-30, 1e-30, 1e-30, 1e-30), (1e30, 1e30, 1e30, 1e30), (1e-30, 1e30, 1e-30, 1e30), (1, 1, 1e30, 1e-30),
             (1e-10, 1e-10, 1e10, 1e10), (1e8, 1e9, 1e8, 1e8), (1e8, 1e9, 1, 1), (0.5, 20, 1e-12, 1),
             (0.5, 20, 1, 1e-12), (0.5, 20, 1e6, 1e6), (0.5, 20, 5000, 0.01), (1e-9, 20, 1, 1),
             (1, 1e12, 1e-6, 1e6)) v(r, alpha, a, b),
     (VALUES (0, 0, 0), (0, 0, 1000), (1, 1e-3, 1e-3), (1, 500, 1000), (50, 999, 1000), (10000, 20000, 20000),
             (10000, 10000, 20000)) c(x, t_x, t),
     (VALUES (interval '1 microsecond'), ('1 year'), ('1000 years')) h(within),
     LATERAL (SELECT with_parameters(z.m, k, r, alpha, a, b) AS m) w,
     LATERAL (SELECT p_alive(w.m, x, t_x, t) AS p, churn_risk(w.m, x, t_x, t, within) AS c,
                     expected_purchases(w.m, x, t_x, t, within) AS e,
                     clv(w.m, s, x, t_x, t, CASE WHEN x > 0 THEN 10 END, within, 0.1) AS v OFFSET 0) l
GROUP BY r, alpha, a, b, k ORDER BY r, alpha, a, b, k;
-- as nothing has them: a number, or an error of the documented kind
SELECT call, k, count(*) AS cases,
       count(*) FILTER (WHERE o NOT IN ('22003', '22023') AND o !~ '^is [0-9.]+(e[+-][0-9]+)?$') AS wrong
FROM (VALUES ('1e-300', '1e-300', '1e-300', '1e-300'), ('1e300', '1e300', '1e300', '1e300'),
             ('1e-300', '1e300', '1e-300', '1e300'), ('1e300', '1e-300', '1', '1'), ('1', '1', '1e300', '1e-300'),
             ('1e-300', '1e300', '1e300', '1e-300')) v(r, alpha, a, b),
     generate_series(0, 1) k,
     (VALUES ('0, 0, 0'), ('0, 0, 1000'), ('1, 1e-9, 1e-9'), ('50, 999, 1000'), ('10000, 10000, 20000')) c(customer),
     (VALUES ('1 microsecond'), ('1 year'), ('1000 years')) h(within),
     unnest(ARRAY['p_alive(m, %1$s)', 'churn_risk(m, %1$s, %2$L)', 'expected_purchases(m, %1$s, %2$L)',
                  'clv(m, s, %1$s, CASE WHEN %1$L < ''1'' THEN NULL ELSE 20 END, %2$L, 0.1)']) call,
     LATERAL (SELECT outcome(format('SELECT ''is '' || ' || call || ' FROM (SELECT with_parameters(m, %3$s, %4$s, '
                                                                    '%5$s, %6$s, %7$s) AS m FROM model '
                                                                    'WHERE grp = ''bg'') z, round_spend',
                                    customer, within, k, r, alpha, a, b)) AS o) l
GROUP BY call, k ORDER BY call, k;

--
-- Stored, written, read, used
--
SELECT count(*) AS models, bool_and(m::text::purchase_model = m) AS text,
       bool_and(record_send(m::text::purchase_model) = record_send(m)) AS bytes,
       bool_and(jsonb_populate_record(NULL::purchase_model, to_jsonb(m)) = m) AS json
FROM model;
SELECT bool_and(s::text::spend_model = s) AS text FROM spend;
-- a model per cohort, from a table, in WHERE and ORDER BY
SELECT count(*) AS customers,
       count(*) FILTER (WHERE NOT close(alive, oracle_alive((kind = 'mbg')::int, (m).r, (m).alpha, (m).a, (m).b,
                                                            frequency, recency, age), 1e-9)) AS wrong
FROM (SELECT *, p_alive(m, frequency, recency, age) AS alive
      FROM fact JOIN model ON grp = kind || cohort WHERE i % 20 = 0) x;
SELECT kind, count(*) BETWEEN 50 AND 3000 AS at_risk
FROM fact JOIN model ON grp = kind WHERE churn_risk(m, frequency, recency, age, '90 days') > 0.8 GROUP BY kind
ORDER BY kind;
SELECT bool_and(e <= e0) AS ordered FROM (SELECT e, lag(e, 1, 'Infinity') OVER () AS e0
	FROM (SELECT expected_purchases(m, frequency, recency, age, '1 month') AS e
	      FROM fact JOIN model ON grp = kind
	      ORDER BY expected_purchases(m, frequency, recency, age, '1 month') DESC LIMIT 200) y) x;
-- two models and one, in turns: what is remembered is the right one
SELECT count(*) AS rows, count(*) FILTER (WHERE p <> q OR e <> f OR v <> u) AS wrong
FROM (SELECT k, s, p_alive(m, x, x, 50) AS p, expected_purchases(m, x, x, 50, '1 year') AS e,
             clv(m, s, x, x, 50, 9, '1 year', 0.1) AS v, row_number() OVER () AS i, x
      FROM round_model, (SELECT s FROM round_spend UNION ALL SELECT s FROM spend) y, generate_series(1, 20) x
      ORDER BY x) a,
     LATERAL (SELECT p_alive(m, x, x, 50) AS q, expected_purchases(m, x, x, 50, '1 year') AS f,
                     clv(m, a.s, x, x, 50, 9, '1 year', 0.1) AS u
              FROM round_model b WHERE b.k = a.k) l;
CREATE FUNCTION one_call(m purchase_model, x bigint) RETURNS double precision
LANGUAGE plpgsql AS $$ BEGIN RETURN p_alive(m, x, 20, 50); END $$;
SELECT count(*) FILTER (WHERE one_call(m, x) <> p_alive(m, x, 20, 50)) AS wrong
FROM generate_series(1, 5) x, round_model;
-- with the summary as it comes, in place of its columns
SELECT count(*) AS customers,
       count(*) FILTER (WHERE (p_alive(m, s), churn_risk(m, s, '90 days'), expected_purchases(m, s, '90 days'),
                               expected_spend(v, s), clv(m, v, s, '1 year', 0.1), clv(m, v, s, '1 year')) IS DISTINCT
                                  FROM
	(p_alive(m, (s).frequency, (s).recency, (s).age), churn_risk(m, (s).frequency, (s).recency, (s).age, '90 days'),
	 expected_purchases(m, (s).frequency, (s).recency, (s).age, '90 days'),
	 expected_spend(v, (s).frequency, (s).monetary_value),
	 clv(m, v, (s).frequency, (s).recency, (s).age, (s).monetary_value, '1 year', 0.1),
	 clv(m, v, (s).frequency, (s).recency, (s).age, (s).monetary_value, '1 year'))) AS wrong,
	count(clv(m, v, s, '1 year', 0.1)) AS values
FROM (SELECT c, rfm_summary(date '2024-01-01' + rnd(i, 25, 300)::int, 1 + rnd(i, 26, 99), '2024-12-31') AS s
      FROM (SELECT i, rnd(i, 27, 100) AS c FROM generate_series(1, 300) i) x GROUP BY c) y,
     round_model, (SELECT s AS v FROM round_spend) z
WHERE k = 1;
-- immutable, so that they may stand in an index
SELECT proname, provolatile, proparallel
FROM pg_proc
WHERE proname IN ('p_alive', 'churn_risk', 'expected_purchases', 'expected_spend')
  OR proname = 'clv' AND 'purchase_model'::regtype = ANY (proargtypes)
ORDER BY 1, pronargs;

DROP SCHEMA purchase_model_test CASCADE;
