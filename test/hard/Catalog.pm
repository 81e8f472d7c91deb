# What the catalog says of the extension: its functions with their arguments, its
# types; values of each type, from all aggregates over rows of many shapes; and calls
# of each function.  Nobody has to list them.
package Catalog;

use strict;
use warnings FATAL => 'all';
use Calls;
use Exporter qw(import);
use Hard;
use RetentionTest;

our @EXPORT = qw(functions types short_name quoted make_shapes make_seeds arguments call_of readers_of $SUPPORT);

# Names of functions that only the server calls, and refuse other callers
our $SUPPORT = qr/_(?:in|recv)$|_support$|_sortsupport$/;

# Types as people write them
sub short_name
{
	my ($type) = @_;

	return $type =~ s/timestamp with time zone/timestamptz/gr =~ s/timestamp without time zone/timestamp/gr;
}

sub quoted
{
	my ($text) = @_;

	return "'" . $text =~ s/'/''/gr . "'";
}

my $member = q{JOIN pg_depend d ON d.classid = '%s'::regclass AND d.objid = %s AND d.deptype = 'e'
	AND d.refclassid = 'pg_extension'::regclass
	AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention')};

# All functions, aggregates and window functions: hashes of
#     oid, name, kind (f, a, w), returns, set, strict
#     types, names    of its arguments, in two lists
#     required        number of arguments without a default
#     support         whether it is a support function of an aggregate
#     trans, init     of an aggregate: state type, initial state
#     sfunc, combine, final
sub functions
{
	my $from = sprintf $member, 'pg_proc', 'p.oid';
	my @rows = split /\n/, sql(qq{
SELECT concat_ws('|', p.oid, p.proname, p.prokind, p.prorettype::regtype, p.proretset, p.proisstrict,
	p.pronargs - p.pronargdefaults,
	EXISTS (SELECT FROM pg_aggregate x WHERE p.oid IN (x.aggtransfn, x.aggcombinefn, x.aggfinalfn, x.aggmtransfn,
	                                                   x.aggminvtransfn, x.aggmfinalfn)),
	array_to_string(ARRAY(SELECT t::regtype FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(t, i) ORDER BY i), ','),
	coalesce(array_to_string(p.proargnames[:p.pronargs], ','), ''),
	coalesce(a.aggtranstype::regtype::text, ''), coalesce(a.agginitval, ''), coalesce(a.aggtransfn::text, ''),
	coalesce(nullif(a.aggcombinefn::text, '-'), ''), coalesce(nullif(a.aggfinalfn::text, '-'), ''))
FROM pg_proc p $from LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid ORDER BY p.oid});
	my @keys = qw(oid name kind returns set strict required support types names trans init sfunc combine final);

	return map {
		my %f;
		@f{@keys} = split /\|/, $_, -1;
		$f{$_} = $f{$_} eq 't' for qw(set strict support);
		$f{returns} = short_name($f{returns});
		$f{types} = [ map { short_name($_) } split /,/, $f{types} ];
		$f{names} = [ split /,/, $f{names} ];
		\%f
	} @rows;
}

# All types: hashes of name, composite, and state for those of transition values
sub types
{
	my $from = sprintf $member, 'pg_type', 't.oid';

	return map {
		my %t;
		@t{qw(name composite state)} = split /\|/;
		$t{$_} = $t{$_} eq 't' for qw(composite state);
		\%t
	} split /\n/, sql(qq{
SELECT t.oid::regtype, t.typtype = 'c', obj_description(t.oid, 'pg_type') ~ 'not meant to be stored'
FROM pg_type t $from WHERE t.typtype IN ('b', 'c') AND t.typcategory <> 'A' ORDER BY t.oid});
}

# Tables as Calls needs them: facts, some rows for each shape, and parts, their values
sub make_shapes
{
	my ($seed) = @_;

	sql(qq{
CREATE FUNCTION dice(i bigint, series bigint, n bigint) RETURNS bigint
RETURN (hashint8extended(i, series + 1000 * $seed) & 9223372036854775807) % n;
CREATE TABLE facts AS
	SELECT shape, dice(i, 3, 4) AS g,
		CASE shape WHEN 'ids'
		     THEN (ARRAY[0, -1, 1, 9223372036854775807, '-9223372036854775808'::bigint, 4294967296,
		                 hashtextextended('a', 0), hashtextextended('b', 0)])[1 + i % 8]
		     ELSE dice(i, 1, customers) END AS c,
		dice(i, 4, 60) AS o,
		CASE shape WHEN 'far' THEN (ARRAY[date '4714-12-25 BC', '294276-11-01', '2000-01-01'])[1 + i % 3]
		     ELSE date '2023-12-15' + dice(i, 2, days)::int END AS d,
		CASE shape WHEN 'money' THEN dice(i, 5, 1000000000) / 16.0 WHEN 'free' THEN 0
		     ELSE dice(i, 5, 40) - CASE WHEN shape = 'refunds' THEN 25 ELSE 0 END END::float8 AS amount,
		dice(i, 6, 11)::int AS score, dice(i, 7, 3) > 0 AS was, dice(i, 8, 5) < 2 AS now
	FROM (VALUES ('one', 1, 1, 1), ('two', 2, 2, 1), ('same', 5, 1, 1), ('few', 12, 4, 90), ('dense', 60, 1, 70),
	             ('sparse', 40, 25, 900), ('many', 150, 40, 400), ('far', 6, 2, 1), ('ids', 9, 8, 50),
	             ('money', 20, 5, 60), ('free', 4, 3, 10), ('refunds', 30, 6, 60)) v(shape, n, customers, days),
	     generate_series(1::bigint, n) i;
ALTER TABLE facts ADD k bigint, ADD ts timestamp, ADD tz timestamptz, ADD active_d daterange, ADD active_ts tsrange,
	ADD active_tz tstzrange;
UPDATE facts SET k = dice(c, 9, 1000), ts = d + o * interval '71 minutes 1.5 seconds', tz = d + o * interval '1 hour',
	active_d = daterange(d, d + 40), active_ts = tsrange(d, d + 40), active_tz = tstzrange(d, d + 40);
ANALYZE facts;
CREATE TABLE parts AS
	SELECT shape, g, c, retention_summary(was, now) AS retention, nps_summary(score) AS survey,
	       ces_summary(1 + score % 7) AS effort, customer_activity(c, d) AS activity, survival_curve(o, was) AS curve,
	       customer_purchases(c, d, (amount / 8)::numeric(12,3)) AS purchases,
	       customer_subscriptions(c, d, d + score, (amount / 8)::numeric(12,3)) AS subscriptions,
	       customer_events(c, d, score::text) AS events
	FROM facts GROUP BY shape, g, c;
ALTER TABLE parts ADD cells revenue_cells;
UPDATE parts SET cells = (SELECT revenue_cells(p, '7 days', '2024-05-01') FROM (VALUES (purchases)) v(p))
WHERE shape <> 'far';
ANALYZE parts;
});
	return;
}

# For each aggregate three user-defined ones: state_OID, which
# returns the state, merge_OID, which combines some, and read_OID, which also finishes
sub make_state_aggregates
{
	my @made;

	for my $f (grep { $_->{kind} eq 'a' && $_->{trans} ne 'internal' } functions())
	{
		my $init = $f->{init} eq '' ? '' : ", INITCOND = '$f->{init}'";

		push @made, "CREATE AGGREGATE state_$f->{oid}(" . join(', ', @{ $f->{types} })
		  . ") (SFUNC = $f->{sfunc}, STYPE = $f->{trans}$init)";
		push @made, "CREATE AGGREGATE merge_$f->{oid}($f->{trans}) (SFUNC = $f->{combine}, STYPE = $f->{trans})",
		  "CREATE AGGREGATE read_$f->{oid}($f->{trans}) (SFUNC = $f->{combine}, STYPE = $f->{trans}"
		  . ($f->{final} ? ", FINALFUNC = $f->{final})" : ')')
		  if $f->{combine};
	}
	sql(join ";\n", @made);
	return;
}

# A table of values of every type, in their text form, none of them long: made by every
# aggregate, of every shape.  Returns them as lists by the name of the type.
sub make_seeds
{
	my %state = map { $_->{name} => 1 } types();
	my (@queries, @types, %seeds);

	make_state_aggregates();
	for my $f (grep { $_->{kind} eq 'a' } functions())
	{
		my $call = aggregate_call($f->{name}, @{ $f->{types} });
		my $table = takes_parts(@{ $f->{types} }) ? 'parts' : 'facts';

		if (!defined $call)
		{
			problem("Calls.pm does not know the arguments of $f->{name}(@{ $f->{types} })");
			next;
		}
		# tables of all the months between two far days take long
		my @shapes = grep { $_ ne 'far' || random_below(8) == 0 }
		  qw(one two same few dense sparse many far ids money free refunds);
		for my $made ([ $call, $f->{returns} ], [ $call =~ s/^\w+\(/state_$f->{oid}(/r, $f->{trans} ])
		{
			next unless $state{ $made->[1] };
			push @queries, map { "SELECT ($made->[0])::text FROM $table WHERE shape = '$_'" }
			  @shapes;
			push @types, ($made->[1]) x @shapes;
		}
	}
	sql('CREATE TABLE seed (type text, n int, value text)');
	while (my @some = splice @queries, 0, 100)
	{
		my @of = splice @types, 0, 100;

		sql('INSERT INTO seed SELECT (ARRAY[' . join(',', map { quoted($_) } @of)
			. '])[number], number, result FROM hard_run(ARRAY[' . join(',', map { quoted($_) } @some)
			. "], 10000) WHERE length(result) BETWEEN 1 AND 5000");
	}
	sql(q{INSERT INTO seed SELECT DISTINCT 'customer_key', 0, c::customer_key::text FROM facts});
	for (split /\n/, sql('SELECT DISTINCT type, value FROM seed ORDER BY 1, 2'))
	{
		my ($type, $value) = split /\|/, $_, 2;
		push @{ $seeds{$type} }, $value;
	}
	problem("no aggregate makes a value of the type $_") for grep { !$seeds{$_} } sort keys %state;
	return %seeds;
}

# Values that arguments have, by name and type or by type: two for each, both valid
my %by_name = (
	'period interval' => [ "'7 days'", "'3 months'" ], 'inner_period interval' => [ "'1 day'", "'7 days'" ],
	'within interval' => [ "'30 days'", "'1 year'" ],
	(map { ("as_of $_" => [ "'2024-06-01'", "'2030-01-01'" ], "since $_" => [ "'2023-12-20'", "'2020-01-01'" ]) }
		qw(date timestamp timestamptz)), 'origin date' => [ "'2000-12-31'", "'2024-02-29'" ],
	'mode text' => [ "'every'", "'on_or_after'" ], 'clock text' => [ "'elapsed'", "'calendar'" ],
	'interval_type text' => [ "'log'", "'plain'" ], 'attempt text' => [ "'all'", "'first'" ],
	'movements text' => [ "'daily'", "'net'" ], 'movement text' => [ "'new'", "'churned'" ],
	'state text' => [ "'new'", "'churned'" ], 'returns text' => [ "'return'", "'gap'" ],
	'payment text' => [ "'first_excluded'", "'first_included'" ], 'event text' => [ "'1'", 'NULL' ],
	(map { ("$_ double precision" => [ '0.9', '0.5' ]) } qw(confidence retention_rate share p fraction)),
	'horizon integer' => [ '5', '40' ], 'base daterange' => [ "'[2024-01-01,2024-02-01)'", "'(,2024-03-01)'" ],
	'comeback daterange' => [ "'[2024-02-01,2024-03-01)'", "'[2024-01-15,)'" ]);
my %by_type = (
	boolean => [ 'true', 'false' ], smallint => [ '1', '3' ], integer => [ '3', '5' ], bigint => [ '3', '10' ],
	real => [ '1', '7' ],
	'double precision' => [ '10', '40' ], numeric => [ '2.5', '100' ], oid => [ '5', '6' ],
	text => [ "'a'", "'b'" ], character => [ "'a'", "'b'" ], name => [ "'a'", "'b'" ],
	bytea => [ q('\x01'), q('\x02') ],
	inet => [ "'10.0.0.1'", "'::1'" ], uuid => [ map { "'$_'" } '0' x 32, '7' x 32 ],
	date => [ "'2024-02-01'", "'2024-05-01'" ], timestamp => [ "'2024-02-01 10:00'", "'2024-05-01'" ],
	timestamptz => [ "'2024-02-01 10:00'", "'2024-05-01'" ], interval => [ "'30 days'", "'2 months'" ],
	daterange => [ "'[2024-01-01,2024-03-01)'", "'[2024-02-01,)'" ],
	tsrange => [ "'[2024-01-01,2024-03-01)'", "'[2024-02-01,)'" ],
	tstzrange => [ "'[2024-01-01,2024-03-01)'", "'[2024-02-01,)'" ],
	record => [ "ROW(1, 'a'::text)", "ROW(2.5)" ], anyelement => [ "'[1,2)'::int4range", 'ARRAY[1, 2]' ],
	'bigint[]' => [ q('{1,2,3}'), q('{0,0}') ], 'double precision[]' => [ q('{1,2,3}'), q('{0,0}') ],
	'text[]' => [ q('{a,b}'), q('{1}') ], 'int4range[]' => [ q!'{"[1,8)","[8,31)"}'!, q!'{"[0,1)"}'! ]);

# The SQL of two valid values of an argument
sub arguments
{
	my ($type, $name, $seeds) = @_;
	my $values = $by_name{ ($name // '') . " $type" } // $by_type{$type};

	return map { $type =~ /^(?:record|anyelement)$/ ? $_ : "$_\::$type" } @$values if $values;
	if (my $of_type = $seeds->{$type})
	{
		# by length, so that they have some content
		my @sorted = sort { length $a <=> length $b || $a cmp $b } @$of_type;
		return map { quoted($_) . "::$type" } $sorted[ @sorted / 2 ], $sorted[ @sorted / 4 ];
	}
	problem("no values of the type $type are known: see Catalog.pm");
	return ("NULL::$type", "NULL::$type");
}

# A call of a function in which the arguments are the given SQL
sub call_of
{
	my ($f, @arguments) = @_;

	return "$f->{name}(" . join(', ', @arguments) . ')';
}

# A statement that returns one row, false if what a call returns is not sound: a value
# of ours that is not read as it is written, a number that is none
sub sound
{
	my ($f, $call, $from, $of) = @_;

	return "SELECT bool_and(t::text !~ 'NaN|Infinity') FROM $call t" if $f->{set};
	return "SELECT x::text::$f->{returns}::text = x::text FROM (SELECT $call$from OFFSET 0) v(x)"
	  if $of->{ $f->{returns} };
	return "SELECT x::text !~ 'NaN|Infinity' FROM (SELECT $call$from OFFSET 0) v(x)";
}

# Statements that are false if a value is not written anew as it is: rollup writes it, of
# it and itself where that is the same, else of it alone
sub rewriters_of
{
	my ($type, $functions) = @_;
	my ($rollup) = grep { $_->{kind} eq 'a' && $_->{returns} eq $type && "@{ $_->{types} }" eq $type } @$functions;

	return unless $rollup && !grep { $_->{name} eq $type && $_->{composite} } types();
	# the state of a time zone loses it
	my $zoned = "position(encode(convert_to(current_setting('timezone'), 'UTF8'), 'hex') IN %s) > 0";
	my $both = "SELECT $rollup->{name}(y) FROM (VALUES (value::$type), (value::$type)) v(y)";
	my $some = "SELECT * FROM seed WHERE type = '$type' AND NOT " . sprintf($zoned, 'value')
	  . ' ORDER BY value LIMIT 20';
	my $twice = sql("SELECT bool_and(($both)::text = value) FROM ($some) s") eq 't';
	my $write = sub { "SELECT $rollup->{name}(x)::text = \$1::text OR " . sprintf($zoned, '$1::text')
		  . " FROM (VALUES $_[0]) v(x)" };

	return map { [ $write->($_), "$rollup->{name}($type) writes anew" ] } '($1)',
	  $twice ? '($1), ($1)' : '($1), (NULL)';
}

# Statements with a parameter of a type, one for each way to read it: every function
# and aggregate that takes it, with its defaults, and twice with other arguments; and for
# states every aggregate that has them.  A list of statements and names of functions.
sub readers_of
{
	my ($type, $seeds, $functions) = @_;
	my %of = map { $_->{name} => 1 } types();
	my @readers = rewriters_of($type, $functions);

	for my $f (grep { !$_->{support} && $_->{name} !~ $SUPPORT } @$functions)
	{
		my @types = @{ $f->{types} };
		next unless $f->{kind} ne 'w' && grep { $_ eq $type } @types;
		my @values = map { $types[$_] eq $type ? [ '$1', '$1' ]
			  : [ arguments($types[$_], $f->{names}[$_], $seeds) ] } 0 .. $#types;
		my %calls;

		$calls{ call_of($f, map { $_->[0] } @values[ 0 .. $f->{required} - 1 ]) } = 1;
		$calls{ call_of($f, map { $_->[0] } @values) } = 1;
		$calls{ call_of($f, map { $_->[1] } @values) } = 1;
		my $from = $f->{kind} eq 'a' ? ' FROM generate_series(1, 2)' : '';
		push @readers, map { [ sound($f, $_, $from, \%of), "$f->{name}($type)" ] } sort keys %calls;
	}
	for my $f (grep { $_->{trans} eq $type && $_->{combine} } @$functions)
	{
		push @readers, [ sound({ %$f, set => 0 }, "read_$f->{oid}(\$1)", '', \%of), "$f->{name} read" ],
		  [ sound({ %$f, returns => $type }, "merge_$f->{oid}(\$1)", ' FROM generate_series(1, 2)', \%of),
			"$f->{name} merge" ];
	}
	return @readers;
}

1;
