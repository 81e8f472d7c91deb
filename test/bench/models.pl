# The part of "run" that measures the summaries of customers, the fits of the
# purchase models beside scipy, and what the models say of customers.
use strict;
use warnings;
use List::Util qw(first min);

our ($rows, $customers, $modes, @targets, $failures, $psql, $database, $build);

my $history = 'frequency, recency, age';
my $scipy;

sub models
{
	summaries();
	fits();
	spend_fits();
	scoring();
	return;
}

# ---------------------------------------------------------------------------
# A row per customer, from the orders

sub summaries
{
	my $title = 'rfm_summary per customer';
	my $as_of = "timestamptz '2025-01-01 00:00:00+00'";
	my $sums = 'count(*), sum(frequency), sum(recency), sum(age), sum(monetary_value), sum(purchases), sum(revenue)';
	my $days = 'SELECT customer_id, ordered_at::date AS day, sum(amount) AS total, count(*) AS n FROM orders GROUP BY 1, 2';
	my $columns = "count(*) - 1 AS frequency, max(day) - min(day) AS recency, $as_of\::date - 1 - min(day) AS age, sum(n) AS purchases, sum(total) AS revenue";

	for my $mode (split /,/, $modes)
	{
		my $r = compare($title, $mode, 'orders',
			[ 'floor: noop(customer, at, amount)', 'floor', 'SELECT count(*), sum(v) FROM (SELECT noop(customer_id, ordered_at, amount) AS v FROM orders GROUP BY customer_id) x' ],
			[ 'rfm_summary', 'ours', "SELECT $sums FROM (SELECT (s).* FROM (SELECT rfm_summary(ordered_at, amount, $as_of) AS s FROM orders GROUP BY customer_id OFFSET 0) c) x" ],
			[ 'SQL: days, array_agg', 'sql', "SELECT $sums FROM (SELECT $columns, (sum(total) - (array_agg(total ORDER BY day))[1]) / nullif(count(*) - 1, 0) AS monetary_value
				FROM ($days) d GROUP BY customer_id) x" ],
			[ 'SQL: days, window', 'sql', "SELECT $sums FROM (SELECT $columns, avg(total) FILTER (WHERE day > first) AS monetary_value
				FROM (SELECT *, min(day) OVER (PARTITION BY customer_id) AS first FROM ($days) d) w GROUP BY customer_id) x" ]) or next;
		target("$title, $mode", $r, 'rfm_summary', sql => 1);
		target("$title, $mode", $r, 'rfm_summary', floor => 'none');
	}
	return;
}

# ---------------------------------------------------------------------------
# Fits

# Against reading the same rows for their distinct values, and against scipy,
# which may have the rows in memory already
sub fits
{
	for my $mode (split /,/, $modes)
	{
		my $title = 'fit of a purchase model';
		my @reference;

		next if !wanted("$title, $mode");
		need_summaries();
		@reference = map { [ "scipy: $_->[0]", 'scipy', "MBG/NBD, $_->[1]", $customers, { engine => $scipy, check => "scipy $_->[0]" } ] }
		  ([ 'L-BFGS-B, exact gradient', 'L-BFGS-B gradient' ], [ 'L-BFGS-B', 'L-BFGS-B' ], [ 'Nelder-Mead', 'Nelder-Mead' ])
		  if $mode eq 'serial' && start_scipy();
		my $r = compare($title, $mode, 'summaries',
			map({ [ $_->[0], $_->[1], $_->[2], $customers, { check => $_->[0] } ] }
				[ 'floor: count(*), sum(...)', 'floor', 'SELECT count(*), sum(frequency), sum(recency), sum(age) FROM summaries' ],
				[ 'fit_mbgnbd', 'ours', fit('fit_mbgnbd') ],
				[ 'fit_bgnbd', 'ours', fit('fit_bgnbd') ],
				[ 'fit_pareto_nbd', 'ours', fit('fit_pareto_nbd') ],
				[ 'both', 'ours', "SELECT (m).log_likelihood, (b).log_likelihood FROM (SELECT fit_mbgnbd($history) AS m, fit_bgnbd($history) AS b FROM summaries OFFSET 0) s" ],
				[ 'SQL: count(DISTINCT) of each', 'sql', 'SELECT count(DISTINCT frequency), count(DISTINCT recency), count(DISTINCT age) FROM summaries' ],
				[ 'SQL: count of SELECT DISTINCT', 'sql', "SELECT count(*) FROM (SELECT DISTINCT $history FROM summaries) d" ]),
			@reference) or next;
		for my $name ('fit_mbgnbd', 'fit_bgnbd')
		{
			target("$name, $mode", $r, $name, 'SQL: count(DISTINCT) of each' => 2);
			target("$name, $mode", $r, $name, 'SQL: count of SELECT DISTINCT' => 2);
		}
		for my $reference (@reference)
		{
			target('fit_mbgnbd', $r, 'fit_mbgnbd', $reference->[0] => 1 / 20);
			compare_likelihoods($r, $reference->[0]);
		}
	}
	return;
}

sub fit
{
	my ($aggregate) = @_;
	return "SELECT (m).log_likelihood, (m).converged, (m).iterations, (m).groups FROM (SELECT $aggregate($history) AS m FROM summaries OFFSET 0) s";
}

# The fit must be as good as that of the reference
sub compare_likelihoods
{
	my ($list, $name) = @_;
	my ($ours, $reference) = map { my $n = $_; first { $_->{name} eq $n } @$list } 'fit_mbgnbd', $name;

	return if !$ours || !$reference;
	my ($value) = split /\|/, $ours->{result};
	my ($other, $steps) = split /\|/, $reference->{result};
	printf "  log-likelihood %.4f, that of %s is %.4f after %d evaluations\n", $value, $name, $other, $steps;
	return if $value >= $other - 1e-10 * abs $other;
	print "  !! the fit is worse than that of $name\n";
	$failures++;
	return;
}

sub spend_fits
{
	for my $mode (split /,/, $modes)
	{
		my $title = 'fit of the spend model';
		next if !wanted("$title, $mode");
		need_summaries();
		my $r = compare($title, $mode, 'summaries',
			map { [ $_->[0], $_->[1], $_->[2], $customers, { check => $_->[0] } ] }
			[ 'floor: count(*), sum(...)', 'floor', 'SELECT count(*), sum(frequency), sum(monetary_value) FROM summaries' ],
			[ 'fit_gamma_gamma', 'ours', 'SELECT (m).log_likelihood, (m).converged, (m).iterations FROM (SELECT fit_gamma_gamma(frequency, monetary_value) AS m FROM summaries OFFSET 0) s' ],
			[ 'SQL: count(DISTINCT) of each', 'sql', 'SELECT count(DISTINCT frequency), count(DISTINCT monetary_value) FROM summaries' ]) or next;
		target("fit_gamma_gamma, $mode", $r, 'fit_gamma_gamma', sql => $mode eq 'serial' ? 2 : 'none');
	}
	return;
}

# scipy with the customers in memory, or nothing, with a message
sub start_scipy
{
	my $file = "$build/summaries.csv";

	return $scipy if defined $scipy;
	$scipy = Scipy->new(sub {
		system("'$psql' -X -q -v ON_ERROR_STOP=1 -d $database -c 'COPY (SELECT $history FROM summaries) TO STDOUT (FORMAT csv)' >'$file'") == 0
		  or die "the customers cannot be written to $file\n";
		return $file;
	}) || 0;
	return $scipy;
}

sub close_scipy
{
	$scipy->close if $scipy;
	return;
}

# ---------------------------------------------------------------------------
# What the models say of each customer

sub scoring
{
	my $title = 'scores of customers';
	# the closed form of the probability, as one would write it by hand
	my $p_alive = '1 / (1 + exp(ln(p.a) - ln(p.b + frequency) + (p.r + frequency) * (ln(p.alpha + age) - ln(p.alpha + recency))))';
	my @scores = (
		[ 'p_alive', "p_alive(m, $history)" ],
		[ 'churn_risk', "churn_risk(m, $history, '90 days')" ],
		[ 'expected_purchases', "expected_purchases(m, $history, '90 days')", 2000 ],
		[ 'p_alive, Pareto/NBD', "p_alive(pareto, $history)" ],
		[ 'churn_risk, Pareto/NBD', "churn_risk(pareto, $history, '90 days')" ],
		[ 'expected_purchases, Pareto/NBD', "expected_purchases(pareto, $history, '90 days')" ],
		[ 'expected_spend', 'expected_spend(g, frequency, monetary_value)' ],
		[ 'clv', "clv(m, g, $history, monetary_value, '1 year')", 4000 ],
		[ 'clv, discounted', "clv(m, g, $history, monetary_value, '1 year', 0.1)", 4000 ]);

	return if !wanted("$title, serial");
	need_summaries();
	my $s = session('serial');
	$s->query('DROP TABLE IF EXISTS model');
	$s->query("CREATE UNLOGGED TABLE model AS SELECT fit_mbgnbd($history) AS m, fit_pareto_nbd($history) AS pareto, fit_gamma_gamma(frequency, monetary_value) AS g FROM summaries");
	my $r = compare($title, 'serial', 'summaries',
		[ 'floor: sum(frequency), ...', 'floor', 'SELECT sum(frequency), sum(recency), sum(age) FROM summaries', $customers ],
		map({ [ $_->[0], 'ours', "SELECT sum($_->[1]) FROM summaries, model", $customers, { check => $_->[0] } ] } @scores),
		[ 'SQL: p_alive by its formula', 'sql', "SELECT sum($p_alive) FROM summaries, (SELECT (m).* FROM model) p", $customers, { check => 'p_alive' } ]);
	$s->query('DROP TABLE model');
	return if !$r;
	for my $score (grep { $_->[2] } @scores)
	{
		my ($c) = grep { $_->{name} eq $score->[0] } @$r or next;
		push @targets, verdict("$score->[0] of a million customers: CPU ms", 1e6 * $c->{cpu_ms} / $customers, $score->[2]);
	}
	return;
}

# ---------------------------------------------------------------------------
# Customers as the models have them: rates are gamma(1, 40), chances to leave
# beta(1, 2), means of the values follow gamma(3, 40), ages are up to two years

sub need_summaries
{
	my $noise = '((hashint8extended(%s, %d) & 4294967295) + 0.5) / 4294967296';
	my ($age, $rate, $leave, $value, $number) = map { my $n = $_; [ map { sprintf $noise, 'c', $_ } @$n ] } [1], [3], [4], [ 5 .. 9 ], [10];
	my $gap = sprintf $noise, 'c * 1000 + k', 2;
	my $s;

	return if session('serial')->query("SELECT to_regclass('summaries')") ne '';
	print "making summaries\n";
	$s = session('serial')->fresh;
	$s->query('SET statement_timeout = 0');
	$s->query("CREATE UNLOGGED TABLE summaries WITH (autovacuum_enabled = off) AS
		SELECT c AS customer_id, frequency, recency, age, CASE WHEN frequency > 0 THEN value END AS monetary_value
		FROM (SELECT c, floor(730 * $age->[0]) AS age, -ln($rate->[0]) / 40 AS rate, 1 - ($leave->[0]) ^ 0.5 AS leave,
				0.01 + floor(4000 * ln(($value->[0]) * ($value->[1])) / ln(($value->[2]) * ($value->[3]) * ($value->[4]))) / 100 AS value,
				$number->[0] AS number
			FROM generate_series(1::bigint, $customers) AS c OFFSET 0) AS own,
			LATERAL (SELECT count(DISTINCT day) - 1 AS frequency, max(day) AS recency
				FROM (SELECT floor(sum(CASE WHEN k > 0 THEN -ln($gap) / rate ELSE 0 END) OVER (ORDER BY k)) AS day
					FROM generate_series(0, least(999, floor(ln(number) / ln(1 - leave)))::integer) AS k) AS p
				WHERE day <= age) AS x");
	$s->query('VACUUM (FREEZE, ANALYZE) summaries');
	$s->close;
	return;
}

# fit.py in a process of its own, with the methods of an Engine
package Scipy;

use parent -norequire, 'Engine';
use File::Basename qw(dirname);
use Cwd qw(abs_path);
use IPC::Open2;

# Scipy->new($export): $export writes the customers to a file and returns its name
sub new
{
	my ($class, $export) = @_;
	my $self = bless { kind => 'scipy', threads => 1, buffer => '' }, $class;
	my ($python) = grep { system("'$_' -c 'import scipy.optimize, scipy.special' >/dev/null 2>&1") == 0 } $ENV{PYTHON} || (), 'python3', '/usr/bin/python3';

	if (!$python)
	{
		print "scipy is left out: no Python that has it (Debian, Ubuntu: apt-get install python3-scipy)\n";
		return;
	}
	my $file = $export->();
	$self->{pid} = open2($self->{out}, $self->{in}, $python, dirname(abs_path(__FILE__)) . '/fit.py', $file);
	if (!eval { $self->answer; 1 })
	{
		print "scipy is left out: $@";
		return;
	}
	print "scipy ", $self->query('version'), "\n";
	return $self;
}

# Always one: fit.py says so to numpy
sub threads
{
	return;
}

# A first run would take as long as the measurement
sub warm_up
{
	return;
}

1;
