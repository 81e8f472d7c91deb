# Who comes back with a large order after any first one, in real orders, against
# what plain SQL and an independent program computed.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my ($orders, $cells) = reference_files('data/cdnow_master_transactions.csv', 'truth/return_cdnow.csv');

my $node = start_server('return_truth');
sql(qq{
CREATE TABLE orders (customer_id bigint, day date, cds integer, amount numeric);
\\copy orders FROM '$orders' CSV HEADER
CREATE TABLE cell (cohort date, age integer, customers bigint, retained bigint);
\\copy cell FROM '$cells' CSV HEADER
CREATE TABLE value AS SELECT customer_activity(customer_id, day) AS any_order,
	customer_activity(customer_id, day) FILTER (WHERE cds >= 3) AS large_order FROM orders;
});
is(sql(q{
SELECT count(*), bool_and((t.customers, t.retained) = (c.customers, c.retained))
FROM cell c FULL JOIN (SELECT t.* FROM value, return_table(any_order, large_order, as_of => '1998-07-01') t) t
	USING (cohort, age)}),
	'51|t', 'orders of three or more after the first of any size');
is(sql(q{
SELECT count(*), bool_and(t = c)
FROM (SELECT row_number() OVER () AS n, t FROM value, return_table(any_order, any_order) t) t
FULL JOIN (SELECT row_number() OVER () AS n, c FROM value, cohort_table(any_order) c) c USING (n)}),
	'51|t', 'any order after any order is cohort_table');
$node->stop;
done_testing();
