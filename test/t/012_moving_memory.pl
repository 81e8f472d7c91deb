# The memory of a moving frame is that of the customers in it, however many
# have passed through; that of the functions that go row by row is constant.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $kb = 1024;

# The frame holds 300 customers at a time, of 300,000 that come by
my $frame = 300;
my $rows = 1000 * $frame;

my $node = start_server('moving_memory',
	conf => "work_mem = '64MB'\nmax_parallel_workers_per_gather = 0\nautovacuum = off");
sql(qq{
-- read in the order of i by its index, which takes no memory of the backend
CREATE TABLE visit AS SELECT i, timestamp '2024-01-01' + i * interval '1 minute' AS at FROM generate_series(1, $rows) i;
CREATE UNIQUE INDEX ON visit (i);
CREATE INDEX ON visit (at);
VACUUM ANALYZE visit;
-- what PostgreSQL knows to be allocated by this backend
CREATE FUNCTION allocated() RETURNS bigint LANGUAGE plpgsql AS \$\$
BEGIN
	RETURN (SELECT sum(total_bytes) FROM pg_backend_memory_contexts);
END \$\$;
-- the same from outside: pages of the process's own
CREATE FUNCTION resident() RETURNS bigint LANGUAGE plpgsql AS \$\$
BEGIN
	RETURN 1024 * substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s*(\\d+)')::bigint;
END \$\$;
});
my $resident = -r '/proc/self/status' ? 'resident()' : 'NULL::bigint';

# Bytes by which memory grows, in the middle of a query, from row $early to row
# $last of a call over a window; and the results at these rows
sub growth
{
	my ($call, $window, $early, $last) = @_;
	my $out = sql(qq{
SET enable_sort = off; SET enable_seqscan = off; SET enable_bitmapscan = off;
DO \$\$ BEGIN PERFORM allocated(), $resident; END \$\$;
SELECT n, allocated, resident
FROM (SELECT i, $call OVER ($window) AS n,
	CASE WHEN i IN ($early, $last) THEN allocated() END AS allocated,
	CASE WHEN i IN ($early, $last) THEN $resident END AS resident FROM visit) x
WHERE allocated IS NOT NULL ORDER BY i});
	my ($first, $second) = map { [ split /\|/, $_, -1 ] } split /\n/, $out;

	return { results => "$first->[0] $second->[0]", allocated => $second->[1] - $first->[1],
		resident => $first->[2] eq '' ? undef : $second->[2] - $first->[2] };
}

sub stays
{
	my ($title, $results, @window) = @_;
	my $grown = growth(@window);

	is($grown->{results}, $results, "$title: the numbers are right");
	# a byte a row would be 300 kB
	cmp_ok($grown->{allocated}, '<', 64 * $kb, "$title: nothing is allocated for those who have passed");
  SKIP:
	{
		skip 'no /proc/self/status', 1 unless defined $grown->{resident};
		cmp_ok($grown->{resident}, '<', 256 * $kb, "$title: the process does not grow");
	}
}

# The instrument: a frame that keeps everybody is seen to grow
my $all = growth('active_customers(i)', 'ORDER BY i', 2 * $frame, $rows);
is($all->{results}, 2 * $frame . " $rows", 'a growing frame: the numbers are right');
cmp_ok($all->{allocated}, '>', 8 * $rows, 'a growing frame is seen to take memory for each customer');
SKIP:
{
	skip 'no /proc/self/status', 1 unless defined $all->{resident};
	cmp_ok($all->{resident}, '>', 8 * $rows, 'a growing frame is seen from outside, too');
}

my $preceding = $frame - 1;
for my $key ('i', 'i::text', 'i::numeric', 'md5(i::text)::uuid')
{
	stays("$key, ROWS", "$frame $frame", "active_customers($key)", "ORDER BY i ROWS $preceding PRECEDING", 2 * $frame,
	      $rows);
}
stays('RANGE', "$frame $frame", 'active_customers(i)', "ORDER BY i RANGE $preceding PRECEDING", 2 * $frame, $rows);
stays('GROUPS', "$frame $frame", 'active_customers(i)', "ORDER BY i GROUPS $preceding PRECEDING", 2 * $frame, $rows);
stays('RANGE of days', "$frame $frame", 'active_customers(i)', "ORDER BY at RANGE '$preceding minutes' PRECEDING",
      2 * $frame, $rows);
# each customer ten times in the frame, and half of the rows nobody's
stays('repeated', $frame / 10 . ' ' . $frame / 10, 'active_customers(i / 10)', "ORDER BY i ROWS $preceding PRECEDING",
      2 * $frame - 1, $rows - 1);
stays('nobody', $frame / 2 . ' ' . $frame / 2, 'active_customers(CASE WHEN i % 2 = 0 THEN i END)',
      "ORDER BY i ROWS $preceding PRECEDING", 2 * $frame, $rows);
# frames that run empty and fill again, a thousand times
stays('refilled', "$frame $frame", "active_customers(CASE WHEN i / $frame % 2 = 0 THEN i END)",
      "ORDER BY i ROWS $preceding PRECEDING", 3 * $frame - 1, $rows - $frame - 1);
# customers that come back and a volatile argument, for which each frame is counted anew
stays('volatile', '9 9', 'active_customers(i + (random() * 0)::int)', 'ORDER BY i ROWS 8 PRECEDING', 2 * $frame,
      200 * $frame);

# The rates over a frame, which are counters
stays('nps', '0 0', 'nps(7 + i % 2)', "ORDER BY i ROWS $preceding PRECEDING", 2 * $frame, $rows);
stays('retention_rate', '0.5 0.5', 'retention_rate(true, i % 2 = 0)', "ORDER BY i ROWS $preceding PRECEDING",
      2 * $frame, $rows);

# Row by row: all rows are one partition
stays('lifecycle_state', 'retained retained', q{lifecycle_state(at, '1 hour')}, 'ORDER BY at', 2 * $frame, $rows);
stays('relationship_number', 2 * $frame . " $rows", q{relationship_number(at, '10 seconds')}, 'ORDER BY at', 2 * $frame,
      $rows);
stays('churned', 'f t', q{churned(at, '1 hour', '2100-01-01')}, 'ORDER BY at', 2 * $frame, $rows);
stays('churned by the month', 'f f', q{churned(at, '1 month', '2024-01-20')}, 'ORDER BY at', 2 * $frame, 20 * $frame);
# a span per row
stays('spans', 'retained retained', q{lifecycle_state(at, (i % 100 + 1) * interval '1 hour')}, 'ORDER BY at',
      2 * $frame, $rows);

$node->stop;
done_testing();
