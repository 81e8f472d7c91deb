# The part of "run" that measures how long customers stay: the survival curve
# and its table, the log-rank test, the model of contracts.
use strict;
use warnings;
use List::Util qw(max min uniq);

our ($rows, $modes, $failures);

my $z = 1.959963984540054;

sub survival
{
	curves('few distinct days', 'days', 1.5);
	curves('a tenth as many distinct durations as rows', 'fine', 4);
	dates();
	logrank();
	contract_model();
	curve_readers();
	curve_groups();
	return;
}

# ---------------------------------------------------------------------------
# The curve, and the table read from it

sub curves
{
	my ($what, $column, $limit) = @_;
	my $curve = "(SELECT survival_curve($column, churned) c FROM contracts OFFSET 0) s";
	my $sums = 'count(*), sum(churned), sum(censored), sum(at_risk), sum(survival), sum(std_error), sum(lower), sum(upper), sum(cumulative_hazard)';

	for my $mode (split /,/, $modes)
	{
		my $title = "survival curve: $what";
		next if !wanted("$title, $mode");
		need_contracts();
		my $r = compare($title, $mode, 'contracts',
			[ 'floor: count(*), sum(duration)', 'floor', "SELECT count(*), sum($column) FROM contracts" ],
			[ 'survival_curve', 'ours', "SELECT median_lifetime(c) FROM $curve", undef, { check => 'median' } ],
			[ 'survival_table', 'ours', "SELECT $sums FROM $curve, survival_table(c)" ],
			[ 'SQL: GROUP BY, then windows', 'sql', "SELECT $sums FROM (" . sql_table(grouped($column)) . ') t' ],
			[ 'SQL: windows over the rows', 'sql', "SELECT $sums FROM (" . sql_table(windowed($column)) . ') t' ]) or next;
		target("$title, $mode", $r, 'survival_curve', floor => $mode eq 'serial' ? $limit : 'none');
		next if $mode ne 'serial';
		target("survival table, $what", $r, 'survival_table', 'SQL: windows over the rows' => 1 / 20);
		target("survival table, $what", $r, 'survival_table', 'SQL: GROUP BY, then windows' => 1 / 20);
	}
	return;
}

# Numbers of those who left and who were observed no longer, per duration, and
# of those at risk before it
sub grouped
{
	my ($column) = @_;
	return "SELECT t, d, m - d c, sum(m) OVER (ORDER BY t DESC)::float8 n
		FROM (SELECT $column t, count(*) FILTER (WHERE churned) d, count(*) m FROM contracts GROUP BY $column) g";
}

# The same as it is mostly written: the windows over the rows
sub windowed
{
	my ($column) = @_;
	return "SELECT DISTINCT $column t, count(*) FILTER (WHERE churned) OVER same d, count(*) FILTER (WHERE NOT churned) OVER same c,
			(count(*) OVER (ORDER BY $column DESC))::float8 n
		FROM contracts WINDOW same AS (PARTITION BY $column)";
}

# Kaplan-Meier, Greenwood's error, log-log limits and Nelson-Aalen over those
sub sql_table
{
	my ($counts) = @_;
	return "SELECT t, n AS at_risk, d AS churned, c AS censored, s AS survival, s * sqrt(v) AS std_error,
			CASE WHEN s < 1 THEN s ^ exp(-$z * sqrt(v) / ln(s)) END AS lower,
			CASE WHEN s < 1 THEN s ^ exp($z * sqrt(v) / ln(s)) END AS upper, h AS cumulative_hazard
		FROM (SELECT t, n, d, c, CASE WHEN d = n THEN 0 ELSE exp(sum(ln(nullif(1 - d / n, 0))) OVER w) END s,
				sum(d / (n * nullif(n - d, 0))) OVER w v, sum(d / n) OVER w h
			FROM ($counts) k WINDOW w AS (ORDER BY t)) e";
}

# From the dates of subscriptions, which no column of durations is needed for
sub dates
{
	my $as_of = "date '2026-01-01'";
	my $title = 'survival curve from dates';

	for my $mode (split /,/, $modes)
	{
		next if !wanted("$title, $mode");
		need_contracts();
		my $r = compare($title, $mode, 'contracts',
			[ 'floor: count(*), sum(days)', 'floor', 'SELECT count(*), sum(days) FROM contracts' ],
			[ 'survival_curve(started, ended, as_of)', 'ours', "SELECT median_lifetime(survival_curve(started, ended, $as_of)) FROM contracts" ],
			[ 'survival_curve(duration, churned)', 'ours', "SELECT median_lifetime(survival_curve(least(ended, $as_of) - started, ended < $as_of)) FROM contracts WHERE started < $as_of" ]) or next;
		target("$title, $mode", $r, 'survival_curve(started, ended, as_of)', floor => 'none');
	}
	return;
}

# ---------------------------------------------------------------------------
# Two groups, and four

sub logrank
{
	my $sql = 'SELECT u * u / v FROM (SELECT sum(d1 - d * n1 / n) u, sum(d * (n1 / n) * (1 - n1 / n) * (n - d) / nullif(n - 1, 0)) v
		FROM (SELECT d, d1, sum(m) OVER w::float8 n, sum(m1) OVER w::float8 n1
			FROM (SELECT days, count(*) m, count(*) FILTER (WHERE churned) d, count(*) FILTER (WHERE is_member) m1,
					count(*) FILTER (WHERE churned AND is_member) d1
				FROM contracts GROUP BY days) g
			WINDOW w AS (ORDER BY days DESC)) k) t';

	for my $mode (split /,/, $modes)
	{
		next if !wanted("log-rank test, $mode");
		need_contracts();
		my $r = compare('log-rank test', $mode, 'contracts',
			[ 'floor: count(*), sum(duration)', 'floor', 'SELECT count(*), sum(days) FROM contracts' ],
			[ 'logrank_test, boolean', 'ours', 'SELECT (logrank_test(days, churned, is_member)).chi_square FROM contracts' ],
			[ 'SQL: GROUP BY, then windows', 'sql', $sql ],
			[ 'logrank_test, 4 plans, bigint', 'ours', 'SELECT (logrank_test(days, churned, plan_id)).chi_square FROM contracts', undef, { check => 'plans' } ],
			[ 'logrank_test, 4 plans, text', 'ours', 'SELECT (logrank_test(days, churned, plan)).chi_square FROM contracts', undef, { check => 'plans' } ]) or next;
		target("log-rank test, $mode", $r, 'logrank_test, boolean', sql => 1);
	}
	return;
}

# ---------------------------------------------------------------------------
# The model of contracts

# What a customer is worth by the counts alone is the least that plain SQL has
# to do before any fit
sub contract_model
{
	my $counts = 'SELECT sum(tenure * d)::float8 / sum(d) FROM (SELECT tenure, count(*) FILTER (WHERE churned) d, count(*) FILTER (WHERE NOT churned) c FROM contracts GROUP BY tenure) g';

	for my $mode (split /,/, $modes)
	{
		next if !wanted("model of contracts, $mode");
		need_contracts();
		my $r = compare('model of contracts', $mode, 'contracts',
			[ 'floor: count(*), sum(tenure)', 'floor', 'SELECT count(*), sum(tenure) FROM contracts' ],
			[ 'fit_sbg', 'ours', 'SELECT (m).alpha, (m).beta, (m).converged FROM (SELECT fit_sbg(tenure, churned) m FROM contracts OFFSET 0) s', undef, { check => 'fit' } ],
			[ 'SQL: the counts only, no fit', 'sql', $counts, undef, { check => 'counts' } ]) or next;
		target("fit_sbg, $mode", $r, 'fit_sbg', floor => 'none');
	}
	return;
}

# ---------------------------------------------------------------------------
# The value itself

# Reading a stored curve of a million points
sub curve_readers
{
	my $title = 'readers of a stored curve';
	my $s;

	return if !wanted("$title, serial");
	need_contracts();
	$s = session('serial');
	$s->query('DROP TABLE IF EXISTS curve_stored');
	$s->query('CREATE UNLOGGED TABLE curve_stored AS SELECT survival_curve(fine, churned) AS c FROM contracts');
	print "\nthe stored curve: ", $s->query("SELECT pg_size_pretty(octet_length(survival_curve_send(c))::bigint) || ', ' || pg_size_pretty(pg_column_size(c)::bigint) || ' on disk' FROM curve_stored"), "\n";
	compare($title, 'serial', 'curve_stored',
		[ 'build', 'ours', 'SELECT median_lifetime(survival_curve(fine, churned)) FROM contracts', undef, { check => 'median' } ],
		[ 'median_lifetime', 'ours', 'SELECT median_lifetime(c) FROM curve_stored', undef, { check => 'median' } ],
		[ 'mean_lifetime', 'ours', 'SELECT mean_lifetime(c, 1000), mean_lifetime_error(c, 1000) FROM curve_stored', undef, { check => 'mean' } ],
		[ 'survival_table', 'ours', 'SELECT count(*), sum(survival) FROM curve_stored, survival_table(c)', undef, { check => 'table' } ],
		[ 'rollup', 'ours', 'SELECT median_lifetime(rollup(c)) FROM curve_stored', undef, { check => 'median' } ]);
	$s->query('DROP TABLE curve_stored');
	return;
}

# The same rows in one group and in many
sub curve_groups
{
	my @groups = uniq(1, min(1000, $rows), max(1, int($rows / 100)));
	my $title = "survival groups: the same rows in 1 to $groups[-1] groups";
	my (@contenders, $r);

	return if !wanted("$title, hashed");
	need_contracts();
	for my $n (@groups)
	{
		push @contenders, [ "floor: sum(duration), $n groups", 'floor', "SELECT count(*), sum(v) FROM (SELECT sum(days) v FROM contracts GROUP BY customer_id % $n) x" ],
		  [ "survival_curve, $n groups", 'ours', "SELECT count(*), sum(v) FROM (SELECT median_lifetime(survival_curve(days, churned)) v FROM contracts GROUP BY customer_id % $n) x" ];
	}
	$r = compare($title, 'hashed', 'contracts', @contenders) or return;
	linear('floor in groups', $r, map { "floor: sum(duration), $_ groups" } @groups);
	linear('survival_curve in groups', $r, map { "survival_curve, $_ groups" } @groups);
	return;
}

# ---------------------------------------------------------------------------
# Contracts, a row each: durations of 600 (-ln u)^1.5 days, so that fewer leave
# the longer they have been there, cut off at ten years; 3 in 5 have left

sub need_contracts
{
	my $points = max(1, int($rows / 10));
	my $s;

	return if session('serial')->query("SELECT to_regclass('contracts')") ne '';
	print "making contracts\n";
	$s = session('serial')->fresh;
	$s->query('SET statement_timeout = 0');
	$s->query("CREATE UNLOGGED TABLE contracts WITH (autovacuum_enabled = off) AS
		SELECT i AS customer_id, least(floor(fine), 3650) AS days, fine, i % 4 AS plan_id,
			started, 1 + least(floor(fine), 3650)::int / 365 AS tenure, fine < 3650 AND b % 5 < 3 AS churned,
			is_member, 'plan ' || i % 4 AS plan,
			CASE WHEN b % 5 < 3 THEN started + least(floor(fine), 3650)::int END AS ended
		FROM (SELECT i, b, b % 3 = 0 AS is_member, date '2026-01-01' - (b / 64 % 2000)::int AS started,
				600 * (-ln((a % $points + 0.5)::float8 / $points)) ^ 1.5 AS fine
			FROM generate_series(1::bigint, $rows) i,
				LATERAL (SELECT hashint8extended(i, 1) & 4611686018427387903 AS a, hashint8extended(i, 2) & 4611686018427387903 AS b OFFSET 0) h
			OFFSET 0) c");
	$s->query('VACUUM (FREEZE, ANALYZE) contracts');
	$s->close;
	return;
}

1;
