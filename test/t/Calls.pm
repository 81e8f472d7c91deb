# How to call each aggregate of the extension, found in the catalog, over a table of
# rows or one of stored parts, and SQL that makes both.  Arguments are chosen by their
# types; where a type does not tell, as with scales, by the aggregate's name.
#
# The columns: g a group; c a customer and o an order; k a small whole number that is
# the same for all rows of a customer; d, ts, tz the time; amount; score; was and now,
# booleans; active_d, active_ts, active_tz contracts.
package Calls;

use strict;
use warnings FATAL => 'all';
use Exporter qw(import);
use RetentionTest;

our @EXPORT = qw(facts_sql parts_sql all_aggregates aggregate_call takes_parts);

# The table facts, of so many rows and customers.  Amounts are whole numbers, so that
# their sums are exact in any order.  The times are days and seconds of the session's zone.
sub facts_sql
{
	my ($rows, $customers) = @_;
	my $orders = int($rows * 0.3);

	return <<"END";
CREATE TABLE facts AS
	SELECT i % 7 AS g, k AS c, k, (i * 69621 % 2147483647) % $orders AS o,
		date '2024-01-01' + ((i * 16807 % 2147483647) % 180)::int AS d,
		((i * 39373 % 2147483647) % 100)::double precision AS amount,
		((i * 40014 % 2147483563) % 11)::int AS score, (i * 630360016 % 2147483647) % 3 > 0 AS was,
		(i * 742938285 % 2147483647) % 5 < 2 AS now
	FROM generate_series(1::bigint, $rows) i, LATERAL (SELECT (i * 48271 % 2147483647) % $customers AS k) x;
ALTER TABLE facts ADD ts timestamp, ADD tz timestamptz, ADD active_d daterange, ADD active_ts tsrange,
ADD active_tz tstzrange;
UPDATE facts SET ts = d + o * interval '1 second', tz = d + o * interval '1 second', active_d = daterange(d, d + 40),
	active_ts = tsrange(d, d + 40), active_tz = tstzrange(d, d + 40);
VACUUM ANALYZE facts;
END
}

# The table parts, of the stored values of each group and customer of facts
sub parts_sql
{
	return <<'END';
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
END
}

# Arguments by their types
my %columns = (
	date => ['d'], timestamp => ['ts'], timestamptz => ['tz'], boolean => [ 'was', 'now' ],
	interval => ["interval '30 days'"],
	customer_key => [ 'c', 'o' ], bigint => ['g'], text => ['g::text'], integer => ['score'],
	'double precision' => ['score'],
	numeric => ['(amount / 8)::numeric(12,3)'],
	retention_summary => ['retention'], nps_summary => ['survey'], ces_summary => ['effort'],
	customer_purchases => ['purchases'], customer_subscriptions => ['subscriptions'], revenue_cells => ['cells'],
	customer_events => ['events'],
	customer_activity => ['activity'], survival_curve => ['curve']);
# lives: a beginning, an end that may be missing, and an as_of
my (%types, %lives);
for my $life ([ 'date', 'd', 'date' ], [ 'date', 'd', 'timestamptz' ],
	[ 'timestamp', 'ts', 'timestamptz' ], [ 'timestamptz', 'tz', 'timestamptz' ])
{
	my ($time, $column, $as_of) = @$life;

	$types{"$time $as_of"} = "$time,$time,$as_of";
	$lives{"$time $as_of"} = "$column, CASE WHEN was THEN $column + interval '1 day' * (1 + score) END::$time, "
	  . "$as_of '2024-06-01'";
}
# a customer's purchases
my $history = 'bigint,double precision,double precision';
my $rows = 'o % 20, CASE WHEN o % 20 > 0 THEN 1 + k % 100 ELSE 0 END, 100 + k % 400';
# and of those whose arguments must fit each other
my %calls = (
	# by the types that tell the overloads apart
	rfm_summary => {
		'date,double precision' => q{d, amount, date '2024-07-01'},
		'timestamp,double precision' => q{ts, amount, timestamp '2024-07-01'},
		'timestamptz,double precision' => q{tz, amount, timestamptz '2024-07-01'},
		'date,numeric' => q{d, (amount / 8)::numeric, date '2024-07-01'},
		'timestamp,numeric' => q{ts, (amount / 8)::numeric, timestamp '2024-07-01'},
		'timestamptz,numeric' => q{tz, (amount / 8)::numeric, timestamptz '2024-07-01'} },
	logrank_test => {
		'double precision,boolean,customer_key' => 'o, was, g',
		'double precision,boolean,boolean' => 'o, was, now',
		'double precision,boolean,customer_key,bigint' => 'o, was, g, score',
		'double precision,boolean,boolean,bigint' => 'o, was, now, score',
		'survival_curve,customer_key' => 'curve, g', 'survival_curve,boolean' => 'curve, g > 3',
		map({ ("$types{$_},customer_key" => "$lives{$_}, g",
			"$types{$_},boolean" => "$lives{$_}, now") } keys %types) },
	map({ ($_ => { $history => $rows, "$history,bigint" => "$rows, score" }) }
		qw(fit_bgnbd fit_mbgnbd fit_pareto_nbd)),
	revenue_cells => {
		'customer_activity,interval' => q{activity, '7 days', '2024-05-01'},
		'customer_purchases,interval' => q{purchases, '7 days', '2024-05-01'} },
	# a beginning, an end that may be missing, and perhaps an amount
	customer_subscriptions => {
		map({
			my ($time, $column) = @$_;
			my $life = "c, $column, CASE WHEN was THEN $column + interval '1 day' * score END::$time";
			("customer_key,$time,$time" => $life,
				"customer_key,$time,$time,numeric" => "$life, (amount / 8)::numeric(12,3)",
				"customer_key,$time,$time,double precision" => "$life, amount")
		} [ 'date', 'd' ], [ 'timestamp', 'ts' ], [ 'timestamptz', 'tz' ]) },
	fit_gamma_gamma => { 'bigint,double precision' => 'o % 20, 1 + k % 1000',
		'bigint,double precision,bigint' => 'o % 20, 1 + k % 1000, score' },
	survival_curve => { 'double precision,boolean' => 'o, was', 'double precision,boolean,bigint' => 'o, was, score',
		map({ ($types{$_} => $lives{$_}) } keys %types) },
	fit_sbg => { integer => '1 + score, was', 'double precision,boolean' => '(1 + score)::double precision, was',
		'double precision,boolean,bigint' => '(1 + score)::double precision, was, score' });
my %ranges = (daterange => 'd', tsrange => 'ts', tstzrange => 'tz');

# A call of an aggregate from the types of its arguments, or undef
sub aggregate_call
{
	my ($name, @types) = @_;
	my (%used, @arguments);

	for my $key (join(',', @types), "$types[0]," . ($types[1] // ''), $types[0])
	{
		return "$name($calls{$name}{$key})" if $calls{$name} && $calls{$name}{$key};
	}
	for my $i (0 .. $#types)
	{
		my $type = $types[$i];
		if ($ranges{$type})
		{
			# the first of two after the customer: a subscription
			push @arguments, ($i == 1) ? "active_$ranges{$type}" : $type
			  . ($used{$type}++ ? q{ '[2024-03-01,2024-04-01)'} : q{ '[2024-02-01,2024-03-01)'});
		}
		elsif ($name =~ /^csat/)
		{
			push @arguments, "(1 + score % 5)::$type";
		}
		elsif ($name =~ /^ces/ && $type !~ /_summary/)
		{
			push @arguments, "(1 + score % 7)::$type";
		}
		elsif ($name =~ /^clv/ && $type eq 'double precision')
		{
			push @arguments, 'amount';
		}
		else
		{
			my $column = $columns{$type}[ $used{$type}++ ];
			return undef unless defined $column;
			push @arguments, $type eq 'double precision' ? "$column\::$type" : $column;
		}
	}
	return "$name(" . join(', ', @arguments) . ')';
}

# Whether the arguments are stored values, and not what rows have
sub takes_parts
{
	return "@_" =~ /_summary|_activity|_purchases|_subscriptions|_events|_cells|_curve/;
}

# All aggregates of the catalog, each with its name, the types of its arguments, a
# title, the table that it is called on, and the call, if its arguments are known here.
# The catalog is that of RetentionTest's server, or of the one that a function asks.
sub all_aggregates
{
	my ($ask) = @_;
	my @aggregates = split /\n/, ($ask // \&sql)->(q{
SELECT p.proname || '|' || array_to_string(ARRAY(
	SELECT replace(replace(t::regtype::text, 'timestamp with time zone', 'timestamptz'),
	               'timestamp without time zone', 'timestamp')
	FROM unnest(p.proargtypes) WITH ORDINALITY u(t, i) ORDER BY i), '|')
FROM pg_proc p
JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
     AND d.refclassid = 'pg_extension'::regclass
WHERE p.prokind = 'a' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention') ORDER BY p.oid});

	return map {
		my ($name, @types) = split /\|/;
		{
			name => $name, types => \@types, title => "$name(" . join(', ', @types) . ')',
			call => aggregate_call($name, @types),
			table => takes_parts(@types) ? 'parts' : 'facts' };
	} @aggregates;
}

1;
