# Funnels of 3,000 generated customers, with many events at one instant, against
# numbers that independent programs computed: greedy attempts, lateral joins, a
# search over all chains.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my %file;
my @names = map { "truth/funnel_$_.csv" } qw(events counts customers);
@file{qw(events counts customers)} = reference_files(@names);
my $node = start_server('funnel_truth', conf => "extra_float_digits = 1\ntimezone = 'UTC'");

sql(qq{
CREATE TABLE events (customer bigint, at timestamp, event text);
\\copy events FROM '$file{events}' CSV HEADER
CREATE TABLE counts (funnel text, steps text[], within interval, attempt text, period interval, as_of date,
	period_start date, step int, event text, customers bigint, conversion_rate double precision,
	step_rate double precision, median_seconds double precision, median_total_seconds double precision,
	complete boolean);
\\copy counts FROM '$file{counts}' CSV HEADER
CREATE TABLE customers (funnel text, attempt text, customer bigint, step int, started timestamp);
\\copy customers FROM '$file{customers}' CSV HEADER
CREATE TABLE value AS
	SELECT 'timestamp' AS kind, customer_events(customer, at, event) AS e FROM events
	UNION ALL SELECT 'timestamptz', customer_events(customer, at AT TIME ZONE 'UTC', event) FROM events;
CREATE TABLE funnels AS SELECT DISTINCT funnel, steps, within, attempt, period, as_of FROM counts;
CREATE FUNCTION near(a double precision, b double precision) RETURNS boolean LANGUAGE sql
RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL ELSE abs(a - b) <= 1e-12 * greatest(1, abs(b)) END;
});
is(sql('SELECT count(*), count(DISTINCT funnel) FROM funnels'), '10|5', 'there are five funnels');
is(sql('SELECT bool_and(customers(e) = 3000), sum((SELECT sum(events) FROM event_table(e))) FROM value'), 't|74724',
	'rows that are there twice count once');

# Counts, rates and medians
for my $kind (qw(timestamp timestamptz))
{
	my $rows = sql('SELECT count(*) FROM counts');
	my $same = q{t.customers = m.customers AND t.event = m.event AND near(m.conversion_rate, t.conversion_rate)
		AND near(m.step_rate, t.step_rate) AND near(m.median_seconds, t.median_seconds)
		AND near(m.median_total_seconds, t.median_total_seconds) AND t.complete = m.complete};
	my $joined = qq{counts t FULL JOIN (
		SELECT funnel, f.attempt, m.* FROM value, funnels f,
		       funnel_table(e, steps, within, f.attempt, f.period, f.as_of) m WHERE kind = '$kind') m
		ON (t.funnel, t.attempt, t.step) = (m.funnel, m.attempt, m.step)
		   AND coalesce(t.period_start, '-infinity') = coalesce(m.period_start, '-infinity')};

	is(sql("SELECT count(*), count(*) FILTER (WHERE $same) FROM $joined"), "$rows|$rows", "$kind: counts")
	  or diag(sql("SELECT t, m FROM $joined WHERE NOT coalesce($same, false) LIMIT 5"));
}

# How far each customer gets, and when the attempt began
my $customers = sql('SELECT count(*) FROM customers');
my $joined = q{customers t FULL JOIN (
	SELECT funnel, f.attempt, m.customer, max(m.step) AS step, min(m.at) AS started
	FROM value, funnels f, funnel_attempts(e, steps, within, f.attempt, f.as_of) m
	WHERE kind = 'timestamp' AND funnel IN (SELECT funnel FROM customers) GROUP BY 1, 2, 3) m
	USING (funnel, attempt, customer)};
is(sql("SELECT count(*), count(*) FILTER (WHERE t.step = m.step AND t.started = m.started) FROM $joined"),
	"$customers|$customers", 'customers')
  or diag(sql("SELECT t, m FROM $joined WHERE (t.step = m.step AND t.started = m.started) IS NOT TRUE LIMIT 5"));

# With everything known the best attempts are the levels that ClickHouse's windowFunnel finds for within - 1
my @levels = (
	[ '{view,cart,buy}', '24 hours', '2966,2442,1576' ],
	[ '{view,search,cart,buy,return}', '7 days', '2966,2169,1302,619,124' ],
	[ '{view,view,buy}', '3 days', '2966,2661,1515' ],
	[ '{cart,buy,cart,buy}', '30 days', '2477,1842,1127,664' ]);
for my $level (@levels)
{
	is(sql(qq{
SELECT string_agg(customers::text, ',' ORDER BY step)
FROM value, funnel_table(e, '$level->[0]', '$level->[1]', as_of => '2025-01-01') WHERE kind = 'timestamp'}),
		$level->[2], "$level->[0]: levels");
}

$node->stop;
done_testing();
