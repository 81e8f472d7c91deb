# The purchase models of the CDNOW customers against the published numbers, and
# against fits and predictions that an independent program computed.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my %file;
@file{qw(orders sample_orders published sample individual fits)} = reference_files(
	qw(data/cdnow_master_transactions.csv data/cdnow_sample_transactions.csv data/cdnow_sample_summary.csv
	  truth/cdnow_sample_summary_exact_39w.csv truth/cdnow_individuals.csv truth/model_fits.json));

my $node = start_server('models_truth', conf => "extra_float_digits = 1\nclient_min_messages = warning");
open my $header, '<', $file{individual} or die "cannot read $file{individual}: $!";
my $columns = join ', ', map { "$_ double precision" } split /,/, <$header> =~ s/\s+$//r =~ s/^sample_id,//r;
close $header;
my $fits = slurp_file($file{fits});
sql(qq{
CREATE TABLE orders (customer_id int, date date, cds int, amount double precision);
CREATE TABLE sample_orders (master_id int, sample_id int, date date, cds int, amount double precision);
CREATE TABLE published (sample_id int, frequency bigint, recency double precision, t double precision,
                        monetary_value double precision);
CREATE TABLE sample (LIKE published);
CREATE TABLE individual (sample_id int, $columns);
\\copy orders FROM '$file{orders}' CSV HEADER
\\copy sample_orders FROM '$file{sample_orders}' CSV HEADER
\\copy published FROM '$file{published}' CSV HEADER
\\copy sample FROM '$file{sample}' CSV HEADER
\\copy individual FROM '$file{individual}' CSV HEADER
CREATE TABLE truth AS SELECT key AS fit, value FROM jsonb_each(\$json\$$fits\$json\$);
CREATE FUNCTION close(a double precision, b double precision, tolerance double precision) RETURNS boolean
RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= tolerance * abs(b) END;
-- 39 weeks from the first day are over on the evening of 30 September
CREATE TABLE summary AS
	SELECT customer_id, rfm_summary(date, amount, '1997-10-01') AS s
	FROM orders GROUP BY customer_id;
CREATE TABLE sample_summary AS
	SELECT sample_id, master_id, rfm_summary(date, amount, '1997-10-01') AS s
	FROM sample_orders GROUP BY sample_id, master_id;
});

# Summaries: all of the master file, and the sample
is(sql(q{SELECT count(*), count(DISTINCT customer_id), bool_and((s).frequency >= 0) FROM summary}), '23570|23570|t',
   'a summary of each of 23,570 customers');
my $same = q{count(*),
             count(*) FILTER (WHERE (s).frequency = t.frequency AND round((s).recency) = round(t.recency * 7)
                                AND abs((s).recency - t.recency * 7) < 1e-8
	AND abs((s).age - t.t * 7) < 1e-8 AND (s).recency = round((s).recency) AND (s).age = round((s).age)
	AND CASE WHEN t.frequency = 0 THEN (s).monetary_value IS NULL AND t.monetary_value = 0
	         ELSE abs(coalesce((s).monetary_value, 0) - t.monetary_value) < 0.005 END)};
is(sql(qq{
SELECT $same
FROM sample t JOIN (SELECT DISTINCT sample_id, master_id FROM sample_orders) i USING (sample_id)
JOIN summary m ON m.customer_id = i.master_id}),
	'2357|2357', 'the summaries of the master file, where it shares customers with the sample');
is(sql(qq{SELECT $same FROM sample t FULL JOIN sample_summary m USING (sample_id)}), '2357|2357',
   'the summaries of the sample');
is(sql(q{
SELECT count(*),
       count(*) FILTER (WHERE (s).frequency = p.frequency AND abs((s).recency / 7 - p.recency) < 0.0051
                          AND abs((s).age / 7 - p.t) < 0.0051
                          AND abs(coalesce((s).monetary_value, 0) - p.monetary_value) < 0.0101)
FROM published p JOIN (SELECT DISTINCT sample_id, master_id FROM sample_orders) i USING (sample_id)
JOIN summary m ON m.customer_id = i.master_id}),
	'2357|2357', 'the published summary, in its two decimals');
for my $type ('timestamp', 'timestamptz')
{
	is(sql(qq{
SET timezone = 'America/New_York';
SELECT count(*) FROM summary a JOIN (
	SELECT customer_id,
	       rfm_summary((date + customer_id % 24 * interval '1 hour')::$type, amount, '1997-10-01 23:59:59') AS s
	FROM orders GROUP BY customer_id) b USING (customer_id) WHERE a.s = b.s OR a.s IS NULL}),
		'23570', "the same by $type");
}

# Fits: name, model, the rows, and what takes them from weeks to the unit
my $rows = q{SELECT sample_id, (s).frequency, (s).recency / 7 AS recency, (s).age / 7 AS age, (s).monetary_value
             FROM sample_summary};
my $days = q{SELECT sample_id, (s).frequency, (s).recency, (s).age, (s).monetary_value FROM sample_summary};
my $two = q{SELECT sample_id, frequency, recency, t AS age, nullif(monetary_value, 0) AS monetary_value FROM published};
for my $f (
	[ 'bgnbd_cdnow_sample_exact', 'BG/NBD', 'fit_bgnbd', $rows ],
	[ 'bgnbd_cdnow_sample_days', 'BG/NBD', 'fit_bgnbd', $days ],
	[ 'bgnbd_cdnow_sample_summary2dec', 'BG/NBD', 'fit_bgnbd', $two ],
	[ 'mbgnbd_cdnow_sample_exact', 'MBG/NBD', 'fit_mbgnbd', $rows ],
	[ 'mbgnbd_cdnow_sample_summary2dec', 'MBG/NBD', 'fit_mbgnbd', $two ])
{
	my ($name, $model, $fit, $query) = @$f;
	is(sql(qq{
WITH f AS (SELECT $fit(frequency, recency, age) AS m, count(DISTINCT (frequency, recency, age)) AS groups
           FROM ($query) x),
	t AS (SELECT value->'params' AS p, value->'std_err' AS e, (value->>'log_likelihood')::double precision AS ll,
	             (value->>'n_customers')::bigint AS n
	      FROM truth WHERE fit = '$name')
SELECT (m).model, close((m).r, (p->>'r')::double precision, 1e-6),
       close((m).alpha, (p->>'alpha')::double precision, 1e-6), close((m).a, (p->>'a')::double precision, 1e-6),
       close((m).b, (p->>'b')::double precision, 1e-6),
	abs((m).log_likelihood - ll) < 1e-6, close((m).r_se, (e->>'r')::double precision, 1e-6),
	close((m).alpha_se, (e->>'alpha')::double precision, 1e-6), close((m).a_se, (e->>'a')::double precision, 1e-6),
	close((m).b_se, (e->>'b')::double precision, 1e-6),
	(m).customers = n, (m).groups = groups, (m).converged, (m).iterations BETWEEN 3 AND 30
FROM f, t}), "$model|t|t|t|t|t|t|t|t|t|t|t|t|t", "$name: parameters, log-likelihood, standard errors");
}
for my $f ([ 'gg_cdnow_sample_exact', $rows ], [ 'gg_cdnow_sample_summary2dec', $two ])
{
	my ($name, $query) = @$f;
	is(sql(qq{
WITH f AS (SELECT fit_gamma_gamma(frequency, monetary_value) AS s FROM ($query) x),
	t AS (SELECT value->'params' AS p, value->'std_err' AS e, (value->>'log_likelihood')::double precision AS ll,
	             (value->>'n_customers')::bigint AS n
	      FROM truth WHERE fit = '$name')
SELECT close((s).p, (p->>'p')::double precision, 1e-6), close((s).q, (p->>'q')::double precision, 1e-6),
       close((s).v, (p->>'v')::double precision, 1e-6), abs((s).log_likelihood - ll) < 1e-6,
	close((s).p_se, (e->>'p')::double precision, 1e-6), close((s).q_se, (e->>'q')::double precision, 1e-6),
	close((s).v_se, (e->>'v')::double precision, 1e-6), (s).customers = n, (s).converged
FROM f, t}), 't|t|t|t|t|t|t|t|t', "$name: parameters, log-likelihood, standard errors");
}
# As printed: Fader, Hardie and Lee 2005, Marketing Science 24(2); the MBG/NBD
# of the same data; Fader and Hardie's note 025
sql(qq{
CREATE TABLE model AS
	SELECT fit_bgnbd(frequency, recency, age) AS bg, fit_mbgnbd(frequency, recency, age) AS mbg,
	       fit_gamma_gamma(frequency, monetary_value) AS gg
	FROM ($days) x;
CREATE TABLE weekly AS
	SELECT fit_bgnbd(frequency, recency, age) AS bg, fit_mbgnbd(frequency, recency, age) AS mbg,
	       fit_gamma_gamma(frequency, monetary_value) AS gg
	FROM ($rows) x;
});
is(sql(q{SELECT round((bg).r::numeric, 3), round((bg).alpha::numeric, 3), round((bg).a::numeric, 3),
                round((bg).b::numeric, 3), round((bg).log_likelihood::numeric, 1)
         FROM weekly}),
	'0.243|4.414|0.793|2.426|-9582.4', 'BG/NBD as published');
is(sql(q{SELECT round((mbg).r::numeric, 3), round((mbg).alpha::numeric, 3), round((mbg).a::numeric, 3),
                round((mbg).b::numeric, 3), round((mbg).log_likelihood::numeric, 3)
         FROM weekly}),
	'0.525|6.183|0.891|1.614|-9582.136', 'MBG/NBD as published');
is(sql(q{SELECT round((gg).p::numeric, 2), round((gg).q::numeric, 2), round((gg).v::numeric, 2),
                round((gg).log_likelihood::numeric, 4), (gg).customers
         FROM weekly}),
	'6.25|3.74|15.44|-4055.9177|946', 'gamma-gamma as published');
is(sql(q{SELECT round(expected_purchases(bg, 2, 213.01, 272.02, '273 days')::numeric, 3) FROM model}), '1.226',
   'the first customer buys 1.226 times in the next 39 weeks');
is(sql(q{
SELECT string_agg(CASE WHEN abs(expected_purchases(bg, 0, 0, 0, days * interval '1 day') - published) < 2e-3 THEN 'ok'
                       ELSE days::text END,
                  ' '
                  ORDER BY days)
FROM model,
     (VALUES (1, 0.0078), (7, 0.0532), (21, 0.1506), (223, 1.0405), (224, 1.0437), (546, 1.8576)) v(days, published)}),
     'ok ok ok ok ok ok', 'purchases expected of a new customer');
is(sql(q{
SELECT string_agg(round(expected_spend(gg, (s).frequency, (s).monetary_value)::numeric, 2)::text, ' '
                  ORDER BY sample_id)
FROM model, sample_summary WHERE sample_id <= 10}),
	'24.65 18.91 35.17 35.17 35.17 71.46 18.91 35.17 27.28 35.17', 'expected spend of the first ten customers');
is(sql(q{SELECT (m).converged, close((m).r, (bg).r, 1e-7), close((m).alpha, (bg).alpha, 1e-7),
                close((m).log_likelihood, (bg).log_likelihood, 1e-10)
FROM model, (SELECT fit_bgnbd(frequency, recency * 7, t * 7) AS m FROM sample) x}), 't|t|t|t',
     'from the summaries as they stand there');

# All columns of the individual predictions, 7 invented customers included
my $customer = q{frequency::bigint, round((recency * 7)::numeric, 6)::double precision,
                 round((t * 7)::numeric, 6)::double precision};
my $value = q{CASE WHEN frequency > 0 THEN monetary_value END};
my %prediction = (
	expected_spend => "expected_spend(gg, frequency::bigint, $value)",
	bg_p_alive => "p_alive(bg, $customer)", bg_exp_39w => "expected_purchases(bg, $customer, '273 days')",
	bg_exp_52w => "expected_purchases(bg, $customer, '364 days')",
	bg_clv1y_cont10pct => "clv(bg, gg, $customer, $value, '1 year', 0.1)",
	bg_undiscounted_1y => "clv(bg, gg, $customer, $value, '1 year')",
	mbg_p_alive => "p_alive(mbg, $customer)", mbg_exp_39w => "expected_purchases(mbg, $customer, '273 days')",
	mbg_exp_52w => "expected_purchases(mbg, $customer, '364 days')",
	mbg_clv1y_cont10pct => "clv(mbg, gg, $customer, $value, '1 year', 0.1)");
for my $column (sort keys %prediction)
{
	is(sql(qq{
SELECT count(*), count(*) FILTER (WHERE close(is_now, $column, 1e-8)),
       string_agg(format('%s: %s, not %s', sample_id, is_now, $column), '; ')
           FILTER (WHERE NOT coalesce(close(is_now, $column, 1e-8), false))
FROM model, individual, LATERAL (SELECT $prediction{$column} AS is_now) l}), '22|22|', "$column of 22 customers");
}
# with the truth's own parameters, so that the fit has no part in it
is(sql(qq{
SELECT count(*),
       count(*) FILTER (WHERE close(p_alive(m, $customer), bg_p_alive, 1e-11)
                          AND close(expected_purchases(m, $customer, '364 days'), bg_exp_52w, 1e-11))
FROM individual,
     (SELECT jsonb_populate_record(bg, value->'params') AS m FROM model, truth WHERE fit = 'bgnbd_cdnow_sample_days')
         x}),
     '22|22', 'to the last digits that are written down');
# no churn within a time, from the formula
is(sql(qq{
SELECT count(*),
       count(*) FILTER (WHERE close(1 - churn_risk(mbg, $customer, '90 days'),
                                    mbg_p_alive * (1 - power(((mbg).alpha + t * 7) / ((mbg).alpha + t * 7 + 90),
                                                             (mbg).r + frequency)),
                                    1e-8))
FROM model, individual}), '22|22', 'churn risk');

# A back-test: what the model of 39 weeks expects of the other 39
is(sql(q{
WITH actual AS (SELECT sample_id, count(DISTINCT date) FILTER (WHERE date > '1997-09-30') AS later
                FROM sample_orders GROUP BY sample_id),
	forecast AS (SELECT sample_id, (s).frequency,
	                    expected_purchases(bg, (s).frequency, (s).recency, (s).age, '273 days') AS bg,
	                    expected_purchases(mbg, (s).frequency, (s).recency, (s).age, '273 days') AS mbg
	             FROM model, sample_summary)
SELECT count(*), sum(bg) / sum(later) BETWEEN 0.8 AND 1.05, sum(mbg) / sum(later) BETWEEN 0.8 AND 1.05,
       corr(bg, later) > 0.6, corr(mbg, later) > 0.6
FROM actual JOIN forecast USING (sample_id)}), '2357|t|t|t|t', 'a forecast of the held-out weeks');

# In one statement from the orders, in parallel
my $one = q{SELECT fit_mbgnbd((s).frequency, (s).recency, (s).age)
            FROM (SELECT rfm_summary(date, amount, '1997-10-01') AS s FROM orders GROUP BY customer_id) x};
is(sql("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; $one"),
   sql("SET max_parallel_workers_per_gather = 0; $one"), 'the whole store, in parallel and alone');

$node->stop;
done_testing();
