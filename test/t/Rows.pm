# Tables with the columns that Calls.pm names: facts, rows in which each customer has 7
# or 8, and parts, values of every stored type by group and customer.
package Rows;

use strict;
use warnings FATAL => 'all';
use Exporter qw(import);

our @EXPORT = qw(rows_and_parts);

# SQL that makes both.  Amounts are whole, so that sums are exact.
sub rows_and_parts
{
	my ($rows) = @_;
	my $customers = int($rows / 7.5);
	my $orders = int($rows * 0.3);

	return qq{
CREATE TABLE facts AS
	SELECT i % 7 AS g, k AS c, k, (i * 69621 % 2147483647) % $orders AS o,
		date '2024-01-01' + ((i * 16807 % 2147483647) % 180)::int AS d,
		((i * 39373 % 2147483647) % 100)::double precision AS amount,
		((i * 40014 % 2147483563) % 11)::int AS score, (i * 40692 % 2147483399) % 3 > 0 AS was,
		(i * 742938285 % 2147483647) % 5 < 2 AS now
	FROM generate_series(1::bigint, $rows) i, LATERAL (SELECT (i * 48271 % 2147483647) % $customers AS k) x;
} . q{
ALTER TABLE facts ADD ts timestamp, ADD tz timestamptz, ADD active_d daterange, ADD active_ts tsrange,
ADD active_tz tstzrange;
UPDATE facts SET ts = d + o * interval '1 second', tz = d + o * interval '1 second', active_d = daterange(d, d + 40),
	active_ts = tsrange(d, d + 40), active_tz = tstzrange(d, d + 40);
VACUUM ANALYZE facts;
CREATE TABLE parts AS
	SELECT g, c, retention_summary(was, now) AS retention, nps_summary(score) AS survey,
	       ces_summary(1 + score % 7) AS effort, customer_activity(c, d) AS activity, survival_curve(o, was) AS curve,
	       customer_purchases(c, d, (amount / 8)::numeric(12,3)) AS purchases,
	       customer_subscriptions(c, d, d + score, (amount / 8)::numeric(12,3)) AS subscriptions,
	       customer_events(c, d, score::text) AS events
	FROM facts GROUP BY g, c;
ALTER TABLE parts ADD cells revenue_cells;
UPDATE parts SET cells = (SELECT revenue_cells(p, '7 days', '2024-05-01') FROM (VALUES (purchases)) v(p));
ANALYZE parts;
};
}

1;
