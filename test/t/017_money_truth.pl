# clv of numeric and of double precision on purchases with refunds, compared
# with the expected results in the shared directory
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my ($orders, $truth) = reference_files(qw(truth/refunds_orders.csv truth/refunds_clv.csv));

my $node = start_server('money_truth');
sql(qq{
CREATE TABLE orders (c int, at date, amount numeric);
\\copy orders FROM '$orders' WITH (FORMAT csv, HEADER)
CREATE TABLE truth (range text, customers bigint, purchases bigint, revenue numeric, average double precision,
                    per_year double precision, years double precision, clv double precision);
\\copy truth FROM '$truth' WITH (FORMAT csv, HEADER)
});
is(sql('SELECT count(*) > 4000 FROM orders'), 't', 'there are orders');

# The file cuts the value by purchases: refunds belong to the latest purchase
# day not after them.  The aggregate sees rows, so only the whole is the same.
for my $type ('numeric', 'double precision')
{
	for my $time ('date', 'timestamp', 'timestamptz')
	{
		is(sql(qq{
SELECT (s).customers = customers, (s).purchases = purchases,
       (s).revenue = revenue::float8 OR '$type' <> 'numeric' AND abs((s).revenue - revenue::float8) < 1e-9,
       abs((s).average_purchase_value / average - 1) < 1e-14, abs((s).purchases_per_year / per_year - 1) < 1e-12,
       abs((s).relationship_years / years - 1) < 1e-12, abs((s).clv / truth.clv - 1) < 1e-14
FROM truth, (SELECT clv_summary(c, at::$time, amount::$type) AS s FROM orders) o WHERE range = 'all'}),
			't|t|t|t|t|t|t', "clv_summary of $type, $time");
	}
}
$node->stop;
done_testing();
