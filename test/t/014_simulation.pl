# Customers drawn from known parameters: the fits give them back, the standard
# errors are as wide as the fits vary, and the forecasts come true.  Then what
# only a client can see of a fit: its warnings, its end when it is cancelled,
# and a model in the binary format.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $node = start_server('simulation', conf => "extra_float_digits = 1");
my $dir = own_dir();

# The same numbers on every machine: xorshift64
my $state;

sub uniform
{
	$state ^= $state << 13;
	$state ^= $state >> 7;
	$state ^= $state << 17;
	return (($state >> 11) + 0.5) / 9007199254740992;
}

sub normal
{
	return sqrt(-2 * log uniform()) * cos(6.283185307179586 * uniform());
}

# Marsaglia and Tsang; below shape 1 by a power of a uniform
sub gamma
{
	my ($shape) = @_;

	return gamma($shape + 1) * uniform()**(1 / $shape) if $shape < 1;
	my $d = $shape - 1 / 3;
	my $c = 1 / sqrt(9 * $d);
	while (1)
	{
		my $x = normal();
		my $v = (1 + $c * $x)**3;
		return $d * $v if $v > 0 && log(uniform()) < $x * $x / 2 + $d - $d * $v + $d * log $v;
	}
}

sub beta
{
	my ($a, $b) = @_;
	my $x = gamma($a);

	return $x / ($x + gamma($b));
}

# A customer of BG/NBD (k = 0) or MBG/NBD (k = 1) seen for T days and then for
# 90 more: x, t_x, T, purchases in the 90 days, whether still a customer after T
sub customer
{
	my ($k, $r, $alpha, $a, $b) = @_;
	my $T = 100 + int 500 * uniform();
	my $lambda = gamma($r) / $alpha;
	my $p = beta($a, $b);
	my ($clock, $x, $tx, $later, $alive) = (0, 0, 0, 0, 1);

	$alive = 0 if $k && uniform() < $p;
	while ($alive)
	{
		my $next = $clock - log(uniform()) / $lambda;
		last if $next > $T;
		$clock = $next;
		$x++;
		$tx = $clock;
		$alive = 0 if uniform() < $p;
	}
	my $alive_then = $alive;
	$clock = $T;
	while ($alive)
	{
		$clock -= log(uniform()) / $lambda;
		last if $clock > $T + 90;
		$later++;
		$alive = 0 if uniform() < $p;
	}
	return ($x, sprintf('%.9f', $tx), $T, $later, $alive_then);
}

# A spender: number of repeat purchases, their mean, what the mean tends to
sub spender
{
	my ($p, $q, $v) = @_;
	my $x = 1 + int 6 * uniform()**2;
	my $nu = gamma($q) / $v;

	return ($x, gamma($p * $x) / $nu / $x, $p / $nu);
}

my %theta = (
	bg => [ 0.6, 25, 0.8, 2.5 ],
	mbg => [ 0.8, 30, 0.7, 2.0 ],
	spend => [ 6, 4, 15 ]);
my %parameters = (bg => [qw(r alpha a b)], mbg => [qw(r alpha a b)], spend => [qw(p q v)]);
my %fit = (bg => 'fit_bgnbd(x, tx, t)', mbg => 'fit_mbgnbd(x, tx, t)', spend => 'fit_gamma_gamma(x, m)');
my $replicates = 24;

sql(q{
CREATE TABLE bg (replicate int, x bigint, tx float8, t float8, later int, alive int);
CREATE TABLE mbg (LIKE bg);
CREATE TABLE spend (replicate int, x bigint, m float8, mean float8);
});
for my $name (sort keys %theta)
{
	$state = 88172645463325252 + length $name;
	open my $file, '>', "$dir/$name" or die "cannot write: $!";
	# replicate 0 is large
	for my $replicate (0 .. $replicates)
	{
		for (1 .. ($replicate ? 2000 : 30000))
		{
			my @row = $name eq 'spend' ? spender(@{ $theta{$name} }) : customer($name eq 'mbg', @{ $theta{$name} });
			print $file join("\t", $replicate, @row), "\n";
		}
	}
	close $file;
	sql(qq{
COPY $name FROM '$dir/$name';
ANALYZE $name;
CREATE TABLE ${name}_fit AS SELECT replicate, $fit{$name} AS m FROM $name GROUP BY replicate;
});

	is(sql("SELECT count(*), bool_and((m).converged) FROM ${name}_fit"), ($replicates + 1) . '|t',
	   "$name: all fits converged");
	for my $i (0 .. $#{ $theta{$name} })
	{
		my ($parameter, $true) = ($parameters{$name}[$i], $theta{$name}[$i]);
		my ($z, $relative) = split /\|/, sql(qq{
SELECT ((m).$parameter - $true) / (m).${parameter}_se, (m).${parameter}_se / $true
FROM ${name}_fit WHERE replicate = 0});
		cmp_ok(abs $z, '<', 3, "$name: $parameter comes back within three standard errors");
		cmp_ok($relative, '<', 0.25, "$name: which are not wide");
		# on the log scale, where the fits are nearest to normal
		my ($spread) = sql(qq{
SELECT sqrt(avg((ln((m).$parameter / $true) / ((m).${parameter}_se / (m).$parameter)) ^ 2))
FROM ${name}_fit WHERE replicate > 0});
		cmp_ok($spread, '>', 0.6, "$name: the standard error of $parameter is not too wide");
		cmp_ok($spread, '<', 1.5, "$name: nor too narrow");
	}
}

# Forecasts come true, of all and of each fifth by the forecast: the mean of
# what happens less what was expected is 0 within 4 of its standard errors
my $off = q{string_agg(CASE WHEN abs(mean) < 4 * error AND error > 0 THEN 'ok'
                            ELSE format('%s at %s +- %s', part, mean, error) END,
                       ' '
                       ORDER BY part)};
for my $name ('bg', 'mbg')
{
	for my $w (
		[ 'purchases', q{expected_purchases(m, x, tx, t, '90 days')}, 'later' ],
		[ 'alive', 'p_alive(m, x, tx, t)', 'alive' ],
		[ 'churn', q{churn_risk(m, x, tx, t, '90 days')}, '(later = 0)::int' ])
	{
		my ($what, $forecast, $actual) = @$w;
		is(sql(qq{
SELECT $off FROM (
	SELECT part, avg(actual - forecast) AS mean, stddev(actual - forecast) / sqrt(count(*)) AS error
	FROM (SELECT f.*, s.part FROM (SELECT forecast, actual, ntile(5) OVER (ORDER BY forecast, actual * 0) AS fifth
	                               FROM (SELECT $forecast AS forecast, $actual AS actual
	                                     FROM $name JOIN ${name}_fit USING (replicate) WHERE replicate = 0 AND x > 0) e)
	                                        f,
	                                    LATERAL (VALUES (0), (fifth)) s(part)) p
	GROUP BY part) q}), 'ok ok ok ok ok ok', "$name: $what of repeat buyers");
		is(sql(qq{
SELECT $off
FROM (SELECT 1 AS part, avg(actual - forecast) AS mean,
             CASE WHEN '$name$what' = 'bgalive' THEN 1e-9 ELSE stddev(actual - forecast) / sqrt(count(*)) END AS error
	FROM (SELECT $forecast AS forecast, $actual AS actual
	      FROM $name JOIN ${name}_fit USING (replicate) WHERE replicate = 0 AND x = 0) e) q}),
	     'ok', "$name: $what of those who did not come back yet");
	}
}
is(sql(qq{
SELECT $off FROM (
	SELECT part, avg(mean - forecast) AS mean, stddev(mean - forecast) / sqrt(count(*)) AS error
	FROM (SELECT f.*, s.part FROM (SELECT forecast, mean, ntile(5) OVER (ORDER BY forecast) AS fifth
	                               FROM (SELECT expected_spend(s.m, x, spend.m) AS forecast, mean
	                                     FROM spend JOIN spend_fit s USING (replicate) WHERE replicate = 0) e) f,
	                                    LATERAL (VALUES (0), (fifth)) s(part)) p
	GROUP BY part) q}), 'ok ok ok ok ok ok', 'spend');
is(sql(q{SELECT abs(avg(mean) - expected_spend(s.m, 0, NULL)) < 4 * stddev(mean) / sqrt(count(*))
         FROM spend JOIN spend_fit s USING (replicate) WHERE replicate = 0 GROUP BY s.m}),
   't', 'spend of somebody unknown');
# Who left at once is not seen by the BG/NBD, and whoever churns is: the
# model without leaving is far off
is(sql(q{SELECT bool_and((m).likelihood_ratio > 1000), bool_and((m).no_churn_log_likelihood < (m).log_likelihood)
         FROM (SELECT m FROM bg_fit WHERE replicate = 0 UNION ALL SELECT m FROM mbg_fit WHERE replicate = 0) x}),
   't|t', 'the likelihood ratio sees that customers leave');

# A fit that has not converged says so, twice: in the result, and in a warning
my %hard = (
	'no purchases' => 'SELECT 0 AS x, 0 AS tx, 100 + i % 50 AS t FROM generate_series(1, 1000) i',
	'identical' => 'SELECT 3, 50, 100 FROM generate_series(1, 1000) i',
	'nobody leaves' => 'SELECT i % 12, CASE WHEN i % 12 > 0 THEN 364 ELSE 0 END, 364 FROM generate_series(1, 1200) i',
	'heavy' => 'SELECT 10000 - i * 7, 9990 + i % 10, 10000 FROM generate_series(1, 300) i',
	'two' => 'SELECT i, i * 10, 20 + i FROM generate_series(0, 1) i',
	'one' => 'SELECT 2, 10, 20',
	'all leave' => 'SELECT 1, 1 + i % 3, 500 + i % 100 FROM generate_series(1, 500) i',
	'sound' => 'SELECT x, tx, t FROM bg WHERE replicate = 1');
for my $name (sort keys %hard)
{
	for my $fit ('fit_bgnbd', 'fit_mbgnbd')
	{
		my ($rc, $out, $err) = $node->psql('postgres',
		                                   qq{SET statement_timeout = '20s';
		                                      SELECT (m).converged, m IS NULL
		                                      FROM (SELECT $fit(x, tx, t) AS m FROM ($hard{$name}) v(x, tx, t)) q},
		                                   on_error_stop => 1);
		is($rc, 0, "$fit, $name: no error") or diag($err);
		if ($out =~ /^t/)
		{
			unlike($err, qr/WARNING/, "$fit, $name: converged, without a word");
		}
		else
		{
			like($out, qr/^f\|f/, "$fit, $name: a result, not converged");
			like($err, qr/^(psql:[^\n]*)?WARNING:  \S+ \S+/m, "$fit, $name: and a warning");
		}
		is($out, 't|f', "$fit, $name: converged") if $name eq 'sound';
	}
}
my %hard_spend = (
	'identical' => 'SELECT 3, 20 FROM generate_series(1, 100)',
	'equal value' => 'SELECT 1 + i % 5, 20 FROM generate_series(1, 100) i',
	'one' => 'SELECT 1, 5', 'sound' => 'SELECT x, m FROM spend WHERE replicate = 1');
for my $name (sort keys %hard_spend)
{
	my ($rc, $out, $err) = $node->psql('postgres',
	                                   qq{SET statement_timeout = '20s';
	                                      SELECT (m).converged, m IS NULL
	                                      FROM (SELECT fit_gamma_gamma(x, m) AS m FROM ($hard_spend{$name}) v(x, m)) q},
	                                   on_error_stop => 1);
	is($rc, 0, "fit_gamma_gamma, $name: no error") or diag($err);
	is($err =~ /WARNING/ ? 1 : 0, $out =~ /^t/ ? 0 : 1,
	   "fit_gamma_gamma, $name: a warning if it has not converged ($out)");
	is($out, 't|f', "fit_gamma_gamma, $name: converged") if $name eq 'sound';
}

# Cancelled while the rows come, or while the fit is made, if it takes that long
my %long = (
	'rows' => 'SELECT fit_bgnbd(i % 50 + 1, i % 300 + 1, 400) FROM generate_series(1, 30000000) i',
	'rows that differ' => 'SELECT fit_mbgnbd(1 + i % 3, 1 + i, 20000000) FROM generate_series(1, 10000000) i',
	'many groups' => q{SELECT count(m)
		FROM (SELECT fit_mbgnbd(i % 5, CASE WHEN i % 5 > 0 THEN 50 + i % 7 ELSE 0 END, 100) AS m
		      FROM generate_series(1, 3000000) i GROUP BY i % 1000000) x},
	'days in any order' => q{SELECT rfm_summary(date '0001-01-01' + (i * 7919 % 3000000)::int, 1, '9000-01-01')
	                         FROM generate_series(1, 3000000::bigint) i},
	'spend' => 'SELECT fit_gamma_gamma(1 + i % 1000, i) FROM generate_series(1, 10000000) i');
for my $name (sort keys %long)
{
	for my $timeout (500, 2500)
	{
		my ($rc, $out, $err) = $node->psql('postgres', qq{
SET client_min_messages = error;
SET work_mem = '512MB';
SET statement_timeout = '${timeout}ms';
SELECT clock_timestamp() AS before \\gset
$long{$name};
\\echo :SQLSTATE
SET statement_timeout = 0;
SELECT extract(epoch FROM clock_timestamp() - :'before')::float8 - $timeout / 1000.0;
SELECT p_alive(fit_mbgnbd(x, tx, t), 3, 20, 50) BETWEEN 0.01 AND 0.99 FROM bg WHERE replicate = 2;
}, on_error_stop => 0);
		my ($sqlstate, $late, $after) = (split /\n/, $out)[-3 .. -1];
		is($after, 't', "$name: the session lives on");
		like($sqlstate, qr/^(57014|00000)$/, "$name: cancelled after $timeout ms, or done before");
		cmp_ok($late, '<', 2, "$name: ended soon after $timeout ms");
	}
}

# Models through the binary format
for my $table ('bg_fit', 'mbg_fit', 'spend_fit')
{
	is(sql(qq{
COPY $table TO '$dir/$table.binary' (FORMAT binary);
CREATE TABLE ${table}_copy (LIKE $table);
COPY ${table}_copy FROM '$dir/$table.binary' (FORMAT binary);
SELECT count(*), bool_and(a.m = b.m), bool_and(record_send(a.m) = record_send(b.m))
FROM $table a JOIN ${table}_copy b USING (replicate)}), ($replicates + 1) . '|t|t', "$table: binary round trip");
}

$node->stop;
done_testing();
