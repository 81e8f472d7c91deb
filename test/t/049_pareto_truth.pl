# Pareto/NBD of the CDNOW customers and of simulated ones: against the published
# numbers, and against fits and predictions that an independent program computed.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my %file;
@file{qw(orders sample_orders published simulated individual fits)} = reference_files(
	qw(data/cdnow_master_transactions.csv data/cdnow_sample_transactions.csv data/cdnow_sample_summary.csv
	  truth/pnbd_sim_a_summary.csv truth/pnbd_individuals.csv truth/pnbd_fits.json));

my $node = start_server('pareto_truth', conf => "extra_float_digits = 1\nclient_min_messages = warning");
open my $header, '<', $file{individual} or die "cannot read $file{individual}: $!";
my @columns = split /,/, <$header> =~ s/\s+$//r =~ s/^sample_id,//r;
my $columns = join ', ', map { "$_ numeric" } @columns;
# a double precision cannot be as small as some of them
my $doubles = join ', ', map { "CASE WHEN abs($_) >= 1e-300 THEN $_ ELSE 0 END::double precision AS $_" } @columns;
close $header;
my $fits = slurp_file($file{fits});
sql(qq{
CREATE TABLE orders (customer_id int, date date, cds int, amount double precision);
CREATE TABLE sample_orders (master_id int, sample_id int, date date, cds int, amount double precision);
CREATE TABLE published (sample_id int, frequency bigint, recency double precision, age double precision,
                        monetary_value double precision);
CREATE TABLE simulated (customer int, frequency bigint, recency double precision, age double precision);
CREATE TABLE read (sample_id int, $columns);
\\copy orders FROM '$file{orders}' CSV HEADER
\\copy sample_orders FROM '$file{sample_orders}' CSV HEADER
\\copy published FROM '$file{published}' CSV HEADER
\\copy simulated FROM '$file{simulated}' CSV HEADER
\\copy read FROM '$file{individual}' CSV HEADER
CREATE TABLE individual AS SELECT sample_id, $doubles FROM read;
CREATE TABLE truth AS SELECT key AS fit, value FROM jsonb_each(\$json\$$fits\$json\$);
CREATE FUNCTION close(a double precision, b double precision, tolerance double precision) RETURNS boolean
RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= tolerance * abs(b) END;
CREATE TABLE summary AS
	SELECT customer_id, rfm_summary(date, amount, '1997-10-01') AS s
	FROM orders GROUP BY customer_id;
CREATE TABLE sample_summary AS
	SELECT sample_id, rfm_summary(date, amount, '1997-10-01') AS s
	FROM sample_orders GROUP BY sample_id;
});

# Fits: name, the rows, and what 25 digits and the standard errors are
my $weeks = '(s).frequency, (s).recency / 7 AS recency, (s).age / 7 AS age';
my %rows = (
	cdnow_sample_exact => "SELECT $weeks FROM sample_summary",
	cdnow_sample_days => 'SELECT (s).* FROM sample_summary',
	cdnow_sample_summary2dec => 'SELECT * FROM published',
	cdnow_master_39w => "SELECT $weeks FROM summary",
	sim_a_days => 'SELECT * FROM simulated');
for my $name (sort keys %rows)
{
	is(sql(qq{
WITH f AS (SELECT fit_pareto_nbd(frequency, recency, age) AS m FROM ($rows{$name}) x),
	t AS (SELECT value->'params' AS p, value->'std_err' AS e, (value->>'log_likelihood')::double precision AS ll,
	             (value->>'n_customers')::bigint AS n, (value->>'groups')::bigint AS g
	      FROM truth WHERE fit = 'paretonbd_$name')
SELECT (m).model, close((m).r, (p->>'r')::double precision, 1e-8),
       close((m).alpha, (p->>'alpha')::double precision, 1e-8), close((m).s, (p->>'s')::double precision, 1e-8),
       close((m).beta, (p->>'beta')::double precision, 1e-8), close((m).log_likelihood, ll, 1e-12),
       close((m).r_se, (e->>'r')::double precision, 1e-6), close((m).alpha_se, (e->>'alpha')::double precision, 1e-6),
       close((m).s_se, (e->>'s')::double precision, 1e-6), close((m).beta_se, (e->>'beta')::double precision, 1e-6),
       (m).customers = n, (m).groups = g, (m).converged, (m).iterations BETWEEN 3 AND 20,
       num_nulls((m).a, (m).b, (m).a_se, (m).b_se)
FROM f, t}), 'Pareto/NBD|t|t|t|t|t|t|t|t|t|t|t|t|t|4', "$name: parameters, log-likelihood, standard errors");
}

# As printed: Fader, Hardie and Lee 2005
sql(qq{
CREATE TABLE model AS
	SELECT fit_pareto_nbd(frequency, recency, age) AS m, fit_bgnbd(frequency, recency, age) AS bg,
	       fit_mbgnbd(frequency, recency, age) AS mbg, fit_gamma_gamma(frequency, monetary_value) AS g
	FROM ($rows{cdnow_sample_days}) x;
CREATE TABLE weekly AS
	SELECT fit_pareto_nbd(frequency, recency, age) AS m, fit_bgnbd(frequency, recency, age) AS bg,
	       fit_mbgnbd(frequency, recency, age) AS mbg
	FROM ($rows{cdnow_sample_exact}) x;
CREATE TABLE master AS
	SELECT fit_pareto_nbd(frequency, recency, age) AS m, fit_bgnbd(frequency, recency, age) AS bg,
	       fit_mbgnbd(frequency, recency, age) AS mbg
	FROM ($rows{cdnow_master_39w}) x;
});
is(sql(q{SELECT round((m).r::numeric, 3), round((m).alpha::numeric, 3), round((m).s::numeric, 3),
                round((m).beta::numeric, 3), round((m).log_likelihood::numeric, 1)
         FROM weekly}),
	'0.553|10.578|0.606|11.669|-9595.0', 'as published');
is(sql(q{SELECT round(p_alive(m, 26, 30.86 * 7, 31 * 7)::numeric, 4),
                round(expected_purchases(m, 26, 30.86 * 7, 31 * 7, '364 days')::numeric, 2) FROM model}),
	'0.9979|25.46', 'the customer with 26 purchases');

# The page says which model to use, with these
is(sql(q{SELECT round((bg).log_likelihood::numeric, 1), round((mbg).log_likelihood::numeric, 1),
                round((m).log_likelihood::numeric, 1) FROM weekly}),
	'-9582.4|-9582.1|-9595.0', 'log-likelihoods of the sample');
is(sql(q{SELECT round((bg).log_likelihood::numeric), round((mbg).log_likelihood::numeric),
                round((m).log_likelihood::numeric) FROM master}),
	'-95368|-95337|-95415', 'log-likelihoods of all customers after 39 weeks');
is(sql(q{SELECT round((bg).log_likelihood::numeric), round((mbg).log_likelihood::numeric),
                round((m).log_likelihood::numeric)
         FROM (SELECT fit_pareto_nbd(frequency, recency / 7, age / 7) AS m,
                      fit_bgnbd(frequency, recency / 7, age / 7) AS bg,
                      fit_mbgnbd(frequency, recency / 7, age / 7) AS mbg
               FROM (SELECT (rfm_summary(date, amount, '1998-07-01')).* FROM orders GROUP BY customer_id) s) f}),
	'-173426|-173294|-173328', 'log-likelihoods of all customers after 78 weeks');

# All columns of the individual predictions: with the fit, and with the truth's own
# parameters, so that the fit has no part in it
my $customer = q{frequency::bigint, round((recency * 7)::numeric, 6)::double precision,
                 round((t * 7)::numeric, 6)::double precision};
my $value = q{CASE WHEN frequency > 0 THEN monetary_value END};
my %prediction = (
	pnbd_p_alive => "p_alive(m, $customer)",
	pnbd_exp_39w => "expected_purchases(m, $customer, '273 days')",
	pnbd_exp_52w => "expected_purchases(m, $customer, '364 days')",
	pnbd_churn_risk_13w => "churn_risk(m, $customer, '91 days')",
	pnbd_churn_risk_52w => "churn_risk(m, $customer, '364 days')",
	pnbd_clv1y_cont10pct => "clv(m, g, $customer, $value, '1 year', 0.1)",
	expected_spend => "expected_spend(g, frequency::bigint, $value)");
for my $column (sort keys %prediction)
{
	my $tolerance = $column =~ /clv|spend/ ? '1e-8' : '1e-11';
	is(sql(qq{
SELECT count(*), count(*) FILTER (WHERE close(is_now, $column, $tolerance)),
       string_agg(format('%s: %s, not %s', sample_id, is_now, $column), '; ')
           FILTER (WHERE NOT coalesce(close(is_now, $column, $tolerance), false))
FROM (SELECT jsonb_populate_record(m, value->'params') AS m, g FROM model, truth
      WHERE fit = 'paretonbd_cdnow_sample_days') p, individual, LATERAL (SELECT $prediction{$column} AS is_now) l}),
		'129|129|', "$column of 129 customers");
	is(sql(qq{
SELECT count(*) FILTER (WHERE close(is_now, $column, 1e-8))
FROM model, individual, LATERAL (SELECT $prediction{$column} AS is_now) l}), '129', "$column with the fit");
}

# In one statement from the orders, in parallel
my $one = q{SELECT fit_pareto_nbd((s).frequency, (s).recency, (s).age)
            FROM (SELECT rfm_summary(date, amount, '1997-10-01') AS s FROM orders GROUP BY customer_id) x};
is(sql("SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; $one"),
   sql("SET max_parallel_workers_per_gather = 0; $one"), 'the whole store, in parallel and alone');

$node->stop;
done_testing();
