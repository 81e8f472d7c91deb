# Odd arguments for every function, aggregate and window function of the catalog: NULL,
# infinities, NaN, zero, negative and huge numbers, empty arrays and those with more
# dimensions or NULL in them, empty, reversed and infinite ranges, huge intervals, empty
# text, composite values of such fields; in several time zones.  Aggregates also over
# windows, and with wrong states.  Whatever is not a result is a clean error, and what is
# one has neither NaN nor infinity in it.
#
# A crash is shown with the query that caused it.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t";
use Calls;
use Catalog;
use Hard;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my $node = start_hard('arguments', conf => "autovacuum = off\nclient_min_messages = error\nwork_mem = '16MB'");
my $total = amount(4_000, 1_000_000);
my @zones = qw(UTC Europe/Berlin America/New_York Asia/Kathmandu Pacific/Apia Africa/Casablanca Australia/Lord_Howe
  America/St_Johns Pacific/Kiritimati);
# milliseconds that a call may take
my $limit = 50;
my $record = load_module();

make_shapes(seed());
my %seeds = make_seeds();
# nobody can call the others
my @functions = grep { "@{ $_->{types} }" !~ /\binternal\b/ } functions();

#
# Odd values by type
#
my @integers = qw(0 1 -1 2 3 7 10 100 2147483647 -2147483648);
my @texts = ('', 'a', 'on', 'every', 'calendar', 'elapsed', 'log', 'NaN', '\x', '\x01', ' ', "\x{c3}\x{a9}", 'x' x 300,
	'all', 'net', 'end', 'best', '9223372036854775808');
my @days = ('-infinity', 'infinity', qw(2024-02-29 2024-01-01 2000-01-01 1969-12-31 2038-01-19 1582-10-15));
my %odd = (
	boolean => [ 't', 'f' ], smallint => [ 0, 1, -1, 32767, -32768 ], integer => \@integers,
	oid => [ 0, 1, 4294967295 ],
	bigint => [ @integers, qw(9223372036854775807 -9223372036854775808 9007199254740993 4294967296) ],
	real => [qw(0 -0 1 0.5 -1 3.4e38 1e-45 NaN Infinity -Infinity)],
	'double precision' => [ qw(0 -0 1 0.5 0.95 -1 2 10 100 1e308 -1e308 1e-308 4.9e-324 NaN Infinity -Infinity 1e15 0.1
		  0.9999999999999999 1.0000000000000002 9007199254740993 1e-17) ],
	numeric => [ qw(0 1 -1 0.5 NaN Infinity -Infinity 1e-20 1e30 -1e30 0.000000001 123456789012345678.123456789
		  9223372036854775807 9223372036854775808 1e1000) ],
	text => \@texts, character => [ '', 'a', ' ' ], name => [ '', 'a', 'x' x 63 ], cstring => \@texts,
	bytea => [ '', '\x00', '\x' . 'ff' x 300 ], inet => [ '0.0.0.0/0', '10.0.0.1', '::/0' ],
	uuid => [ '0' x 32, 'f' x 32 ],
	date => [ @days, '4714-11-24 BC', '5874897-12-31', '0001-01-01 BC' ],
	map({ ($_ => [ @days, '4714-11-24 00:00 BC', '294276-12-31 23:59:59.999999', '2024-03-31 02:30', '2024-10-27 02:30',
			'2011-12-30 12:00', '1883-11-18 12:03:57' ]) } qw(timestamp timestamptz)),
	interval => [ '0', '1 day', '1 month', '7 days', '1 year', '-1 day', '-1 month', '1 month 1 day', '1 second',
		'23:59:59.999999',
		'2147483647 days', '2147483647 months', '-2147483648 months', '178000000 years', '1 month -30 days',
		'9223372036854775807 us', '1 us', '36500 days' ],
	map({ my ($low, $high) = ('4714-11-24 BC', $_ eq 'daterange' ? '5874897-12-31' : '294276-12-31');
		($_ => [ 'empty', '(,)', '[2024-01-01,)', '(,2024-01-01)', '[2024-01-01,2024-01-01]', '(2024-01-01,2024-01-02)',
			'[2024-01-01,2024-03-01)', '[2024-02-01,2024-02-10)', '[-infinity,infinity]', '[2024-01-01,infinity)',
			"[$low,$high)" ]) } qw(daterange tsrange tstzrange)),
	'int4range[]' => [ '{}', '{empty}', '{NULL}', '{"(,)"}', '{"[0,1)","[1,2)"}', '{"[5,9)","[0,3)"}',
		'{"[1,5)","[3,9)"}',
		'{{"[0,1)"},{"[1,2)"}}', '{"[-5,3)"}', '{"[2147483646,2147483647)"}', '[0:1]={"[0,1)","[1,2)"}' ],
	'text[]' => [ '{}', '{NULL}', '{a}', '{a,NULL}', '{{a,b},{c,d}}', '[0:1]={a,b}', '{"",""}',
		'{' . join(',', 1 .. 70) . '}', '{1,2,3}' ],
	map({ my $extreme = $_ eq 'bigint' ? 9223372036854775807 : 'NaN';
		("$_\[]" => [ '{}', '{NULL}', '{1}', '{0,0}', '{1,2,3}', '{1,NULL,3}', '{-1,-1,-1}',
			"{$extreme,$extreme,$extreme}",
			"{1,2,$extreme,4}", '{{1,2},{3,4}}', '[0:2]={1,2,3}', '{' . join(',', (1) x 300) . '}',
			'{5,3,2,1}', '{0,0,0,0}', '{3,2,1,0,5,6}', '{1,1,1,1,1,1,1,1}' ]) } 'bigint', 'double precision'),
	record => [ q{ROW()}, q{ROW(NULL)}, q{ROW(1, 'a')}, q{ROW(1, NULL::int)}, q{ROW('NaN'::float8)},
		q{ROW(ROW(1, ROW(2)))},
		q{ROW('{"a": 1}'::json)}, q{ROW(ARRAY[1, NULL])}, q{ROW('1'::xid)} ],
	anyelement => [ q{'{}'::int[]}, q{'(1,2)'::point}, q{'{}'::json}, q{'{"a":1}'::jsonb}, q{'empty'::int4range},
		q{B'101'},
		q{'{[1,2)}'::int4multirange}, q{'1 day'::interval}, q{now()}, q{'12:00'::timetz}, q{'{NULL}'::text[]},
		q{'x'::refcursor}, q{ROW(1, 2)}, q{NULL::numeric}, q{'0/0'::pg_lsn}, q{true} ]);

# The fields of composite types
my %fields;
for (split /\n/, sql(q{
SELECT a.attrelid::regclass, a.atttypid::regtype
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'c'
JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = c.reltype AND d.deptype = 'e'
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum}))
{
	my ($type, $field) = split /\|/;
	push @{ $fields{$type} }, short_name($field);
}

# The SQL of an odd value of a type: now and then NULL
sub odd
{
	my ($type) = @_;

	return 'NULL' . ($type eq 'anyelement' ? '::int' : "::$type") if random_below(9) == 0;
	return pick(@{ $odd{$type} }) if $type =~ /^(?:record|anyelement)$/;
	return quoted(pick(@{ $odd{$type} })) . "::$type" if $odd{$type};
	return 'ROW(' . join(', ', map { odd($_) } @{ $fields{$type} }) . ")::$type" if $fields{$type} && random_below(3);
	return quoted(pick(@{ $seeds{$type} })) . "::$type" if $seeds{$type};
	problem("no odd values of the type $type are known: see arguments.pl");
	return "NULL::$type";
}

# The SQL of all odd values of a type, and of some where they are made
sub all_odd
{
	my ($type) = @_;

	return map { odd($type) } 1 .. 8 if !$odd{$type};
	return @{ $odd{$type} } if $type =~ /^(?:record|anyelement)$/;
	return ("NULL::$type", map { quoted($_) . "::$type" } @{ $odd{$type} });
}

# Queries of a function with each odd value of each argument, while the others are valid
sub singly
{
	my ($f) = @_;
	my @types = @{ $f->{types} };
	my @valid = map { $_ eq 'cstring' ? "''::cstring" : (arguments($_->[0], $_->[1], \%seeds))[0] }
	  map { $types[$_] eq 'cstring' ? 'cstring' : [ $types[$_], $f->{names}[$_] ] } 0 .. $#types;
	my @queries;

	for my $i (0 .. $#types)
	{
		for my $value (all_odd($types[$i]))
		{
			my @arguments = @valid;
			$arguments[$i] = $value;
			my $rows = ' FROM (VALUES (' . join('), (', map { join ', ', @$_ } \@valid, \@arguments) . ')) r('
			  . join(', ', map { "a$_" } 1 .. @types) . ')';
			push @queries, $f->{kind} eq 'a' ? sound(call_of($f, map { "a$_" } 1 .. @types), $rows)
			  : call_query($f, @arguments[ 0 .. ($i < $f->{required} ? $f->{required} - 1 : $i) ]);
		}
	}
	return @queries;
}

# Arguments of a function, some of which are odd, and not always those with a default
sub some_arguments
{
	my ($f, $all) = @_;
	my @types = @{ $f->{types} };
	my $n = $all ? @types : $f->{required} + random_below(@types - $f->{required} + 1);
	my $share = 1 + random_below(3);

	return map {
		random_below(3) < $share && $types[$_] ne 'cstring'
		  ? pick(arguments($types[$_], $f->{names}[$_], \%seeds)) : odd($types[$_])
	} 0 .. $n - 1;
}

# A query of one row, with false for a result that is none
sub sound
{
	my ($call, $from) = @_;

	return "SELECT bool_and(x::text !~ 'NaN|Infinity') FROM (SELECT $call AS x$from OFFSET 0) v";
}

# Some rows of arguments: "FROM (VALUES ...) r(n, a1, a2)", and the names of the columns
sub rows_of
{
	my ($f) = @_;
	my @columns = map { "a$_" } 1 .. @{ $f->{types} };
	my @rows = map { '(' . join(', ', $_, some_arguments($f, 1)) . ')' } 1 .. 1 + random_below(5);

	return (' FROM (VALUES ' . join(', ', @rows) . ') r(' . join(', ', 'n', @columns) . ')', @columns);
}

my @frames = ('', 'ROWS 1 PRECEDING', 'ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW',
	'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING', 'GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE TIES',
	'ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING');

# An aggregate over rows, or over a window; DISTINCT and ORDER BY where the types can
sub aggregate_query
{
	my ($f, $name) = @_;
	my ($from, @columns) = rows_of($f);
	my $list = join ', ', @columns;
	my $kind = random_below(10);

	$list .= ' ORDER BY n DESC' if $kind == 0;
	$from .= ' WHERE n > 100' if $kind == 1;
	return sound("$name($list)" . ($kind == 2 ? ' FILTER (WHERE n <> 2)' : ''), $from) if $kind < 6;
	return sound("$name($list) OVER (ORDER BY n " . pick(@frames) . ')', $from);
}

sub window_query
{
	my ($f) = @_;
	my ($from, @columns) = rows_of($f);
	my $order = pick('ORDER BY n', 'ORDER BY n', 'ORDER BY a1', '', 'ORDER BY a1 DESC',
		'PARTITION BY n % 2 ORDER BY a1');

	return sound(call_of($f, @columns) . " OVER ($order)", $from);
}

# An aggregate like one of ours, with a state that is none of its own
sub wrong_state_query
{
	my ($f) = @_;
	my $name = "pg_temp.odd_$f->{oid}";
	my $state = quoted(pick(@{ $odd{ $f->{trans} } // $seeds{ $f->{trans} } // [''] }));
	my $final = $f->{final} ? ", FINALFUNC = $f->{final}" : '';

	return "CREATE OR REPLACE AGGREGATE $name(" . join(', ', @{ $f->{types} })
	  . ") (SFUNC = $f->{sfunc}, STYPE = $f->{trans}, INITCOND = $state$final); " . aggregate_query($f, $name)
	  if random_below(3) || !$f->{combine};
	$name .= '_combine';
	return "CREATE OR REPLACE AGGREGATE $name($f->{trans}) (SFUNC = $f->{combine}, STYPE = $f->{trans}$final); "
	  . sound("$name(s)", ' FROM (VALUES ' . join(', ', map { '(' . odd($f->{trans}) . ')' } 1 .. 3) . ') v(s)');
}

# One query on a function
sub query
{
	my ($f) = @_;

	if ($f->{kind} eq 'a')
	{
		return $f->{trans} ne 'internal' && random_below(2) ? wrong_state_query($f) : aggregate_query($f, $f->{name});
	}
	return window_query($f) if $f->{kind} eq 'w';
	return call_query($f, some_arguments($f));
}

# A query of one row on a call of a function
sub call_query
{
	my ($f, @arguments) = @_;
	my $call = call_of($f, @arguments);

	return "SELECT bool_and(t::text !~ 'NaN|Infinity') FROM $call t" if $f->{set};
	# what text forms hold is no result
	return "SELECT true FROM (SELECT $call OFFSET 0) v" if $f->{name} =~ /_(?:out|in)$/;
	return sound($call, '');
}

# Runs queries, and judges what becomes of them
my (%number, %reached, %rest, $late, $slowest);
# 42P20 is a window whose rows are in no order, 42883 a customer of a type that none can have
my $clean = qr/^(?:00000|22...|54000|0A000|57014|42P20|42883)$/;
sub run_queries
{
	my ($zone, $queries, $of) = @_;
	my ($status, $out, $error) = $node->psql('postgres', "SET timezone = '$zone'; SELECT number, state, late, result, "
		  . 'message FROM hard_run(ARRAY[' . join(",\n", map { quoted($_) } @$queries) . "], $limit)");

	if ($status != 0)
	{
		die "$error\n" if $status == 3;
		my ($number) = slurp_file($record) =~ /^number (\d+)/;
		problem("the server is lost: $error\nin $zone: $queries->[$number]");
		return 0;
	}
	for (split /\n/, $out)
	{
		my ($i, $state, $slow, $result, $message) = split /\|/, $_, 5;
		# a message of two lines
		next unless defined $message && $i =~ /^\d+$/;
		my $query = $queries->[ $i - 1 ];

		$number{$state}++;
		($late, $slowest) = ($slow, $query) if $slow > ($late // 0);
		$reached{ $of->[ $i - 1 ] } = 1 if $state =~ /^(?:00000|22|57|0A)/;
		$rest{ $of->[ $i - 1 ] } = 10 if $state eq '57014';
		problem("$state $message\nin $zone: $query") if $state !~ $clean;
		problem("no number: in $zone: $query") if $result eq 'f';
	}
	return 1;
}

my $done = 0;
my (@single, @single_of);
for my $f (grep { !$_->{support} && $_->{kind} ne 'w' } @functions)
{
	my @queries = singly($f);

	push @single, @queries;
	push @single_of, ("$f->{name}(" . join(', ', @{ $f->{types} }) . ')') x @queries;
}
while (my @some = splice @single, 0, 500)
{
	$done += @some;
	run_queries(pick(@zones), \@some, [ splice @single_of, 0, 500 ]) or $total = 0, last;
}
$total += $done if $total;
CALLS: while ($done < $total)
{
	my $zone = pick(@zones);
	my (@queries, @of);

	for my $f (@functions)
	{
		my $name = "$f->{name}(" . join(', ', @{ $f->{types} }) . ')';
		my $query = query($f);

		# seldom those that refuse every caller; and not those that were slow, for a while
		next if $f->{support} && random_below(8) && $reached{$name} || ($rest{$name} // 0) > 0 && $rest{$name}--;
		push @queries, $query;
		push @of, $name;
	}
	while (my @some = splice @queries, 0, 500)
	{
		run_queries($zone, \@some, [ splice @of, 0, 500 ]) or last CALLS;
		$done += @some;
	}
}
for my $f (map { "$_->{name}(" . join(', ', @{ $_->{types} }) . ')' } @functions)
{
	problem("no arguments got as far as $f") unless $reached{$f} || !$done;
}
figure('functions', scalar @functions);
figure('calls', $done);
figure('with a result', $number{'00000'} // 0);
figure("cancelled after $limit ms", $number{57014} // 0);
figure('milliseconds until the slowest of them ended', int(($late // 0) / 1000));
figure('refused with ' . $_, $number{$_}) for grep { !/^(?:00000|57014)$/ } sort keys %number;
diag("the slowest to end: $slowest") if $slowest;
$node->stop('immediate');
finish('arguments');
