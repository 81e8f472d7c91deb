# The part of "run" that measures customer_purchases and what is read out of it,
# beside plain SQL, DuckDB and ClickHouse.
use strict;
use warnings;
use List::Util qw(first max);

our ($rows, $customers, $modes, @targets);

my $month = "date_trunc('month', ordered_at)";

sub money
{
	session('serial')->query('DROP TABLE IF EXISTS purchases_stored');
	revenue_cohorts('numeric amounts, time order', 'orders_money');
	revenue_cohorts('numeric amounts, random order', 'orders_money_random');
	stored_purchases();
	purchases_memory();
	purchases_groups();
	return;
}

# A table of cohort revenue by month, from the rows
sub revenue_cohorts
{
	my ($what, $table) = @_;

	for my $mode (split /,/, $modes)
	{
		my $title = "revenue cohorts by month: $what";
		next if !wanted("$title, $mode");
		need($table);
		my $r = compare($title, $mode, $table, revenue_contenders($mode, $table)) or next;
		my $limit = $mode ne 'serial' ? 1.8 : $table =~ /random/ ? 2.2 : 1.8;
		target("revenue cohorts, $what, $mode", $r, 'revenue_cohort_table', floor => $limit);
		target("revenue cohorts, $what, $mode", $r, 'revenue_cohort_table', sql => 1 / 6);
		target("revenue cohorts, $what, $mode", $r, 'revenue_cohort_table', $_ => 'none') for qw(duckdb clickhouse);
	}
	return;
}

sub revenue_contenders
{
	my ($mode, $table) = @_;

	return (
		[ 'floor: noop(customer, at, amount)', 'floor', "SELECT noop(customer_id, ordered_at, amount) FROM $table" ],
		[ 'revenue_cohort_table', 'ours', our_revenue('customer_id, ordered_at, amount', $table) ],
		[ 'revenue_cohort_table, double precision', 'other', our_revenue('customer_id, ordered_at, price', $table) ],
		[ 'revenue_cohort_table, bigint', 'other', our_revenue('customer_id, ordered_at, cents', $table, ' / 100') ],
		[ 'cohort_table, without the money', 'other',
			"SELECT count(*) FROM (SELECT customer_activity(customer_id, ordered_at) AS a FROM $table) s, cohort_table(a)",
			undef, { check => 'activity' } ],
		$mode ne 'serial' || $table ne 'orders_money' ? () : (
			[ 'SQL: sums by customer and month, window', 'sql', sql_revenue_window($table) ],
			[ 'SQL: first month, join', 'sql', sql_revenue_join($table) ]),
		map { revenue_engines($_, $table) } qw(duckdb clickhouse));
}

# A cell without revenue has a row only here
sub our_revenue
{
	my ($arguments, $table, $unit) = @_;
	$unit //= '';
	return "SELECT t.cohort, t.age, t.revenue::float8$unit
		FROM (SELECT customer_purchases($arguments) AS p FROM $table) s, revenue_cohort_table(p) t
		WHERE t.active > 0 ORDER BY cohort, age";
}

# Age in months of month m in the cohort of month c
my $age = '((extract(year FROM m) - extract(year FROM c)) * 12 + extract(month FROM m) - extract(month FROM c))::int';

sub sql_revenue_window
{
	my ($table) = @_;
	return "SELECT c::date, $age, sum(r)::float8
		FROM (SELECT m, r, min(m) OVER (PARTITION BY customer_id) c
			FROM (SELECT customer_id, $month m, sum(amount) r FROM $table GROUP BY 1, 2) d) w
		GROUP BY c, m ORDER BY c, m";
}

sub sql_revenue_join
{
	my ($table) = @_;
	return "WITH f AS (SELECT customer_id, date_trunc('month', min(ordered_at)) c FROM $table GROUP BY customer_id)
		SELECT c::date, $age, r::float8
		FROM (SELECT c, $month m, sum(amount) r FROM $table o JOIN f USING (customer_id) GROUP BY 1, 2) x
		ORDER BY c, m";
}

# ---------------------------------------------------------------------------
# The other engines

sub revenue_engines
{
	my ($kind, $table) = @_;
	my $engine = engine($kind) or return;
	my %forms = $kind eq 'duckdb' ? duckdb_revenue($table) : clickhouse_revenue($table);

	load_engine($engine, $table);
	return map { [ "$kind: $_", $kind, $forms{$_}, undef, { engine => $engine } ] }
	  grep { $table eq 'orders_money' || !/window|sums, join/ } sort keys %forms;
}

sub duckdb_revenue
{
	my ($table) = @_;
	my $index = "date_diff('month', TIMESTAMP '2023-01-01', ordered_at)";
	my $cohort = "strftime(DATE '2023-01-01' + to_months(c::INTEGER), '%Y-%m-%d')";
	my $sums = "SELECT customer_id, $index m, sum(amount) r FROM $table GROUP BY customer_id, m";

	return (
		'first month, join' => "WITH f AS (SELECT customer_id, date_diff('month', TIMESTAMP '2023-01-01', min(ordered_at)) c FROM $table GROUP BY customer_id)
			SELECT $cohort, $index - c AS age, sum(amount)::DOUBLE FROM $table JOIN f USING (customer_id) GROUP BY c, age ORDER BY c, age",
		'sums, join' => "WITH d AS MATERIALIZED ($sums), f AS (SELECT customer_id, min(m) c FROM d GROUP BY customer_id)
			SELECT $cohort, m - c, sum(r)::DOUBLE FROM d JOIN f USING (customer_id) GROUP BY c, m ORDER BY c, m",
		'sums, window' => "SELECT $cohort, m - c, sum(r)::DOUBLE FROM (SELECT m, r, min(m) OVER (PARTITION BY customer_id) c FROM ($sums) d) w
			GROUP BY c, m ORDER BY c, m");
}

sub clickhouse_revenue
{
	my ($table) = @_;
	my $index = "(toRelativeMonthNum(ordered_at) - toRelativeMonthNum(toDate('2023-01-01')))";
	my $cohort = "addMonths(toDate('2023-01-01'), c)";

	return (
		'first month, join' => "SELECT $cohort, toInt32($index - c) age, toFloat64(sum(amount))
			FROM $table JOIN (SELECT customer_id, toRelativeMonthNum(min(ordered_at)) - toRelativeMonthNum(toDate('2023-01-01')) c FROM $table GROUP BY customer_id) f USING (customer_id)
			GROUP BY c, age ORDER BY c, age",
		'sumMap per customer' => "SELECT $cohort, toInt32(m - c), toFloat64(sum(r))
			FROM (SELECT sumMap([$index], [amount]) s, s.1[1] c, arrayJoin(arrayZip(s.1, s.2)) x, x.1 m, x.2 r FROM $table GROUP BY customer_id)
			GROUP BY c, m ORDER BY c, m",
		'sums, join' => "WITH d AS (SELECT customer_id, $index m, sum(amount) r FROM $table GROUP BY customer_id, m)
			SELECT $cohort, toInt32(m - c), toFloat64(sum(r))
			FROM d JOIN (SELECT customer_id, min(m) c FROM d GROUP BY customer_id) f USING (customer_id)
			GROUP BY c, m ORDER BY c, m");
}

# ---------------------------------------------------------------------------
# The value itself

# What is read out of one stored value, against building it
sub stored_purchases
{
	my %readers = (
		revenue_cohort_table => 'SELECT count(*) FROM purchases_stored, revenue_cohort_table(p)',
		revenue_table => 'SELECT count(*) FROM purchases_stored, revenue_table(p)',
		rfm_table => 'SELECT count(*) FROM purchases_stored, rfm_table(p)',
		customer_states => 'SELECT count(*) FROM purchases_stored, customer_states(p)',
		gini => 'SELECT gini(p) FROM purchases_stored',
		revenue => 'SELECT revenue(p) FROM purchases_stored');
	my $title = 'readers of stored purchases';
	my $from_rows = '(SELECT customer_purchases(customer_id, ordered_at, amount) AS p FROM orders_money) s';
	my $rfm_summary = "SELECT count(s) FROM (SELECT rfm_summary(ordered_at, amount, timestamptz '2025-01-01') AS s FROM orders_money GROUP BY customer_id) x";
	my ($r, $rfm);

	return if !wanted("$title, serial");
	need($_) for qw(orders_money purchases_stored);
	print "\nthe stored value: ", session('serial')->query("SELECT pg_size_pretty(n) || ', ' || round(n::numeric / active_days(p), 2) || ' bytes per customer and day'
		FROM (SELECT p, octet_length(customer_purchases_send(p))::bigint n FROM purchases_stored) x"), "\n";
	$r = compare($title, 'serial', 'purchases_stored',
		[ 'floor: noop(customer, at, amount)', 'floor', 'SELECT noop(customer_id, ordered_at, amount) FROM orders_money' ],
		[ 'building it', 'other', "SELECT customers(p) FROM $from_rows", undef, { check => 'built' } ],
		[ 'rfm_summary ... GROUP BY', 'other', $rfm_summary, undef, { check => 'rfm_table' } ],
		[ 'rfm_table, from the rows', 'other', "SELECT count(*) FROM $from_rows, rfm_table(p)", undef, { check => 'rfm_table' } ],
		[ 'noop_rows: as many rows', 'other', "SELECT count(*) FROM noop_rows((SELECT customers(p) FROM purchases_stored))", undef, { check => 'rfm_table' } ],
		map { [ $_, 'ours', $readers{$_}, undef, { check => $_ } ] } sort keys %readers) or return;
	target("$_ of stored purchases", $r, $_, 'building it' => 0.12) for grep { $_ ne 'rfm_table' } sort keys %readers;
	target('rfm_table of stored purchases', $r, 'rfm_table', 'noop_rows: as many rows' => 'none');
	target('rfm_table', $r, 'rfm_table, from the rows', floor => 3);
	target('rfm_table', $r, 'rfm_table, from the rows', 'rfm_summary ... GROUP BY' => 0.5);
	$rfm = first { $_->{name} eq 'rfm_table' } @$r;
	push @targets, verdict('rfm_table of stored purchases: CPU, ns per customer', 1e6 * $rfm->{cpu_ms} / $customers, 800) if $rfm;
	return;
}

# As memory() of customer_activity
sub purchases_memory
{
	return if !wanted('memory of purchases');
	print "\n== memory of purchases, serial, beyond the floor's, bytes per customer\n";
	memory_of('customer_purchases', 'as in the tables above', 'orders_money', 'customer_id, ordered_at, amount', 'none');
	memory_of('customer_purchases', '10 days each', 'orders_even', 'customer_id, ordered_at, 12.34', 120);
	return;
}

# The same rows in one group and in many, against customer_activity
sub purchases_groups
{
	# the second is of ten customers, the third of ten rows
	my @groups = (1, max(1, int($customers / 10)), $customers);
	my $title = "purchases groups: the same rows in 1 to $groups[-1] groups";
	my (@contenders, $r);

	return if !wanted("$title, hashed");
	need('orders_money');
	for my $n (@groups)
	{
		push @contenders, map { [ "$_->[0], $n groups", $_->[1], "SELECT count(*), sum($_->[2]) FROM (SELECT $_->[3] v FROM orders_money GROUP BY customer_id % $n) x" ] }
		  [ 'floor: noop', 'floor', 'v', 'noop(customer_id, ordered_at, amount)' ],
		  [ 'customer_purchases', 'ours', 'customers(v)', 'customer_purchases(customer_id, ordered_at, amount)' ],
		  [ 'customer_activity', 'other', 'customers(v)', 'customer_activity(customer_id, ordered_at)' ],
		  [ 'array_agg', 'sql', 'cardinality(v)', 'array_agg(ordered_at)' ];
	}
	$r = compare($title, 'hashed', 'orders_money', @contenders) or return;
	small_groups($r, 'customer_purchases', @groups);
	target('customer_purchases in groups', $r, "customer_purchases, $groups[1] groups", "customer_activity, $groups[1] groups" => 1.5);
	return;
}

1;
