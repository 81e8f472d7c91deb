# A hot standby, made by pg_basebackup: stored values have the same bytes there, and
# every aggregate the same answer, before and after it becomes a server of its own.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use Calls;
use Golden;
use PostgreSQL::Test::Cluster;
use RetentionTest;
use Test::More;

my $primary = start_server('primary', streaming => 1, conf => "timezone = 'Europe/Berlin'\n");
sql(facts_sql(10_000, 1_000) . parts_sql());

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

# These and an index arrive by WAL
store_golden($primary, 'postgres');
sql(q{
CREATE TABLE later AS TABLE parts;
UPDATE later SET activity = activity_during(activity, '[2024-02-01,2024-03-01)') WHERE c % 2 = 0;
CREATE INDEX later_activity ON later (activity);
CREATE INDEX later_purchases ON later USING hash (purchases);
});

# Every answer, and a checksum of every table
my @calls = map { "SELECT $$_{call} FROM $$_{table};\nSELECT g, $$_{call} FROM $$_{table} GROUP BY g ORDER BY g;" }
	grep { defined $$_{call} } all_aggregates();
my $all = join "\n", @calls,
	map({ "SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE \"C\")) FROM $_ t;" } qw(facts parts later)),
	q{SET enable_seqscan = off;
SELECT count(*) FROM later WHERE activity = (SELECT activity FROM parts WHERE g = 1 AND c = 1);
SELECT count(*) FROM later WHERE purchases = (SELECT purchases FROM parts WHERE g = 1 AND c = 1);};

cmp_ok(scalar @calls, '>=', 100, 'all aggregates are called');
my $answers = sql($all);
my $golden = read_golden($primary, 'postgres');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('flush'));
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'the standby stands by');
is($standby->safe_psql('postgres', $all), $answers, 'the answers of a standby');
is(read_golden($standby, 'postgres'), $golden, 'values of every type on a standby');

$primary->stop;
$standby->promote;
is($standby->safe_psql('postgres', $all), $answers, 'the answers after promotion');
is($standby->safe_psql('postgres', 'UPDATE later SET activity = (SELECT rollup(activity) FROM parts) WHERE c = 1;
SELECT count(DISTINCT activity) FROM later WHERE c = 1'), '1', 'and values can be replaced');
is(read_golden($standby, 'postgres'), $golden, 'values of every type after promotion');
$standby->stop;

done_testing();
