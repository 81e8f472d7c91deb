# Actual and expected repeat purchases of the CDNOW sample, by week and by number,
# against what an independent program computed.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my ($orders, $tracking, $frequency, $fits) = reference_files(
	qw(data/cdnow_sample_transactions.csv truth/tracking_cdnow_sample.csv truth/frequency_cdnow_sample.csv
	  truth/pnbd_fits.json));

my $node = start_server('tracking_truth', conf => 'client_min_messages = warning');
sql(qq{
CREATE TABLE orders (master_id int, sample_id int, day date, cds int, amount double precision);
\\copy orders FROM '$orders' CSV HEADER
CREATE TABLE week (period_start date, actual bigint, expected_bgnbd double precision, expected_mbgnbd double precision,
	expected_paretonbd double precision, cumulative_actual bigint, cumulative_bgnbd double precision,
	cumulative_mbgnbd double precision, cumulative_paretonbd double precision, complete boolean);
\\copy week FROM '$tracking' CSV HEADER
CREATE TABLE number (frequency int, actual bigint, expected_bgnbd double precision, expected_mbgnbd double precision,
	expected_paretonbd double precision);
\\copy number FROM '$frequency' CSV HEADER
CREATE TABLE value AS SELECT customer_activity(sample_id, day) AS a FROM orders;
CREATE FUNCTION far(a double precision, b double precision) RETURNS double precision
RETURN abs(a - b) / greatest(abs(b), 1);
});

# The model, and the columns of its truth
for my $case ([ 'fit_bgnbd', 'bgnbd' ], [ 'fit_mbgnbd', 'mbgnbd' ])
{
	my ($fit, $column) = @$case;

	sql(qq{CREATE TABLE model_$column AS SELECT $fit(a, '1997-10-01') AS m FROM value});
	is(sql(qq{
SELECT count(*), bool_and((t.actual, t.cumulative_actual, t.complete) = (w.actual, w.cumulative_actual, w.complete)),
       bool_and(far(t.expected, expected_$column) < 1e-7), bool_and(far(t.cumulative_expected, cumulative_$column) < 1e-7)
FROM week w FULL JOIN (
	SELECT t.* FROM value, model_$column, tracking_table(m, a, '7 days', as_of => '1998-07-01') t
) t USING (period_start)}), '79|t|t|t', "$fit: 79 weeks, from the fit of the first 39");
	is(sql(qq{
SELECT count(*), bool_and(t.actual = n.actual), bool_and(far(t.expected, expected_$column) < 1e-7)
FROM number n FULL JOIN (
	SELECT t.* FROM value, model_$column, frequency_table(m, a, as_of => '1997-10-01') t
) t USING (frequency)}), '8|t|t', "$fit: customers by number of repeat purchases");
}
$node->stop;
done_testing();
