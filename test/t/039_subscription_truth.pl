# MRR by period, how it moved, and what was kept of it, of a book of 2,890
# contracts with upgrades, downgrades, pauses, overlaps and returns, against numbers
# that independent programs computed: money exactly, ratios to 1e-14.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

# Each truth: the end of its file's name, the columns that tell its rows apart, and
# what computes its rows
my $as_of = '2024-03-16';
my @truths = ([ 'movements', 'customer', q{mrr_movements(s, '[2024-02-01,2024-03-01)')} ]);
for my $grace (0, 3)
{
	for my $period ('1 month', '3 months')
	{
		(my $length = $period) =~ s/ //;
		push @truths,
		  [ "mrr_${_}_${length}_grace$grace", 'period_start', "mrr_table(s, '$period', '$as_of', '$_', $grace)" ]
		  for qw(net daily);
		push @truths,
		  [ "mrr_cohort_${length}_grace$grace", 'cohort, age', "mrr_cohort_table(s, '$period', '$as_of', $grace)" ];
	}
	for my $within ('3 months', '12 months')
	{
		(my $length = $within) =~ s/ //;
		push @truths,
		  [ "mrr_retention_${length}_grace$grace", 'period_start',
			"mrr_retention_table(s, '$within', as_of => '$as_of', grace => $grace)" ];
	}
}
my ($contracts, @files) = reference_files('truth/subscriptions_contracts.csv',
	map { "truth/subscriptions_$_->[0].csv" } @truths);

my $node = start_server('subscription_truth', conf => 'extra_float_digits = 1');
sql(qq{
CREATE FUNCTION same(a anyelement, b anyelement) RETURNS boolean LANGUAGE sql AS 'SELECT a IS NOT DISTINCT FROM b';
CREATE FUNCTION same(a double precision, b double precision) RETURNS boolean
RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= 1e-14 * greatest(1, abs(b)) END;
CREATE TABLE contract (customer bigint, started date, ended date, amount numeric);
\\copy contract FROM '$contracts' CSV HEADER
CREATE TABLE value AS SELECT customer_subscriptions(customer, started, ended, amount) AS s FROM contract;
});

# One value, however it is made
is(sql(q{
SELECT count(*), bool_and(s = t)
FROM value, (
	SELECT customer_subscriptions(customer, started, ended, amount::double precision) FROM contract
	UNION ALL SELECT customer_subscriptions(customer, started + time '00:01', ended + time '23:59', amount
	                                        ORDER BY hashint8(customer)) FROM contract
	UNION ALL SELECT rollup(x)
	FROM (SELECT customer_subscriptions(customer, started, ended, amount) FROM contract GROUP BY started) y(x)) z(t)
}), '3|t', 'one value, however it is made');

for my $i (0 .. $#truths)
{
	my ($name, $key, $table) = @{ $truths[$i] };

	sql(qq{
DROP TABLE IF EXISTS found, truth;
CREATE TABLE found AS SELECT t.* FROM value, $table t;
CREATE TABLE truth AS TABLE found WITH NO DATA;
\\copy truth FROM '$files[$i]' CSV HEADER
});
	# the names of the columns are those of the file
	open my $csv, '<', $files[$i] or die "$files[$i]: $!";
	chomp(my $header = <$csv>);
	close $csv;
	is(sql(q{SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'found'::regclass AND attnum > 0}), $header, "$name: columns");
	my $same = join ' AND ', map { "same(t.$_, f.$_)" } split /,/, $header;
	my $join = "FROM truth t FULL JOIN found f USING ($key)";
	is(sql(qq{SELECT count(*) > 10, count(*) FILTER (WHERE NOT ($same)) $join}), 't|0', "$name: rows")
	  or diag(sql("SELECT t, f $join WHERE NOT ($same) LIMIT 3"));
}

# The comparison can fail
is(sql(q{SELECT same(1.50, 1.5), same(1.5, 1.501), same(0.5::float8, 0.50000000001), same(0::float8, NULL),
	same(true, false), same(NULL::date, '2024-01-01')}), 't|f|f|f|f|f', 'same or not');

$node->stop;
done_testing();
