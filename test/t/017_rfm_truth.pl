# Summaries of the CDNOW customers, and of customers with refunds in every
# position, against those that independent programs computed.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my %file;
@file{qw(cdnow refunds cdnow_sums cdnow_sample refunds_sums refunds_sample)} = reference_files(
	qw(data/cdnow_master_transactions.csv truth/refunds_orders.csv truth/cdnow_rfm_sums.csv truth/cdnow_rfm_sample.csv
	  truth/refunds_rfm_sums.csv truth/refunds_rfm_sample.csv));

my $node = start_server('rfm_truth', conf => "extra_float_digits = 1");
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
	sql(qq{
CREATE TABLE ${name}_sums (as_of date, customers bigint, frequency bigint, recency double precision,
                           age double precision, monetary_value double precision, with_monetary_value bigint,
                           purchases bigint, revenue double precision, customer_x_frequency bigint);
CREATE TABLE ${name}_sample (customer bigint, frequency bigint, recency double precision, age double precision,
                             monetary_value double precision, purchases bigint, revenue double precision,
                             first_day date, last_day date);
\\copy ${name}_sums FROM '$file{"${name}_sums"}' CSV HEADER
\\copy ${name}_sample FROM '$file{"${name}_sample"}' CSV HEADER
});
	# the sample is of the last of the days
	my ($days, $last, $sampled) = split /\|/,
	sql("SELECT count(*), max(as_of), (SELECT count(*) FROM ${name}_sample) FROM ${name}_sums");
	is($days, 3, "$name: three days");
	for my $way (
		[ 'date', 'numeric' ], [ 'date', 'double precision' ], [ 'timestamp', 'numeric' ],
		[ 'timestamp', 'double precision' ],
		[ 'timestamptz', 'numeric' ], [ 'timestamptz', 'double precision' ])
	{
		my ($type, $money) = @$way;
		my $at = $type eq 'date' ? 'date' : "(date + customer % 24 * interval '1 hour' + interval '59 minutes')::$type";
		is(sql(qq{
SET timezone = 'America/New_York';
SELECT count(*),
       count(*) FILTER (WHERE t.customers = m.customers AND t.frequency = m.frequency AND t.recency = m.recency
                          AND t.age = m.age AND close(t.monetary_value, m.monetary_value)
	AND t.with_monetary_value = m.with_monetary_value AND t.purchases = m.purchases AND close(t.revenue, m.revenue)
	AND t.customer_x_frequency = m.product)
FROM ${name}_sums t, LATERAL (
	SELECT count(*) AS customers, sum((s).frequency) AS frequency, sum((s).recency) AS recency, sum((s).age) AS age,
	       sum((s).monetary_value) AS monetary_value,
		count((s).monetary_value) AS with_monetary_value, sum((s).purchases) AS purchases, sum((s).revenue) AS revenue,
		sum(customer * (s).frequency) AS product
	FROM (SELECT customer, rfm_summary($at, amount::$money, t.as_of::$type) AS s FROM $name GROUP BY customer) x
	WHERE NOT s IS NULL) m}),
			'3|3', "$name: sums by $type and $money");
		is(sql(qq{
SET timezone = 'America/New_York';
SELECT count(*),
       count(*) FILTER (WHERE t.frequency = (s).frequency AND t.recency = (s).recency AND t.age = (s).age
                          AND close(t.monetary_value, (s).monetary_value)
	AND t.purchases = (s).purchases AND close(t.revenue, (s).revenue) AND t.first_day = (s).first_day
	AND t.last_day = (s).last_day)
FROM ${name}_sample t
LEFT JOIN (SELECT customer, rfm_summary($at, amount::$money, '$last') AS s FROM $name GROUP BY customer) m
    USING (customer)}),
			"$sampled|$sampled", "$name: customer by customer, by $type and $money");
	}
	# monetary_value is over the very days that frequency counts: with what came
	# before the second of them, that is all
	is(sql(qq{
CREATE INDEX ON $name (customer, date);
SELECT count(*),
       bool_and(close((s).frequency * coalesce((s).monetary_value, 0) + coalesce((r).revenue, 0), (s).revenue))
FROM ${name}_sample t
JOIN (SELECT customer, rfm_summary(date, amount, '$last') AS s FROM $name GROUP BY customer) m USING (customer),
	LATERAL (SELECT rfm_summary(date, amount,
	                            coalesce((SELECT min(date)
	                                      FROM $name n
	                                      WHERE n.customer = m.customer AND date > (s).first_day AND amount >= 0),
	                                     '$last')) AS r
	         FROM $name o WHERE o.customer = m.customer) first}),
		"$sampled|t", "$name: frequency x monetary_value is the revenue of the repeat days");
}
$node->stop;
done_testing();
