# Random queries over the tables of Tables.pm.  A query is a list of statements' texts
# that must return the same rows: the first one, and perhaps others that say the same in
# another way (UNION ALL for GROUPING SETS, rollup of parts for an aggregate of rows, a
# subquery for a window frame).
package Generate;

use strict;
use warnings FATAL => 'all';
use Calls;
use Catalog;
use Exporter qw(import);
use Hard;
use Tables;

our @EXPORT = qw(begin_generation random_query);

my (@over_facts, @over_parts, @readers, @windows, %rollups, %seeds);

# Finds what queries are made of in the catalog
sub begin_generation
{
	(%seeds) = @_;
	my @functions = functions();
	my %columns = (customer_activity => 'activity', customer_purchases => 'purchases', survival_curve => 'curve',
		customer_subscriptions => 'subscriptions', customer_events => 'events', revenue_cells => 'cells',
		retention_summary => 'retention', nps_summary => 'survey', ces_summary => 'effort');

	for my $f (@functions)
	{
		my @types = @{ $f->{types} };
		if ($f->{kind} eq 'a')
		{
			my $call = aggregate_call($f->{name}, @types);
			if (!defined $call)
			{
				problem("Calls.pm does not know the arguments of $f->{name}(@types)");
				next;
			}
			my $entry = { call => $call, returns => $f->{returns},
				oid => $f->{combine} ? $f->{oid} : 0 };
			push @{ takes_parts(@types) ? \@over_parts : \@over_facts }, $entry;
			$rollups{ $f->{returns} } = 1 if $f->{name} eq 'rollup';
		}
		elsif ($f->{kind} eq 'w')
		{
			push @windows, $f;
		}
		elsif (!$f->{support} && $f->{name} !~ $SUPPORT && $f->{returns} ne 'cstring' && $columns{ $types[0] // '' })
		{
			push @readers, { %$f, column => $columns{ $types[0] }, set => $f->{set} || $f->{returns} eq 'record' };
		}
	}
	return;
}

sub chance
{
	return random_below(100) < $_[0];
}

# A table of rows, with customers of some type
sub facts
{
	return 'facts_' . pick(@CUSTOMERS);
}

sub condition
{
	return pick('o % 3 > 0', 'score > 4', 'amount > 0', 'was', 'g IS NOT NULL', "d < '2024-02-01'", 'k % 2 = 0',
		"h <> 'A'", 'id % 5 < 3', 'c IS NOT NULL', 'false', 'k = 7', 'o < $1');
}

# Calls of aggregates as a list, and the same with their rows in another order
sub some_calls
{
	my ($list, $n) = @_;
	my @calls = map { pick(@$list)->{call} } 1 .. $n;
	my @sorted = map { s/\)\z/ ORDER BY hashint8(id) DESC)/r } @calls;

	return (\@calls, \@sorted);
}

sub named
{
	my $n = 0;

	return join ', ', map { $n++; "$_ AS a$n" } @_;
}

# Groups: plain, or sets of them, which is the same as a union; FILTER, HAVING
sub grouped
{
	my $parts = chance(15);
	my ($calls, $sorted) = some_calls($parts ? \@over_parts : \@over_facts, 1 + random_below(3));
	my $from = $parts ? 'parts' : facts();
	my $where = $parts ? (chance(30) ? ' WHERE b < 3' : '') : chance(50) ? ' WHERE ' . condition() : '';
	my $having = chance(15) ? ' HAVING count(*) > 2' : '';
	my @keys = $parts ? qw(g h b) : pick([qw(g h)], [qw(g h)], [ 'h', 'o % 3' ], [qw(k g)], [qw(c g)]);
	@keys = @{ $keys[0] } if ref $keys[0];
	if (!$parts && chance(30))
	{
		my $filter = condition();
		$filter =~ s/\$1/30/;
		$_ .= " FILTER (WHERE $filter)" for @$calls, @$sorted;
	}
	my $select = sub { my ($c, $group, @keys) = @_;
		return 'SELECT ' . named(@keys, @$c) . " FROM $from$where$group$having" };
	my @sets = pick([[]], [ [ $keys[0] ] ], [ [ $keys[0] ], [ $keys[1] ], [] ], [ [ @keys[ 0, 1 ] ], [ $keys[0] ], [] ],
		[ [ @keys[ 0, 1 ] ] ], [ [ @keys[ 0, 1 ] ], [ $keys[0] ], [ $keys[1] ], [] ]);
	@sets = @{ $sets[0] };
	# customers of several types have no common NULL in a union: the same name, another column
	my @texts = map { "($_)::text" } @keys[ 0, 1 ];
	my $group = @sets == 1 ? (@{ $sets[0] } ? ' GROUP BY ' . join(', ', @{ $sets[0] }) : '')
	  : ' GROUP BY ' . (@sets == 4 && chance(50) ? "CUBE ($keys[0], $keys[1])"
		: @sets == 3 && @{ $sets[0] } == 2 && chance(50) ? "ROLLUP ($keys[0], $keys[1])"
		: 'GROUPING SETS (' . join(', ', map { '(' . join(', ', @$_) . ')' } @sets) . ')');
	my @shown = @sets == 1 ? map { "($_)::text" } @{ $sets[0] } : @texts;
	my @same = ($select->($calls, $group, @shown));

	push @same, $select->($sorted, $group, @shown) unless $parts;
	push @same, join ' UNION ALL ', map {
		my %in = map { $_ => 1 } @$_;
		$select->($calls, @$_ ? ' GROUP BY ' . join(', ', @$_) : '',
			map { $in{$_} ? "($_)::text" : 'NULL' } @keys[ 0, 1 ])
	} @sets if @sets > 1;
	return @same;
}

# Aggregates of rows, and rollups of aggregates of some of the rows
sub rolled
{
	my $of = pick(grep { $rollups{ $_->{returns} } } @over_facts);
	my ($from, $key) = (facts(), pick('g', 'h', 'o % 2'));
	my $call = $of->{call};
	my $where = chance(40) ? ' WHERE ' . condition() : '';
	my $mod = 2 + random_below(4);

	# summaries of customers add, so no customer may be in two parts
	my $split = $of->{returns} =~ /_summary$/ ? 'k' : pick('id', 'k', 'o');

	return ('SELECT ' . named("($key)::text", $call) . " FROM $from$where GROUP BY $key",
		'SELECT ' . named('x::text', 'rollup(y)') . " FROM (SELECT $key AS x, $split % $mod AS m, $call AS y "
		  . "FROM $from$where GROUP BY 1, 2) z GROUP BY x");
}

# Aggregates of rows, and states of some of the rows that are combined
sub combined
{
	my $parts = chance(15);
	my @from = grep { $_->{oid} } $parts ? @over_parts : @over_facts;
	my @of = map { pick(@from) } 1 .. 4;
	my ($from, $key, $id) = $parts ? ('parts', pick('g', 'h'), 'b') : (facts(), pick('g', 'h', 'o % 2', 'now'), 'id');
	my $where = $parts || chance(60) ? '' : ' WHERE ' . condition();
	my $mod = 2 + random_below(4);
	my @states = map { $of[$_]{call} =~ s/^\w+\(/state_$of[$_]{oid}(/r . " AS y$_" } 0 .. $#of;

	return ('SELECT ' . named("($key)::text", map { $_->{call} } @of) . " FROM $from$where GROUP BY $key",
		'SELECT ' . named('x::text', map { "read_$of[$_]{oid}(y$_)" } 0 .. $#of) . " FROM (SELECT $key AS x, "
		  . "$id % $mod AS m, " . join(', ', @states) . " FROM $from$where GROUP BY 1, 2) z GROUP BY x");
}

# Frames over rows, also as subqueries
sub framed
{
	my $call = pick(@over_facts)->{call};
	my $from = facts();
	my $limit = 20 + random_below(60);
	my $with = 'WITH w AS (SELECT *, row_number() OVER (PARTITION BY h ORDER BY id) AS n '
	  . "FROM $from WHERE id < $limit) ";
	my ($before, $after) = (random_below(6), random_below(4));
	my $without = chance(25);
	if (chance(60))
	{
		my $frame = "ROWS BETWEEN $before PRECEDING AND $after FOLLOWING" . ($without ? ' EXCLUDE CURRENT ROW' : '');
		my $inner = join ' AND ', 's.h = w.h', "s.n BETWEEN w.n - $before AND w.n + $after",
		  $without ? 's.n <> w.n' : ();
		return ("${with}SELECT id, $call OVER (PARTITION BY h ORDER BY id $frame) AS a1 FROM w",
			"${with}SELECT id, (SELECT $call FROM w s WHERE $inner) AS a1 FROM w");
	}
	my $frame = pick("RANGE BETWEEN '9 days' PRECEDING AND CURRENT ROW",
		"RANGE BETWEEN CURRENT ROW AND '1 month' FOLLOWING",
		'GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES', 'GROUPS 2 PRECEDING EXCLUDE GROUP',
		'ROWS BETWEEN UNBOUNDED PRECEDING AND 2 PRECEDING', 'RANGE UNBOUNDED PRECEDING', 'GROUPS CURRENT ROW');
	my $order = $frame =~ /ROWS/ ? 'd, id' : 'd';
	my $partition = pick('', 'PARTITION BY g ', 'PARTITION BY c ');
	return ("${with}SELECT id, $call OVER ($partition" . "ORDER BY $order $frame) AS a1 FROM w",
		"${with}SELECT id, a1 FROM (SELECT *, $call OVER ($partition"
		  . "ORDER BY $order $frame) AS a1, row_number() OVER (ORDER BY hashint8(id)) FROM w) x");
}

# Our window functions
sub windowed
{
	my $f = pick(@windows);
	my %columns = (date => 'd', timestamp => 'ts', timestamptz => 'tz');
	my $first = $f->{types}[0];
	my $silence = pick("'3 days'", "'1 month'", "'36:00'", "'0'");
	my @arguments = map {
		my ($type, $name) = ($f->{types}[$_], $f->{names}[$_]);
		$name eq 'at' ? $columns{$type} : $name eq 'expires' ? "$columns{$type} + interval '40 days'"
		  : $type eq 'interval' ? "$silence\::interval" : $type eq 'integer' ? 1 + random_below(6)
		  : $name eq 'points' ? 'amount' : (arguments($type, $name, \%seeds))[ random_below(2) ]
	} 0 .. $#{ $f->{types} };
	$_ = "($_)::$first" for grep { /interval '40/ } @arguments;
	my $order = $columns{$first} ? "$columns{$first}, id" : 'amount';

	return 'SELECT id, ' . call_of($f, @arguments) . ' OVER (PARTITION BY ' . pick('c', 'k', 'h')
	  . " ORDER BY $order) AS a1 FROM " . facts() . ' WHERE ' . condition();
}

# Readers of stored values, or of what has just been aggregated
sub read_parts
{
	my $f = pick(@readers);
	my @types = @{ $f->{types} };
	my $source = 'parts';
	my $n = chance(50) ? $f->{required} : @types;
	my @arguments = map {
		$types[$_] eq $types[0] ? ($_ ? pick("p.$f->{column}", "p.$f->{column}") : "p.$f->{column}")
		  : (arguments($types[$_], $f->{names}[$_], \%seeds))[ random_below(2) ]
	} 0 .. $n - 1;
	my $call = call_of($f, @arguments);
	my $where = pick('b = 1', 'b = 2 AND g > 1', "h = 'A' AND b < 2", 'g = $1 % 4 AND b = 0', 'g IS NULL',
		'b > 1 AND g = 3');
	my $rolled = "(SELECT g, rollup($f->{column}) AS $f->{column} FROM parts WHERE $where GROUP BY g)";

	if (chance(40) && $rollups{ $types[0] })
	{
		my $again = $rolled =~ s/rollup\(/rollup(x./r
		  =~ s/FROM parts/FROM (SELECT * FROM parts ORDER BY b, h DESC OFFSET 0) x/r;
		return map { $f->{set} ? "SELECT g, r.* FROM $_ p, LATERAL $call r" : "SELECT g, $call AS a1 FROM $_ p" }
		  $rolled, $again;
	}
	return "SELECT g, h, b, r.* FROM parts p, LATERAL $call r WHERE $where" if $f->{set};
	return "SELECT g, h, b, $call AS a1 FROM parts p WHERE $where";
}

# A reader of an aggregate of each group's rows, in a correlated subquery or in one go
sub nested
{
	my $f = pick(@readers);
	my @made = grep { $_->{returns} eq $f->{types}[0] } @over_facts;

	return read_parts() if !@made;
	my ($from, $made) = (facts(), pick(@made)->{call});
	my @types = @{ $f->{types} };
	my @arguments = map { $types[$_] eq $types[0] ? 'y' : (arguments($types[$_], $f->{names}[$_], \%seeds))[0] }
	  0 .. $f->{required} - 1;
	my $call = call_of($f, @arguments);
	my $result = $f->{set} ? "(SELECT count(*)::text || ' ' || min(t::text) || max(t::text) FROM $call t)" : $call;

	return ("SELECT h, $result AS a1 FROM (SELECT h, $made AS y FROM $from GROUP BY h) x",
		"SELECT h, (SELECT $result FROM (SELECT $made AS y FROM $from f WHERE f.h = x.h) z) AS a1 "
		  . "FROM (SELECT DISTINCT h FROM $from) x");
}

# The texts of a query, and its kind
sub random_query
{
	my ($kind, $make) = @{ pick(([ grouped => \&grouped ]) x 8, ([ rolled => \&rolled ]) x 3,
		([ combined => \&combined ]) x 4,
		([ framed => \&framed ]) x 3, [ windowed => \&windowed ],
		([ read => \&read_parts ]) x 4, ([ nested => \&nested ]) x 2) };
	my $parameter = 10 + random_below(40);

	return { kind => $kind, parameter => $parameter, texts => [ $make->() ] };
}

1;
