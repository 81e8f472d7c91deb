--
-- customer_survival: how long customers stay, where survival and logrank count
-- contracts; with customers who come under observation late
--
\set VERBOSITY terse
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA customer_survival_test;
SELECT set_config('search_path', 'customer_survival_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- What a query raises, with detail and hint
CREATE FUNCTION failure(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;

--
-- Worked example
--
CREATE TABLE book AS TABLE contracts;
CREATE TABLE value AS
	SELECT customer_subscriptions(customer, started, ended, amount) AS s,
	       customer_subscriptions(customer, started, ended) AS n FROM book;

-- one duration for each paying customer; second stays do not count again
SELECT time AS days, at_risk, churned, censored, round(survival::numeric, 6) AS survival
FROM value, LATERAL survival_table(survival_curve(s, '2024-05-10')) t;
-- a gap of one day is bridged
SELECT time AS days, at_risk, churned, censored, round(survival::numeric, 6) AS survival
FROM value, LATERAL survival_table(survival_curve(s, '2024-05-10', grace => 1)) t;
SELECT survival_curve(s, '2024-05-10', 1) = survival_curve(s, '2024-05-10', 3) AS same,
       survival_curve(s, '2024-05-10', 0) = survival_curve(s, '2024-05-10') AS default_grace,
       survival_curve(s, '2024-05-10', returns => 'end') = survival_curve(s, '2024-05-10') AS default_returns,
       survival_curve(s) = survival_curve(s, '2024-05-21') AS default_as_of,
       survival_curve(s, timestamptz '2024-05-10 23:59') = survival_curve(s, '2024-05-10') AS day_of_as_of
FROM value;
-- the later stays of 2, 6 and 14 by themselves: 30, 70 and 51 days
SELECT time AS days, churned, censored
FROM value, LATERAL survival_table(survival_curve(s, '2024-05-10', returns => 'new')) t WHERE time IN (30, 51, 70);
SELECT sum(churned + censored) AS stays, sum(churned) AS ended
FROM value, LATERAL survival_table(survival_curve(s, '2024-05-10', returns => 'new')) t;
-- without amounts contracts count: 9 and 13, 12 from March on, and 8 from the trial on
SELECT sum(churned + censored) AS customers, sum(churned) AS left,
       min(time) FILTER (WHERE churned > 0) AS first
FROM value, LATERAL survival_table(survival_curve(n, '2024-05-10')) t;
-- who left in the last 3 days may return in time: censored where they left
SELECT as_of::date, time AS days, churned, censored
FROM value, generate_series(date '2024-02-20', '2024-02-25', interval '1 day') as_of,
     LATERAL survival_table(survival_curve(s, as_of, 3)) t WHERE time = 15 ORDER BY as_of;
-- the data begin on 10 February: 2 was gone, 1, 5, 6, 10 and 14 were there
SELECT time AS days, at_risk, churned, censored, round(survival::numeric, 6) AS survival
FROM value, LATERAL survival_table(survival_curve(s, '2024-05-10', since => '2024-02-10')) t;
-- nobody is under observation at 15 days but 4, who leaves then
SELECT median_lifetime(c) AS median, survival_at(c, 14) AS before, survival_at(c, 15) AS after,
       survival_at(c, 1000) AS long_after, mean_lifetime(c, 1000) AS mean, mean_lifetime_error(c, 1000) AS error
FROM (SELECT survival_curve(customer_subscriptions(customer, started, ended), '2024-05-10', since => '2024-02-05') AS c
      FROM book WHERE customer IN (1, 4, 5)) x;
-- all stays were over, nobody has come yet, nobody pays, no value
SELECT survival_curve(s, '2024-01-01') AS before, survival_curve(s, '2024-05-10', since => '2024-05-10') AS too_late,
       survival_curve(s, '2024-05-10', since => '2030-01-01') AS far_too_late,
       survival_curve(NULL::customer_subscriptions) AS none,
       (SELECT survival_curve(customer_subscriptions(customer, started, ended, amount)) FROM book
        WHERE customer IN (9, 13)) AS nobody
FROM value;
-- by groups, and while the value is built
SELECT customer > 7 AS later, round(survival_at(survival_curve(customer_subscriptions(customer, started, ended, amount),
                                                               '2024-05-10'), 60)::numeric, 4) AS after_60
FROM book WHERE customer IS NOT NULL GROUP BY 1 ORDER BY 1;

--
-- Customers who changed plan: nobody left, and there is nothing to compare
--
CREATE TABLE switch (customer int, plan text, started date, ended date);
INSERT INTO switch VALUES
	(1, 'month', '2024-01-01', '2024-01-31'), (1, 'year', '2024-01-31', NULL),
	(2, 'month', '2024-01-01', '2024-01-31'), (2, 'year', '2024-01-31', NULL),
	(3, 'month', '2024-01-01', '2024-01-31'), (3, 'year', '2024-01-31', NULL);
SELECT median_lifetime(survival_curve(started, ended, '2024-03-01')) AS by_contract,
       median_lifetime(survival_curve(customer_subscriptions(customer, started, ended), '2024-03-01')) AS by_customer,
       survival_at(survival_curve(customer_subscriptions(customer, started, ended), '2024-03-01'), 30) AS stay
FROM switch;
SELECT (logrank_test(c, odd)).*
FROM (SELECT customer % 2 = 1 AS odd,
             survival_curve(customer_subscriptions(customer, started, ended), '2024-03-01') AS c
      FROM switch GROUP BY 1) x;

--
-- What R says of customers who enter late (package survival 3.5, survfit and coxph with ties = "exact")
--
CREATE TABLE r_book (customer int, grp text, started date, ended date);
INSERT INTO r_book VALUES
	(1, 'a', '2022-07-21', '2022-08-30'), (2, 'a', '2023-04-23', NULL), (3, 'c', '2023-04-01', NULL),
	(4, 'c', '2023-03-03', '2023-03-11'), (5, 'b', '2023-04-07', '2023-08-05'), (6, 'b', '2022-05-18', NULL),
	(7, 'b', '2023-03-21', '2023-07-23'), (8, 'c', '2022-11-06', '2022-11-22'), (9, 'a', '2022-12-11', NULL),
	(10, 'a', '2022-05-18', '2022-08-26'), (11, 'c', '2023-03-09', '2023-03-17'),
	(12, 'a', '2023-05-21', '2023-06-02'), (13, 'c', '2023-05-16', NULL), (14, 'a', '2022-12-01', '2022-12-05'),
	(15, 'b', '2023-02-09', NULL), (16, 'c', '2022-10-24', '2023-08-16'), (17, 'a', '2023-04-30', '2023-05-28'),
	(18, 'a', '2022-11-02', '2023-01-21'), (19, 'b', '2022-05-09', '2022-10-04'), (20, 'c', '2023-01-04', NULL),
	(21, 'a', '2022-05-25', NULL), (22, 'b', '2022-06-20', '2022-11-15'), (23, 'a', '2023-04-09', '2023-06-24'),
	(24, 'a', '2022-05-15', '2022-11-19'), (25, 'b', '2023-03-19', '2023-05-02'),
	(26, 'b', '2022-04-25', '2023-01-26'), (27, 'b', '2023-01-31', '2023-06-12'), (28, 'c', '2022-10-06', NULL),
	(29, 'a', '2022-12-02', '2023-01-19'), (30, 'b', '2022-04-14', '2022-09-25'),
	(31, 'b', '2023-05-14', '2023-05-30'), (32, 'c', '2022-08-21', '2022-08-25'),
	(33, 'a', '2022-09-08', '2023-03-23'), (34, 'b', '2022-11-20', NULL), (35, 'c', '2022-08-29', '2022-09-26'),
	(36, 'a', '2023-01-26', '2023-07-09'), (37, 'a', '2023-01-09', '2023-05-21'),
	(38, 'a', '2022-08-12', '2022-09-17'), (39, 'a', '2022-11-14', '2023-07-24'),
	(40, 'b', '2022-12-06', '2023-08-03'), (41, 'b', '2022-10-21', '2023-06-26'),
	(42, 'b', '2022-07-13', '2022-08-22'), (43, 'a', '2022-03-12', '2023-06-23'),
	(44, 'c', '2022-07-23', '2022-09-21'), (45, 'a', '2023-04-06', '2023-07-23'), (46, 'a', '2022-07-04', NULL),
	(47, 'b', '2022-10-25', '2022-12-24'), (48, 'b', '2022-11-21', NULL), (49, 'c', '2023-03-03', NULL),
	(50, 'a', '2022-04-17', '2022-08-15'), (51, 'b', '2023-01-11', NULL), (52, 'b', '2022-12-31', '2023-02-21'),
	(53, 'c', '2022-06-28', '2022-09-08'), (54, 'b', '2022-10-20', '2022-12-07'), (55, 'b', '2023-05-10', NULL),
	(56, 'b', '2022-11-23', NULL), (57, 'c', '2023-04-23', NULL), (58, 'c', '2023-01-02', NULL),
	(59, 'b', '2023-05-01', '2023-06-22'), (60, 'c', '2022-10-10', '2022-12-29'),
	(61, 'a', '2022-06-19', '2022-09-07'), (62, 'c', '2023-02-08', NULL), (63, 'c', '2022-04-03', '2022-05-29'),
	(64, 'c', '2022-11-24', '2023-04-21'), (65, 'a', '2022-03-26', '2022-07-08'),
	(66, 'b', '2023-02-19', '2023-03-11'), (67, 'a', '2022-10-30', '2023-01-02'), (68, 'b', '2022-09-20', NULL),
	(69, 'a', '2022-12-04', '2023-01-13'), (70, 'c', '2022-03-23', '2022-04-04'),
	(71, 'c', '2022-09-19', '2022-12-28'), (72, 'b', '2022-08-24', '2022-10-03'),
	(73, 'c', '2022-06-11', '2023-01-21'), (74, 'a', '2022-11-01', '2023-01-04'),
	(75, 'c', '2022-06-12', '2022-06-20'), (76, 'c', '2023-03-04', NULL), (77, 'b', '2022-09-04', '2023-06-03'),
	(78, 'a', '2023-06-06', NULL), (79, 'b', '2022-06-13', '2022-12-22'), (80, 'a', '2022-12-14', '2022-12-22'),
	(81, 'c', '2022-07-25', '2022-09-27'), (82, 'b', '2022-06-10', '2023-07-07'),
	(83, 'a', '2023-03-18', '2023-03-19'), (84, 'b', '2022-04-16', '2022-05-10'),
	(85, 'c', '2023-03-11', '2023-05-10'), (86, 'b', '2022-05-31', '2022-09-24'),
	(87, 'a', '2022-04-15', '2022-11-25'), (88, 'c', '2022-11-04', '2023-01-03'), (89, 'c', '2022-08-01', NULL),
	(90, 'a', '2022-07-02', '2022-12-13'), (91, 'd', '2023-02-01', '2023-02-06'),
	(92, 'd', '2022-11-01', '2023-02-15'), (93, 'd', '2022-09-23', NULL), (94, 'd', '2022-11-01', '2023-04-20');
CREATE TABLE r_curve (grp text, "time" float8, at_risk bigint, churned bigint, censored bigint, survival float8,
	std_error float8, hazard float8, log_lower float8, log_upper float8, loglog_lower float8, loglog_upper float8);
COPY r_curve FROM stdin CSV;
all,1,31,1,0,0.967741935484,0.0317335081831,0.0322580645161,0.907501941242,1,0.792313816353,0.995392165326
all,5,31,1,0,0.936524453694,0.0434302816008,0.0645161290323,0.85515648873,1,0.769332180546,0.983733455492
all,8,30,2,0,0.874089490114,0.0588405078024,0.131182795699,0.766048247679,0.997368558761,0.698574628193,0.950767863636
all,12,28,1,0,0.842872008325,0.0644906779205,0.166897081413,0.725493683261,0.979241086186,0.662986251392,0.931372453862
all,16,27,1,0,0.811654526535,0.0692467508706,0.20393411845,0.686673818207,0.959382829194,0.6281159434,0.910606430458
all,20,26,1,0,0.780437044745,0.0732830148186,0.242395656912,0.649247187018,0.938135725481,0.594026874704,0.888701203007
all,25,26,0,1,0.780437044745,0.0732830148186,0.242395656912,0.649247187018,0.938135725481,0.594026874704,0.888701203007
all,28,26,1,0,0.750420235332,0.076364858335,0.280857195373,0.614729267887,0.916062662075,0.562641957073,0.866455704692
all,40,29,1,0,0.724543675493,0.0779926521805,0.315339953994,0.5867295755,0.894728269407,0.537853813619,0.845854153309
all,44,30,1,0,0.700392219643,0.0790439033701,0.348673287327,0.561406682924,0.873785931407,0.515435686454,0.825841102658
all,46,29,0,1,0.700392219643,0.0790439033701,0.348673287327,0.561406682924,0.873785931407,0.515435686454,0.825841102658
all,48,28,1,0,0.675378211799,0.0800810887507,0.384387573042,0.535325825928,0.852071218835,0.491871679305,0.804847339936
all,52,28,2,1,0.627136910956,0.0813022533324,0.45581614447,0.486420970761,0.80856033914,0.447383743466,0.762871724991
all,60,26,2,0,0.578895610113,0.0818922485694,0.532739221393,0.438719382867,0.763859862352,0.403421078134,0.719524129649
all,64,29,2,0,0.538971774933,0.08096430507,0.601704738635,0.401512048357,0.723491549913,0.369634912624,0.681223243027
all,69,27,0,2,0.538971774933,0.08096430507,0.601704738635,0.401512048357,0.723491549913,0.369634912624,0.681223243027
all,76,27,1,0,0.519009857343,0.0803887971892,0.638741775672,0.383119315652,0.703100107496,0.352786991536,0.661779633689
all,80,26,1,0,0.499047939753,0.0797368545302,0.677203314133,0.364870736412,0.682567334998,0.335993178306,0.642145772766
all,85,25,0,1,0.499047939753,0.0797368545302,0.677203314133,0.364870736412,0.682567334998,0.335993178306,0.642145772766
all,86,24,0,1,0.499047939753,0.0797368545302,0.677203314133,0.364870736412,0.682567334998,0.335993178306,0.642145772766
all,91,24,0,1,0.499047939753,0.0797368545302,0.677203314133,0.364870736412,0.682567334998,0.335993178306,0.642145772766
all,102,24,0,1,0.499047939753,0.0797368545302,0.677203314133,0.364870736412,0.682567334998,0.335993178306,0.642145772766
all,106,24,1,0,0.478254275596,0.0790792917965,0.7188699808,0.3458699092,0.661309775849,0.318361603476,0.621666122984
all,119,24,0,1,0.478254275596,0.0790792917965,0.7188699808,0.3458699092,0.661309775849,0.318361603476,0.621666122984
all,120,24,0,1,0.478254275596,0.0790792917965,0.7188699808,0.3458699092,0.661309775849,0.318361603476,0.621666122984
all,132,23,2,0,0.436666947284,0.07747777699,0.805826502539,0.308405210721,0.618271080454,0.283457108708,0.580083849782
all,142,21,0,1,0.436666947284,0.07747777699,0.805826502539,0.308405210721,0.618271080454,0.283457108708,0.580083849782
all,143,20,0,1,0.436666947284,0.07747777699,0.805826502539,0.308405210721,0.618271080454,0.283457108708,0.580083849782
all,148,19,1,0,0.413684476374,0.0767330057861,0.858458081486,0.287595828143,0.59505329788,0.263817071353,0.557289028273
all,156,19,0,1,0.413684476374,0.0767330057861,0.858458081486,0.287595828143,0.59505329788,0.263817071353,0.557289028273
all,170,18,1,0,0.390702005464,0.0758337629555,0.914013637042,0.267073428018,0.571558384549,0.244446828587,0.534210110002
all,171,17,0,1,0.390702005464,0.0758337629555,0.914013637042,0.267073428018,0.571558384549,0.244446828587,0.534210110002
all,178,16,0,1,0.390702005464,0.0758337629555,0.914013637042,0.267073428018,0.571558384549,0.244446828587,0.534210110002
all,180,15,0,1,0.390702005464,0.0758337629555,0.914013637042,0.267073428018,0.571558384549,0.244446828587,0.534210110002
all,196,15,1,0,0.3646552051,0.075118289009,0.980680303709,0.243521042363,0.546044881035,0.221951368091,0.50861279576
all,202,14,0,1,0.3646552051,0.075118289009,0.980680303709,0.243521042363,0.546044881035,0.221951368091,0.50861279576
all,207,15,0,1,0.3646552051,0.075118289009,0.980680303709,0.243521042363,0.546044881035,0.221951368091,0.50861279576
all,220,14,0,1,0.3646552051,0.075118289009,0.980680303709,0.243521042363,0.546044881035,0.221951368091,0.50861279576
all,222,14,0,1,0.3646552051,0.075118289009,0.980680303709,0.243521042363,0.546044881035,0.221951368091,0.50861279576
all,223,13,0,1,0.3646552051,0.075118289009,0.980680303709,0.243521042363,0.546044881035,0.221951368091,0.50861279576
all,224,12,1,0,0.334267271342,0.0747526448329,1.06401363704,0.215644554923,0.518142499495,0.19500333986,0.479717778496
all,229,12,0,1,0.334267271342,0.0747526448329,1.06401363704,0.215644554923,0.518142499495,0.19500333986,0.479717778496
all,248,11,1,0,0.303879337583,0.0738757449064,1.15492272795,0.18869768609,0.489368225565,0.169144685366,0.450043323511
all,250,10,0,1,0.303879337583,0.0738757449064,1.15492272795,0.18869768609,0.489368225565,0.169144685366,0.450043323511
all,268,10,0,1,0.303879337583,0.0738757449064,1.15492272795,0.18869768609,0.489368225565,0.169144685366,0.450043323511
all,272,9,1,0,0.270114966741,0.0729764380235,1.26603383906,0.159067397012,0.458686673875,0.140637840184,0.417528185084
all,276,8,1,0,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,281,7,0,1,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,284,6,0,1,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,334,6,0,1,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,362,5,0,1,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,386,4,0,1,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,402,3,0,1,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,409,2,0,1,0.236350595898,0.0712384089446,1.39103383906,0.130917026142,0.426694722814,0.113890550439,0.38377271961
all,468,1,1,0,0,,2.39103383906,,,,
a,1,9,1,0,0.888888888889,0.104756560176,0.111111111111,0.705557501516,1,0.432965090226,0.983564028526
a,12,8,1,0,0.777777777778,0.138579903214,0.236111111111,0.548521190013,1,0.364751231166,0.939296442487
a,25,8,0,1,0.777777777778,0.138579903214,0.236111111111,0.548521190013,1,0.364751231166,0.939296442487
a,28,7,1,0,0.666666666667,0.157134840264,0.378968253968,0.420028358579,1,0.281682242222,0.878306757631
a,40,8,1,0,0.583333333333,0.15805287051,0.503968253968,0.342993292522,0.992082892573,0.23605360577,0.817723081588
a,48,7,1,0,0.5,0.155902391116,0.646825396825,0.27136966125,0.921252577937,0.187514487934,0.750492022347
a,64,10,2,0,0.4,0.139841179756,0.846825396825,0.201593916049,0.793674745427,0.144346387662,0.64805801768
a,69,8,0,1,0.4,0.139841179756,0.846825396825,0.201593916049,0.793674745427,0.144346387662,0.64805801768
a,76,7,1,0,0.342857142857,0.131019772393,0.989682539682,0.162119102342,0.725090496492,0.115909318439,0.58758898732
a,80,6,1,0,0.285714285714,0.121004327588,1.15634920635,0.124576237304,0.655282699394,0.0880250255099,0.524235550832
a,86,5,0,1,0.285714285714,0.121004327588,1.15634920635,0.124576237304,0.655282699394,0.0880250255099,0.524235550832
a,132,5,1,0,0.228571428571,0.109467598708,1.35634920635,0.0894054237608,0.584359379571,0.0615541819065,0.457783765186
a,156,4,0,1,0.228571428571,0.109467598708,1.35634920635,0.0894054237608,0.584359379571,0.0615541819065,0.457783765186
a,196,4,1,0,0.171428571429,0.0958619026161,1.60634920635,0.0572922716719,0.512944490495,0.0375089231833,0.387775804623
a,202,3,0,1,0.171428571429,0.0958619026161,1.60634920635,0.0572922716719,0.512944490495,0.0375089231833,0.387775804623
a,229,3,0,1,0.171428571429,0.0958619026161,1.60634920635,0.0572922716719,0.512944490495,0.0375089231833,0.387775804623
a,362,3,0,1,0.171428571429,0.0958619026161,1.60634920635,0.0572922716719,0.512944490495,0.0375089231833,0.387775804623
a,402,2,0,1,0.171428571429,0.0958619026161,1.60634920635,0.0572922716719,0.512944490495,0.0375089231833,0.387775804623
a,468,1,1,0,0,,2.60634920635,,,,
d,5,1,1,0,0,,1,,,,
d,106,3,1,0,0,,1.33333333333,,,,
d,170,2,1,0,0,,1.83333333333,,,,
d,281,1,0,1,0,,1.83333333333,,,,
\.
CREATE TABLE curve AS
	SELECT grp, survival_curve(customer_subscriptions(customer, started, ended), '2023-07-01',
	                           since => '2023-01-01') AS c
	FROM r_book GROUP BY grp;
INSERT INTO curve SELECT 'all', rollup(c) FROM curve;
SELECT x.grp, count(*) AS times, (SELECT count(*) FROM r_curve r WHERE r.grp = x.grp) AS expected,
       bool_and((r.at_risk, r.churned, r.censored) = (t.at_risk, t.churned, t.censored)) AS counts,
       bool_and(near(t.survival, r.survival, 1e-10) AND near(t.std_error, r.std_error, 1e-10)
                AND near(t.cumulative_hazard, r.hazard, 1e-10)) AS estimates,
       bool_and(near(t.lower, r.log_lower, 1e-10) AND near(t.upper, r.log_upper, 1e-10)) AS log,
       bool_and(near(l.lower, r.loglog_lower, 1e-10) AND near(l.upper, r.loglog_upper, 1e-10)) AS log_log
FROM curve x, survival_table(c, interval_type => 'log') t, survival_table(c) l, r_curve r
WHERE l.time = t.time AND r.grp = x.grp AND r.time = t.time GROUP BY x.grp ORDER BY x.grp;
SELECT grp, p, near(lifetime_quantile(c, p), r.at) AS quantile, near(i.lower, r.lower) AS lower,
       near(i.upper, r.upper) AS upper
FROM (VALUES ('all', 0.25, 40, 8, 60), ('all', 0.5, 80, 48, 224), ('all', 0.75, 276, 170, NULL), ('a', 0.25, 28, 1, 64),
	('a', 0.5, 56, 1, 132), ('a', 0.75, 132, 40, NULL), ('d', 0.25, 5, NULL, NULL), ('d', 0.5, 5, NULL, NULL),
	('d', 0.75, 5, NULL, NULL)) r(grp, p, at, lower, upper)
JOIN curve USING (grp), lifetime_quantile_interval(c, p) i ORDER BY grp, p;
SELECT grp, horizon, near(mean_lifetime(c, horizon), r.mean, 1e-10) AS mean,
       near(mean_lifetime_error(c, horizon), r.error, 1e-10) AS error
FROM (VALUES ('all', 60, 46.461896100239784, 3.6463303873435753), ('all', 200, 110.43563946756515, 13.18168933219332),
	('a', 60, 41.888888888888886, 7.1895748332275442), ('a', 200, 80.231746031746013, 20.958052552044197),
	('d', 60, 5, 0), ('d', 200, 5, 0)) r(grp, horizon, mean, error)
JOIN curve USING (grp) ORDER BY grp, horizon;
SELECT near((logrank_test(c, grp)).chi_square, 5.568684889786276, 1e-10) AS four_groups,
       (logrank_test(c, grp)).degrees_of_freedom,
       near((logrank_test(c, grp) FILTER (WHERE grp IN ('a', 'b'))).chi_square, 2.2946659654578876, 1e-10) AS two_groups
FROM curve WHERE grp <> 'all';

--
-- Scattered contracts against SQL
--
-- 240 customers with up to 6 contracts each: gaps, overlaps, amounts of 0 and below, ends that are open or far away
CREATE TABLE scattered AS
	SELECT c AS customer, started,
	       CASE WHEN dice(c * 100 + i, 5, 7) > 0 THEN started + dice(c * 100 + i, 3, 90) END AS ended,
	       (dice(c * 100 + i, 4, 12) - 2) * 5 AS amount
	FROM (SELECT c, i, date '2022-01-01' + dice(c, 1, 250) + dice(c * 100 + i, 2, 40 * i) AS started
	      FROM generate_series(1, 240) c, generate_series(1, 1 + dice(c, 6, 6)) i) x;
CREATE TABLE scattered_value AS SELECT customer_subscriptions(customer, started, ended, amount) AS s FROM scattered;
-- the days with an MRR; runs of them, of which those with short gaps are one
CREATE TABLE paid AS
	SELECT customer, day::date
	FROM generate_series(date '2022-01-01', '2023-12-31', interval '1 day') day, scattered
	WHERE day >= started AND (day < ended OR ended IS NULL) GROUP BY customer, day HAVING sum(amount) > 0;
CREATE TABLE choice AS
	SELECT row_number() OVER () AS id, as_of, grace, returns, since
	FROM unnest(ARRAY['2022-07-01', '2023-03-15']::date[]) as_of, unnest(ARRAY[0, 1, 7, 40]) grace,
	     unnest(ARRAY['end', 'new']) returns,
	     unnest(ARRAY[NULL, '2022-01-01', '2022-05-20', '2022-09-01']::date[]) since;
CREATE TABLE stay AS
	WITH day AS (
		SELECT h.*, customer, day, coalesce(day - lag(day) OVER w > grace + 1, true) AS first
		FROM choice h JOIN paid ON day < as_of WINDOW w AS (PARTITION BY id, customer ORDER BY day)),
	run AS (SELECT *, count(*) FILTER (WHERE first) OVER (PARTITION BY id, customer ORDER BY day) AS number FROM day)
	SELECT id, customer, number, min(day) AS started, max(day) + 1 AS ended, max(day) + 1 + grace < as_of AS churned,
	       greatest(since - min(day), 0) AS entry, max(day) + 1 - min(day) AS exit
	FROM run WHERE returns = 'new' OR number = 1 GROUP BY id, as_of, grace, since, customer, number
	HAVING since IS NULL OR max(day) >= since OR min(day) >= since;
CREATE INDEX ON stay (id, exit);
ANALYZE stay;
CREATE TABLE late AS
	SELECT id, survival_curve(s, as_of, grace, returns, since) AS c FROM choice, scattered_value;
SELECT count(DISTINCT s.id) AS choices, count(*) FILTER (WHERE entry > 0) > 500 AS late,
       count(*) FILTER (WHERE churned) > 500 AS left, count(*) FILTER (WHERE number > 1) > 500 AS again,
       (SELECT count(*) FROM late WHERE c IS NULL) AS empty
FROM stay s;
-- at risk are those with entry < t <= exit
CREATE TABLE oracle AS
	SELECT id, t AS time, n AS at_risk, d AS churned, c AS censored, product(1 - d / n::float8) OVER w AS survival,
	       coalesce(sum(d / (n::float8 * (n - d))) FILTER (WHERE d < n) OVER w, 0) AS v,
	       sum(d / n::float8) OVER w AS hazard, lead(t, 1, 1000000) OVER w AS next
	FROM (SELECT id, exit AS t, count(*) FILTER (WHERE churned) AS d, count(*) FILTER (WHERE NOT churned) AS c,
	             (SELECT count(*) FROM stay o WHERE o.id = s.id AND o.entry < s.exit AND o.exit >= s.exit) AS n
	      FROM stay s GROUP BY id, exit) x
	WINDOW w AS (PARTITION BY id ORDER BY t);
CREATE INDEX ON oracle (id, time);
ANALYZE oracle;
SELECT count(*) > 3000 AS many, count(t.time) = count(*) AND count(o.time) = count(*) AS same_times,
       bool_and((t.at_risk, t.churned, t.censored) = (o.at_risk, o.churned, o.censored)) AS counts,
       bool_and(near(t.survival, o.survival)) AS survival, bool_and(near(t.cumulative_hazard, o.hazard)) AS hazard,
       bool_and(near(t.std_error, CASE WHEN o.survival > 0 THEN o.survival * sqrt(o.v) END)) AS std_error
FROM (SELECT id, t.* FROM late, survival_table(c) t) t FULL JOIN oracle o USING (id, time);
-- without late entries, it is the value that the rows of the stays make
SELECT count(*) AS choices, bool_and(c::text = rows::text) AS same
FROM late JOIN (SELECT id, survival_curve(exit, churned) AS rows, max(entry) AS latest
                FROM stay GROUP BY id) r USING (id)
WHERE latest = 0;
-- numbers of each curve: the area below its steps, the error of that, a step, the step that crosses a level
SELECT count(*) AS tried, bool_and(near(mean_lifetime(c, h), first + area)) AS mean,
       bool_and(near(mean_lifetime_error(c, h), sqrt(v))) AS error,
       bool_and(near(survival_at(c, h), coalesce(s, 1))) AS survival
FROM late, unnest(ARRAY[10, 55, 120]) h,
     LATERAL (SELECT least(min(time), h) AS first, max(time) AS last,
                     coalesce(sum(survival * (least(next, h) - time)) FILTER (WHERE time < h), 0) AS area,
                     min(survival) FILTER (WHERE time <= h) AS s
              FROM oracle o WHERE o.id = late.id) a,
     LATERAL (SELECT coalesce(sum(power((SELECT sum(b.survival * (least(b.next, h) - b.time)) FROM oracle b
                                         WHERE b.id = late.id AND b.time >= o.time AND b.time < h), 2)
                                  * churned / (at_risk::float8 * (at_risk - churned))), 0) AS v
              FROM oracle o WHERE o.id = late.id AND churned > 0 AND churned < at_risk AND time < h AND survival > 0) e
WHERE h < last;
SELECT count(*) AS tried, bool_and(lifetime_quantile(c, p) IS NOT DISTINCT FROM
                (SELECT min(time) FROM oracle o WHERE o.id = late.id AND survival <= 1 - p)) AS quantile
FROM late, unnest(ARRAY[0.0931, 0.2511, 0.3377, 0.5003, 0.7103]) p WHERE c IS NOT NULL;

-- the whole is the sum of its parts, byte for byte, however the customers are split
SELECT count(*) AS tried, bool_and(whole.c::text = parts.c::text) AS same
FROM late whole JOIN (
	SELECT id, ways, rollup(c) AS c
	FROM (SELECT h.id, ways, survival_curve(customer_subscriptions(customer, started, ended, amount), as_of, grace,
	                                        returns, since) AS c
	      FROM choice h, scattered, unnest(ARRAY[2, 3, 10, 97]) ways
	      GROUP BY h.id, as_of, grace, returns, since, ways, customer % ways) x
	GROUP BY id, ways) parts USING (id);
SELECT parallel_check('SELECT rollup(c)::text FROM late');
-- a binary form that is read again
SELECT count(*) AS values, bool_and(c::text::survival_curve = c) AS same FROM late WHERE c IS NOT NULL;

-- many distinct entries and durations
CREATE TABLE many AS
	SELECT i, date '2000-01-01' + dice(i, 7, 6000) AS started, 1 + dice(i, 8, 7000) AS days
	FROM generate_series(1, 5000) i;
CREATE TABLE many_stays AS
	SELECT greatest(date '2010-01-01' - started, 0) AS entry, least(days, date '2024-01-01' - started) AS exit
	FROM many WHERE started + days > date '2010-01-01';
SELECT count(*) > 1500 AS many,
       bool_and(t.at_risk = (SELECT count(*) FROM many_stays WHERE entry < t.time AND exit >= t.time)) AS same
FROM (SELECT survival_curve(customer_subscriptions(i, started, started + days), '2024-01-01',
                            since => '2010-01-01') AS c
      FROM many) x, survival_table(c) t;

--
-- The log-rank test of curves
--
-- without late entries it is that of the rows, to the last bit, for groups of any type and any number of curves a group
SELECT count(*) AS tried, bool_and(curves::text = rows::text) AS same, bool_and(split::text = rows::text) AS split,
       bool_and(flags::text = row_flags::text) AS booleans
FROM (SELECT id, logrank_test(exit, churned, grp) AS rows, logrank_test(exit, churned, grp = '2') AS row_flags
      FROM (SELECT *, (customer % 5)::text AS grp FROM stay) x GROUP BY id HAVING max(entry) = 0) r
JOIN (SELECT id, logrank_test(c, grp) AS curves, logrank_test(c, grp = '2') AS flags
      FROM (SELECT id, (customer % 5)::text AS grp, survival_curve(exit, churned) AS c FROM stay GROUP BY 1, 2) x
      GROUP BY id) c USING (id)
JOIN (SELECT id, logrank_test(c, grp) AS split
      FROM (SELECT id, (customer % 5)::text AS grp, survival_curve(exit, churned) AS c
            FROM stay GROUP BY 1, 2, customer % 17) x GROUP BY id) s USING (id);
-- with late entries, the sums over the times at which customers leave, of two groups
CREATE VIEW two_groups AS
	SELECT id, sum(d1 - d * n1 / n) AS u,
	       sum(CASE WHEN n > 1 THEN d * (n - d) / (n - 1) * n1 / n * (1 - n1 / n) ELSE 0 END) AS v
	FROM (SELECT t.id, t.exit, count(*) FILTER (WHERE s.exit = t.exit AND churned)::float8 AS d,
	             count(*) FILTER (WHERE s.exit = t.exit AND churned AND customer % 3 = 0)::float8 AS d1,
	             count(*)::float8 AS n, count(*) FILTER (WHERE customer % 3 = 0)::float8 AS n1
	      FROM (SELECT DISTINCT id, exit FROM stay WHERE churned) t
	      JOIN stay s ON s.id = t.id AND s.entry < t.exit AND s.exit >= t.exit GROUP BY 1, 2) x
	GROUP BY id;
SELECT count(*) AS tried, bool_and(near(chi_square, u * u / v, 1e-10)) AS chi_square,
       bool_and(degrees_of_freedom = 1) AS one
FROM two_groups JOIN (
	SELECT id, (logrank_test(c, grp)).*
	FROM (SELECT h.id, customer % 3 = 0 AS grp,
	             survival_curve(customer_subscriptions(customer, started, ended, amount), as_of, grace, returns,
	                            since) AS c
	      FROM choice h, scattered GROUP BY h.id, as_of, grace, returns, since, customer % 3 = 0) x
	GROUP BY id) t USING (id);
SELECT parallel_check('SELECT logrank_test(c, id % 4)::text FROM late');
SELECT logrank_test(c, id) AS one_group FROM late WHERE id = 1;
SELECT logrank_test(CASE WHEN id = 1 THEN c END, id) AS one_curve, logrank_test(c, nullif(id, 1)) AS one_name
FROM late WHERE id < 3;
SELECT failure('SELECT logrank_test(c, i) FROM late, generate_series(1, 1001) i WHERE id = 1');

--
-- fit_sbg
--
SET client_min_messages = error;
-- without late entries it is that of the tenures: periods that are over, and one more of those who left
CREATE FUNCTION periods(first date, last date, period interval) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	k int := 0;
BEGIN
	WHILE first + (k + 1) * period <= last LOOP
		k := k + 1;
	END LOOP;
	RETURN k;
END $$;
CREATE TABLE tenure AS
	SELECT id, as_of, grace, since, period, periods(started, ended - 1, period) + churned::int AS tenure, churned,
	       CASE WHEN entry > 0 THEN periods(started, since, period) ELSE 0 END AS entry
	FROM stay JOIN choice USING (id), unnest(ARRAY['1 month', '10 days', '3 months']::interval[]) period
	WHERE returns = 'end';
SELECT count(*) AS tried, count((m).alpha) > 5 AS fitted,
       bool_and(m::text = fit_sbg(s, period, as_of, grace, since)::text) AS same
FROM (SELECT id, as_of, grace, since, period, fit_sbg(tenure, churned) AS m
      FROM tenure WHERE since IS NULL OR since = '2022-01-01' GROUP BY 1, 2, 3, 4, 5) x, scattered_value;
-- with late entries, the likelihood of each customer is that of the periods after the entry, and it is the highest
CREATE FUNCTION likelihood(choice bigint, length interval, alpha float8, beta float8) RETURNS float8
RETURN (SELECT sum(ln(CASE WHEN churned AND k = tenure THEN alpha ELSE beta + k - 1 END / (alpha + beta + k - 1)))
        FROM tenure, generate_series(entry + 1, tenure) k WHERE id = choice AND period = length);
SELECT count(*) > 5 AS fitted, bool_and(near(l, l0, 1e-10)) AS likelihood,
       bool_and(l >= greatest(likelihood(id, period, alpha * 1.001, beta), likelihood(id, period, alpha / 1.001, beta),
                              likelihood(id, period, alpha, beta * 1.001), likelihood(id, period, alpha, beta / 1.001)))
           AS highest
FROM (SELECT id, period, m.alpha, m.beta, m.log_likelihood AS l, likelihood(id, period, m.alpha, m.beta) AS l0
      FROM choice, scattered_value, unnest(ARRAY['1 month', '10 days']::interval[]) period,
           LATERAL fit_sbg(s, period, as_of, grace, since) m
      WHERE returns = 'end' AND since > '2022-01-01' AND m.converged) x;
SELECT fit_sbg(s, as_of => '2022-01-01') AS nobody, fit_sbg(NULL::customer_subscriptions) AS none,
       (fit_sbg(s, '2 years', '2022-12-31')).note
FROM scattered_value;

--
-- Errors
--
SELECT failure(format('SELECT survival_curve(s, %s) FROM scattered_value', arguments))
FROM (VALUES ('grace => -1'), ('grace => NULL'), ('returns => ''again'''), ('returns => NULL'),
	('as_of => ''infinity'''), ('since => ''-infinity''')) v(arguments);
SELECT failure(format('SELECT fit_sbg(s, %s) FROM scattered_value', arguments))
FROM (VALUES ('''1 hour'''), ('NULL'), ('grace => -1'), ('since => ''infinity''')) v(arguments);
SELECT failure($$SELECT fit_sbg(customer_subscriptions(1, date '1700-01-01', NULL), '1 day', '2024-01-01')$$);
-- options are checked even without a value
SELECT failure('SELECT survival_curve(NULL::customer_subscriptions, grace => -1)'),
       failure('SELECT fit_sbg(NULL::customer_subscriptions, ''1 hour'')');

--
-- Only what there can be is a value: each late entry has a longer duration
--
-- triples of a number and two counts as a value
CREATE FUNCTION points(VARIADIC p float8[]) RETURNS text
RETURN (SELECT '\x01010102' || lpad(to_hex(cardinality(p) / 3), 8, '0')
               || string_agg(CASE n % 3 WHEN 1 THEN encode(float8send(x), 'hex')
                             ELSE encode(int8send(x::bigint), 'hex') END, '' ORDER BY n)
        FROM unnest(p) WITH ORDINALITY u(x, n));
CREATE FUNCTION read_points(VARIADIC p float8[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT string_agg(format('%s:%s', time, at_risk), ' ' ORDER BY time)
	        FROM survival_table(points(VARIADIC p)::survival_curve));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT name, read_points(VARIADIC p) AS result
FROM (VALUES (1, 'one who enters at 5', ARRAY[-5, 1, 0, 6, 0, 1]), (2, 'two', ARRAY[-5, 2, 0, 6, 1, 0, 7, 0, 1]),
	(3, 'after another has left', ARRAY[-5, 1, 0, 3, 0, 1, 6, 0, 1]),
	(4, 'in turn', ARRAY[-5, 1, 0, -2, 1, 0, 3, 0, 1, 6, 1, 0]), (5, 'at once', ARRAY[-0.5, 1, 0, 0, 3, 3, 1, 0, 1]),
	(6, 'who is not there', ARRAY[-5, 1, 0]), (7, 'and leaves then', ARRAY[-5, 1, 0, 5, 0, 1]),
	(8, 'and before', ARRAY[-5, 1, 0, 4, 1, 0]), (9, 'but only one', ARRAY[-5, 2, 0, 6, 0, 1]),
	(10, 'the other leaves too early', ARRAY[-5, 2, 0, 4, 1, 0, 6, 0, 1]),
	(11, 'and has left', ARRAY[-5, 0, 1, 6, 0, 1]), (12, 'and has left twice', ARRAY[-5, 1, 1, 6, 0, 2]),
	(13, 'nobody enters', ARRAY[-5, 0, 0, 6, 0, 1]),
	(14, 'not in order', ARRAY[-5, 1, 0, -6, 1, 0, 7, 2, 0])) v(i, name, p)
ORDER BY i;
-- nor does a state become one that no customers can have
CREATE AGGREGATE finish(tally) (SFUNC = survival_curve_combine, STYPE = tally, FINALFUNC = survival_curve_finalfn);
CREATE AGGREGATE compare(tally) (SFUNC = logrank_test_combine, STYPE = tally, FINALFUNC = logrank_test_finalfn);
SELECT finish(t::tally) = points(-5, 1, 0, 3, 0, 1, 6, 1, 0)::survival_curve AS together
FROM (VALUES (points(-5, 1, 0)), (points(3, 0, 1)), (points(6, 1, 0))) v(t);
SELECT failure('SELECT finish(points(-5, 1, 0, 5, 0, 1)::tally)');
-- a large one
SELECT failure('SELECT finish(points(t - 700, 1, 0)::tally) FROM generate_series(1, 600) t');
-- of groups 1 and 2: one whole, one who enters twice, one who does not leave later, one who left when entering
SELECT failure(format('SELECT compare(%L::tally)', '\x01020302' || lpad(to_hex(cardinality(p) / 4), 8, '0')
                      || (SELECT string_agg(CASE WHEN n % 4 = 1 THEN encode(float8send(x), 'hex') || repeat('00', 8)
                                                 WHEN n % 4 = 2 THEN encode(float8send(x), 'hex')
                                                 ELSE encode(int8send(x::bigint), 'hex') END, '' ORDER BY n)
                          FROM unnest(p) WITH ORDINALITY u(x, n)))) AS result
FROM (VALUES (1, ARRAY[-5::float8, 1, 1, 0, 6, 1, 0, 1, 6, 2, 0, 1]), (2, ARRAY[-5, 1, 1, 0, 6, 2, 0, 1]),
	(3, ARRAY[-5, 1, 1, 0, 5, 1, 0, 1, 6, 2, 0, 1]), (4, ARRAY[-5, 1, 0, 1, 6, 1, 0, 1, 6, 2, 0, 1])) v(i, p)
ORDER BY i;

DROP SCHEMA customer_survival_test CASCADE;
