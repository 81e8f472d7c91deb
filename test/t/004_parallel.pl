# Every aggregate of the extension, whatever its arguments: parallel workers
# give what one process gives, over a plan that really is partial.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use Calls;
use RetentionTest;
use Test::More;

my $node = start_server('parallel',
	conf => "max_worker_processes = 16\nmax_parallel_workers = 8\nwork_mem = '64MB'\ntimezone = 'Europe/Berlin'");

# 300,000 rows of 40,000 customers; amounts are whole, so that sums are exact
sql(q{
CREATE TABLE facts AS
	SELECT i % 7 AS g, k AS c, k, (i * 69621 % 2147483647) % 90000 AS o,
		date '2024-01-01' + ((i * 16807 % 2147483647) % 180)::int AS d,
		((i * 39373 % 2147483647) % 100)::double precision AS amount,
		((i * 40014 % 2147483563) % 11)::int AS score, (i * 40692 % 2147483399) % 3 > 0 AS was,
		(i * 742938285 % 2147483647) % 5 < 2 AS now
	FROM generate_series(1::bigint, 300000) i, LATERAL (SELECT (i * 48271 % 2147483647) % 40000 AS k) x;
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
});

my @aggregates = all_aggregates();
cmp_ok(scalar @aggregates, '>=', 30, 'there are aggregates');

my $serial = 'SET max_parallel_workers_per_gather = 0;';
my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;};
my $partial = qr/Gather.*Partial (Hash|Group)?Aggregate/s;

for my $aggregate (@aggregates)
{
	my ($name, @types) = @$aggregate;
	my $call = aggregate_call($name, @types);
	my $title = "$name(" . join(', ', @types) . ')';

	ok(defined $call, "$title: this test knows its arguments") or next;
	my $table = takes_parts(@types) ? 'parts' : 'facts';
	my (undef, undef, $error) = $node->psql('postgres',
		"SET client_min_messages = error; SELECT $call FROM (SELECT * FROM $table LIMIT 100) few");
	is($error, '', "$title: and they are values that it takes") or next;

	# one session for all queries: to start servers takes longer than to aggregate
	my @queries = ("SELECT $call FROM $table",
		"SELECT g, $call, count(*) FROM $table GROUP BY g ORDER BY g",
		"SELECT $call FROM $table WHERE c + 0 = 77",
		"SELECT $call FROM $table WHERE c + 0 < 0");
	my @answers = split /^--end--\n?/m, sql(join '', map { "$_;\n\\echo --end--\n" } map {
		("$parallel EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) $_", $_, "$serial $_") } @queries), -1;
	chomp @answers;
	for my $query (@queries)
	{
		my ($plan, $many, $one) = splice @answers, 0, 3;
		my $what
		    = $query =~ /GROUP/ ? 'grouped' : $query =~ /77/ ? 'one customer' : $query =~ /WHERE/ ? 'no rows' : 'all';

		like($plan, $partial, "$title: partial plan, $what");
		like($plan, qr/Workers Launched: [123]/, "$title: with workers, $what");
		is($many, $one, "$title: parallel = serial, $what");
		isnt($one, '', "$title: a number, $what") unless $what =~ /no rows|one customer/;
		# a count of nobody is no rate of nobody
		is($one, $name eq 'active_customers' ? '0' : '', "$title: nothing, $what") if $what eq 'no rows';
	}
}

$node->stop;
done_testing();
