# A cancelled statement ends soon, wherever it is, and the session lives on.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use IPC::Run;
use Time::HiRes qw(sleep time);
use RetentionTest;
use Test::More;

# Seconds from the cancel to the end.  Expected are milliseconds; the bound is
# that of the promise, with a margin for machines that are busy otherwise.
my $bound = 2;

my $node = start_server('cancel');

# 10 million rows that come one by one, from as many customers
my $rows = q{(SELECT generate_series(1, 10000000) AS i) r};
my $date = q{date '2024-01-01' + i % 60};
my %queries = (
	'retention_rate, one group'
	    => qq{SELECT retention_rate(i, $date, '[2024-01-01,2024-02-01)', '[2024-02-01,)') FROM $rows},
	'retention_rate, text customers'
	    => qq{SELECT retention_rate(i::text, $date, '[2024-01-01,2024-02-01)', '[2024-02-01,)') FROM $rows},
	'retention_rate, subscriptions'
	    => qq{SELECT retention_rate(i, daterange($date, NULL), '[2024-02-01,2024-03-01)') FROM $rows},
	'clv_summary, one group' => qq{SELECT clv_summary(i, $date, i) FROM $rows},
	'clv, many groups' => qq{SELECT count(*) FROM (SELECT clv(i, $date, i) FROM $rows GROUP BY i % 100000) x},
	'repeat_purchase_rate within' => qq{SELECT repeat_purchase_rate(i / 2, $date, '8 weeks') FROM $rows},
	'customer_events, one customer'
	    => qq{SELECT customer_events(1, timestamp '2024-01-01' + i * 7919::bigint % 9999991 * interval '1 s', 'e')::text
	          FROM $rows},
	'points_used, one member'
	    => q{SELECT count(used)
	         FROM (SELECT points_used(at, i % 7 - 3, at + i * 7919::bigint % 1000003 * interval '1 s',
	                   timestamp '2024-06-01') OVER (ORDER BY at) AS used
	         FROM generate_series(1, 3000000) i,
	              LATERAL (SELECT timestamp '2024-01-01' + i % 1000 * interval '1 hour' AS at) t) x},
	'fit_pareto_nbd, all histories distinct'
	    => qq{SELECT fit_pareto_nbd(i % 20, CASE WHEN i % 20 > 0 THEN 1 + i * 7919::bigint % 999983 / 1000.0 ELSE 0 END,
	              1001 + i % 1000 / 7.0) FROM generate_series(1, 1000000) i},
	'funnel_attempts, one customer'
	    => q{SELECT count(*) FROM story, funnel_attempts(e, array_fill('e'::text, '{32}'), '100 days', 'all')});

sql(q{CREATE TABLE story AS
	SELECT customer_events(1, timestamp '2024-01-01' + i * interval '1 minute', 'e') AS e
	FROM generate_series(1, 1000000) i});

for my $name (sort keys %queries)
{
	for my $timeout (300, 1000, 1700)
	{
		my ($rc, $out, $err) = $node->psql('postgres', qq{
SET statement_timeout = '${timeout}ms';
SELECT clock_timestamp() AS before \\gset
$queries{$name};
\\echo :SQLSTATE
SET statement_timeout = 0;
SELECT extract(epoch FROM clock_timestamp() - :'before')::float8 - $timeout / 1000.0;
SELECT retention_rate(i, date '2024-01-15', '[2024-01-01,2024-02-01)', '[2024-02-01,)') FROM generate_series(1, 100) i;
}, on_error_stop => 0);
		my ($state, $late, $after) = (split /\n/, $out)[-3 .. -1];

	  SKIP:
		{
			# a fast machine may be through before a late timeout
			skip "$name: finished within $timeout ms", 3 if $state eq '00000' && $timeout > 300;
			is($state, '57014', "$name: cancelled after $timeout ms");
			cmp_ok($late, '<', $bound, "$name: ended soon after $timeout ms");
			is($after, '0', "$name: the session lives on");
		}
	}
}

# By pg_cancel_backend, in the middle of the work, several times one session
my ($in, $out, $err) = ('', '', '');
my $psql = IPC::Run::start(
	[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-v', 'ON_ERROR_STOP=0' ],
	'<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout(120));

$in .= "SELECT 'pid ' || pg_backend_pid();\n";
$psql->pump until $out =~ /pid (\d+)\n/;
my ($pid) = $out =~ /pid (\d+)/;

for my $wait (0.2, 0.9)
{
	for my $name ('retention_rate, one group', 'clv_summary, one group')
	{
		($out, $err) = ('', '');
		$in .= "$queries{$name};\n\\echo done :SQLSTATE\n";
		$psql->pump_nb;
		ok($node->poll_query_until('postgres', qq{
SELECT state = 'active' AND query LIKE '%generate_series%' FROM pg_stat_activity WHERE pid = $pid}),
			"$name: running");
		sleep $wait;
		sql("SELECT pg_cancel_backend($pid)");
		my $begin = time;
		$psql->pump until $out =~ /done (\S+)\n/;
		my $late = time - $begin;
		like($out, qr/done 57014/, "$name: cancelled by another session");
		cmp_ok($late, '<', $bound, "$name: ended soon");
	}
}
$out = '';
$in .= "SELECT 'alive ' || clv(i, date '2024-01-01', 5) FROM generate_series(1, 9) i;\n\\q\n";
$psql->finish;
like($out, qr/alive 5/, 'the session lives on');

$node->stop;
done_testing();
