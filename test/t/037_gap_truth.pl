# Gaps and the value of customers, read from a customer_purchases, against what
# independent programs computed of the CDNOW customers and of customers with
# refunds in every position.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my @kinds = qw(gap_curve gap_quantiles gap_table clv);
my %file;
@file{ qw(cdnow refunds), map { ("cdnow_$_", "refunds_$_") } @kinds } = reference_files(
	qw(data/cdnow_master_transactions.csv truth/refunds_orders.csv),
	map { ("truth/cdnow_$_.csv", "truth/refunds_$_.csv") } @kinds);

my %as_of = (cdnow => '1998-07-01', refunds => '2024-05-10');
my %columns = (
	gap_curve => 'days double precision, at_risk bigint, returned bigint, open bigint, survival double precision',
	gap_quantiles => 'fraction double precision, days double precision, closed_gaps bigint',
	gap_table => 'number bigint, customers bigint, returned bigint, return_rate double precision, '
	  . 'lower_quartile_days double precision, median_days double precision, upper_quartile_days double precision',
	clv => 'range text, customers bigint, purchases bigint, revenue numeric, average double precision, '
	  . 'per_year double precision, years double precision, clv double precision');

my $node = start_server('gap_truth', conf => 'extra_float_digits = 1');
sql(qq{
CREATE FUNCTION close(a double precision, b double precision) RETURNS boolean
RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= 1e-12 * greatest(1, abs(b)) END;
CREATE TABLE cdnow (customer bigint, date date, cds int, amount numeric);
CREATE TABLE refunds (customer bigint, date date, amount numeric);
\\copy cdnow FROM '$file{cdnow}' CSV HEADER
\\copy refunds FROM '$file{refunds}' CSV HEADER
});

for my $name (qw(cdnow refunds))
{
	my $as_of = $as_of{$name};

	for my $kind (@kinds)
	{
		my $file = $file{"${name}_$kind"};

		sql(qq{
CREATE TABLE ${name}_$kind ($columns{$kind});
\\copy ${name}_$kind FROM '$file' CSV HEADER
});
	}
	sql("CREATE TABLE ${name}_value AS SELECT customer_purchases(customer, date, amount) AS p FROM $name");

	is(sql(qq{
SELECT count(*) > 100 AND count(*) = count(t.time),
       bool_and((c.at_risk, returned, open) = (t.at_risk, churned, censored)), bool_and(close(t.survival, c.survival))
FROM ${name}_gap_curve c
LEFT JOIN (SELECT t.* FROM ${name}_value, survival_table(purchase_gaps(p, '$as_of')) t) t ON t.time = c.days}),
		't|t|t', "$name: purchase_gaps");
	is(sql(qq{
SELECT count(*), bool_and(days = gap_quantile(p, fraction, '$as_of')),
       bool_and(closed_gaps = (SELECT sum(churned) FROM survival_table(purchase_gaps(p, '$as_of'))))
FROM ${name}_gap_quantiles, ${name}_value}),
		'6|t|t', "$name: gap_quantile");
	is(sql(qq{
SELECT count(*) > 15,
       bool_and((c.customers, c.returned) = (t.customers, t.returned) AND close(t.return_rate, c.return_rate)),
       bool_and((c.lower_quartile_days, c.median_days, c.upper_quartile_days) IS NOT DISTINCT FROM
                (t.lower_quartile_days, t.median_days, t.upper_quartile_days))
FROM ${name}_gap_table c
LEFT JOIN (SELECT t.* FROM ${name}_value, gap_table(p, '$as_of', 20) t) t USING (number)}),
		't|t|t', "$name: gap_table");
	is(sql(qq{
SELECT count(*), bool_and((s.customers, s.purchases, s.revenue) = (c.customers, c.purchases, c.revenue::float8)),
       bool_and(close(average_purchase_value, average) AND close(purchases_per_year, per_year) AND
                close(relationship_years, years) AND close(s.clv, c.clv) AND clv(p, during) = s.clv)
FROM ${name}_value, ${name}_clv c, LATERAL (SELECT lower(purchase_span(p)) AS first) f,
     LATERAL (SELECT CASE range WHEN 'all' THEN '(,)'
                     WHEN 'first_year' THEN daterange(first, (first + interval '1 year')::date)
                     WHEN 'last_90_days' THEN daterange('$as_of'::date - 90, '$as_of') END AS during) d,
     LATERAL clv_summary(p, during) s}),
		'3|t|t', "$name: clv_summary");
	is(sql(qq{
SELECT fit_bgnbd(p, '$as_of')::text = fit_bgnbd(frequency, recency, age)::text,
       fit_mbgnbd(p, '$as_of')::text = fit_mbgnbd(frequency, recency, age)::text,
       fit_gamma_gamma(p, '$as_of')::text = fit_gamma_gamma(frequency, monetary_value)::text
FROM ${name}_value, rfm_table(p, '$as_of') GROUP BY p}),
		't|t|t', "$name: fits are those of the aggregates over rfm_table");
}
$node->stop;
done_testing();
