# The part of "run" that measures customer_purchases and what is read out of it,
# beside plain SQL.
use strict;
use warnings;

our ($rows, $modes);

my $month = "date_trunc('month', ordered_at)";

sub money
{
	session('serial')->query('DROP TABLE IF EXISTS purchases_stored');
	revenue_cohorts('numeric amounts, time order', 'orders_money');
	revenue_cohorts('numeric amounts, random order', 'orders_money_random');
	stored_purchases();
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
		my $r = compare($title, $mode, $table,
			[ 'floor: noop(customer, at, amount)', 'floor', "SELECT noop(customer_id, ordered_at, amount) FROM $table" ],
			[ 'floor: noop(customer, at)', 'other', "SELECT noop(customer_id, ordered_at) FROM $table", undef, { check => 'noop' } ],
			[ 'revenue_cohort_table', 'ours', our_revenue("customer_purchases(customer_id, ordered_at, amount)", $table) ],
			[ 'revenue_cohort_table, double precision', 'other',
				our_revenue("customer_purchases(customer_id, ordered_at, price)", $table) ],
			[ 'cohort_table, without the money', 'other',
				"SELECT count(*) FROM (SELECT customer_activity(customer_id, ordered_at) AS a FROM $table) s, cohort_table(a)",
				undef, { check => 'activity' } ],
			$mode ne 'serial' || $table ne 'orders_money' ? () : (
				[ 'SQL: sums by customer and month, window', 'sql', sql_revenue_window($table) ],
				[ 'SQL: first month, join', 'sql', sql_revenue_join($table) ])) or next;
		next if $mode ne 'serial';
		target("revenue cohorts, $what", $r, 'revenue_cohort_table', floor => $table =~ /random/ ? 2.2 : 1.8);
		target("revenue cohorts, $what", $r, 'revenue_cohort_table', sql => 1 / 6);
	}
	return;
}

# A cell without revenue has a row only here
sub our_revenue
{
	my ($aggregate, $table) = @_;
	return "SELECT t.cohort, t.age, t.revenue::float8
		FROM (SELECT $aggregate AS p FROM $table) s, revenue_cohort_table(p) t
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
	my $r;

	return if !wanted("$title, serial");
	need($_) for qw(orders_money purchases_stored);
	$r = compare($title, 'serial', 'purchases_stored',
		[ 'building it', 'other', 'SELECT customers(customer_purchases(customer_id, ordered_at, amount)) FROM orders_money',
			undef, { check => 'built' } ],
		[ 'rfm_summary ... GROUP BY', 'other',
			'SELECT count(s) FROM (SELECT rfm_summary(ordered_at, amount, timestamptz \'2025-01-01\') AS s FROM orders_money GROUP BY customer_id) x',
			undef, { check => 'rfm' } ],
		map { [ $_, 'ours', $readers{$_}, undef, { check => $_ } ] } sort keys %readers) or return;
	target('readers of stored purchases', $r, $_, 'building it' => 0.12) for sort keys %readers;
	return;
}

1;
