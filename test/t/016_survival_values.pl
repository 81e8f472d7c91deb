# Values of survival_curve, and the states of the other aggregates that count
# distinct points, outside the aggregates: dumped and restored, copied as text
# and in the binary format; and 50,000 damaged ones of each through the input
# and the receive function: none may crash the server, end in an internal error
# or be taken for another value.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;
use Wire;

plan skip_all => 'needs Unix-domain sockets' if $windows_os;

my $node = start_server('survival_values', conf => "$CRASHES_SHOW\nautovacuum = off\nclient_min_messages = error");
my $dir = own_dir();

# From one customer to 50,000 durations, tiny and huge ones
sql(q{
CREATE TABLE curve (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, c survival_curve);
INSERT INTO curve (c) VALUES (NULL);
INSERT INTO curve (c) SELECT survival_curve(t, e) FROM (VALUES (1.5, true)) v(t, e);
INSERT INTO curve (c) SELECT survival_curve(t, e) FROM (VALUES (0, true), (0, false), ('-0', NULL), (1, true)) v(t, e);
INSERT INTO curve (c)
	SELECT survival_curve(t::float8, e)
	FROM (VALUES ('4.9406564584124654e-324', true), ('1.7976931348623157e308', false), ('0.1', true)) v(t, e);
INSERT INTO curve (c)
	SELECT survival_curve(i % k, i % 3 = 0)
	FROM unnest(ARRAY[2, 5, 17]) k, generate_series(1, 1000) i GROUP BY k;
INSERT INTO curve (c)
	SELECT survival_curve(i / 7.0, i % 5 > 0)
	FROM unnest(ARRAY[10, 40, 64, 65, 128, 511, 512, 513, 50000]) k, generate_series(1, k) i GROUP BY k;
-- customers who come late: one, who leaves then; all; some
INSERT INTO curve (c)
	SELECT survival_curve(customer_subscriptions(i, date '2024-01-01' + i * 7 % k,
	                                             date '2024-01-02' + i * 7 % k
	                                                 + CASE WHEN i % 3 > 0 THEN i * 5 % k END),
	                      '2024-01-01'::date + 2 * k, since => date '2024-01-01' + shift)
	FROM (VALUES (2, 2), (9, 9), (20, 8), (30, 22), (2000, 900)) v(k, shift), generate_series(1, k) i GROUP BY k, shift;
CREATE VIEW picture AS
	SELECT id, md5(survival_curve_send(c)::text) AS bytes, median_lifetime(c), t.* FROM curve
	LEFT JOIN LATERAL (SELECT count(*) AS times, sum(churned) AS churned, sum(censored) AS censored,
	                          round(sum(survival)::numeric, 6) AS survival
	                   FROM survival_table(c)) t ON true
	ORDER BY id;
});
my $picture = sql('SELECT * FROM picture');
cmp_ok(scalar(split /\n/, $picture), '==', 21, 'there are values');
is(sql(q{SELECT count(*) FROM curve WHERE get_byte(survival_curve_send(c), 8) >= 128}), '5', 'some with late entries');

# Copies
for my $format (qw(text csv binary))
{
	is(sql(qq{
COPY curve TO '$dir/curve.$format' (FORMAT $format);
BEGIN;
TRUNCATE curve;
COPY curve FROM '$dir/curve.$format' (FORMAT $format);
SELECT * FROM picture;
COPY curve TO '$dir/again.$format' (FORMAT $format);
ROLLBACK;
}), $picture, "COPY as $format and back");
	is(slurp_file("$dir/again.$format"), slurp_file("$dir/curve.$format"),
	   "COPY as $format writes the same file again");
}

# Dumps: a script, a script of INSERTs, an archive
my @dumps = (
	[ 'script', [], sub { [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $_[1], '-f', $_[0] ] } ],
	[ 'inserts', ['--inserts'], sub { [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $_[1], '-f', $_[0] ] } ],
	[ 'archive', ['-Fc'], sub { [ 'pg_restore', '-e', '-d', $_[1], $_[0] ] } ]);
for my $dump (@dumps)
{
	my ($name, $options, $restore) = @$dump;
	$node->command_ok([ 'pg_dump', '-f', "$dir/$name.dump", @$options, $node->connstr('postgres') ], "dump: $name");
	sql("CREATE DATABASE $name");
	$node->command_ok($restore->("$dir/$name.dump", $node->connstr($name)), "restore: $name");
	is($node->safe_psql($name, 'SELECT * FROM picture'), $picture, "restored: $name");
}

# The same rows in another order, split and put together, are the same bytes on
# disk, however they got there
is(sql(q{
CREATE TABLE source AS SELECT i, mod(i * 7919, 901) / 4.0::float8 AS t, i % 3 = 0 AS e FROM generate_series(1, 3000) i;
CREATE TABLE image (way text, c survival_curve);
ALTER TABLE image ALTER c SET STORAGE EXTERNAL;
INSERT INTO image SELECT 'rows', survival_curve(t, e) FROM source;
INSERT INTO image SELECT 'backwards', survival_curve(t, e ORDER BY i DESC) FROM source;
INSERT INTO image SELECT 'sorted', survival_curve(t, e ORDER BY t) FROM source;
INSERT INTO image SELECT 'parts', rollup(c) FROM (SELECT survival_curve(t, e) AS c FROM source GROUP BY i % 100) x;
INSERT INTO image SELECT 'text', c::text::survival_curve FROM image WHERE way = 'rows';
INSERT INTO image
	SELECT 'window', c
	FROM (SELECT i, survival_curve(t, e) OVER (ORDER BY i) AS c FROM source) x WHERE i = 3000;
SELECT count(*), count(DISTINCT record_image), count(DISTINCT pg_column_size(c))
FROM image, LATERAL (SELECT md5(survival_curve_send(c)) AS record_image) x;
SELECT count(*)
FROM image a, image b WHERE NOT record_image_eq(ROW(a.c), ROW(b.c))}), "6|1|1\n0", 'equal content, equal image');
# The state of another process cannot be told from one's own: a refresh finds nothing to change
is(sql(q{
CREATE MATERIALIZED VIEW daily AS SELECT i % 10 AS g, survival_curve(t, e) AS c FROM source GROUP BY 1;
CREATE UNIQUE INDEX ON daily (g);
CREATE TABLE before AS SELECT ctid AS place, * FROM daily;
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
UPDATE source SET i = i;
REFRESH MATERIALIZED VIEW CONCURRENTLY daily;
SELECT count(*), count(*) FILTER (WHERE daily.ctid = place)
FROM daily JOIN before USING (g)}), '10|10', 'a concurrent refresh');

# The states of the aggregates, taken out of them by user-defined aggregates: one
# for each final function, with a time zone and without
my $states = sql(q{
SELECT DISTINCT ON (a.aggfinalfn, 'timestamptz'::regtype = ANY (p.proargtypes::oid[])) p.proname || '_'
                    || row_number() OVER (ORDER BY a.aggfnoid::text),
       a.aggtransfn::regproc, a.aggcombinefn::regproc, a.aggfinalfn::regproc,
	(SELECT string_agg(format_type(t, NULL), ', ' ORDER BY n)
	 FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY x(t, n)),
	(SELECT string_agg(CASE format_type(t, NULL) WHEN 'boolean' THEN 'i % 3 = 0' WHEN 'text' THEN '(i % 3)::text'
	                        WHEN 'integer' THEN '1 + i % 9' WHEN 'bigint' THEN 'i % 3' WHEN 'customer_key' THEN 'i % 3'
		WHEN 'double precision'
		  THEN CASE WHEN p.proname ~ 'nbd' THEN CASE n WHEN 2 THEN '(i % 3) * 2.5' ELSE '40.0 + i % 5' END
		            ELSE '1 + i % 11' END
		ELSE CASE n WHEN 1 THEN '(date ''2024-01-01'')' WHEN 2 THEN '(date ''2024-01-01'' + i % 11)'
		          ELSE '(date ''2024-01-09'')' END || '::' || format_type(t, NULL) END,
		     ', '
		ORDER BY n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY x(t, n))
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE aggtranstype = 'tally'::regtype AND p.proname <> 'rollup'
ORDER BY a.aggfinalfn, 'timestamptz'::regtype = ANY (p.proargtypes::oid[]), p.oid});
my @states = map { [ split /\|/ ] } split /\n/, $states;
cmp_ok(scalar @states, '>=', 4, 'there are aggregates with such states');
my $setup = "CREATE TABLE state (family text, n int, s tally);\n";
for my $s (@states)
{
	my ($name, $transition, $combine, $final, $types, $arguments) = @$s;
	$setup .= qq{
CREATE AGGREGATE state_$name($types) (SFUNC = $transition, STYPE = tally, COMBINEFUNC = $combine, PARALLEL = SAFE);
CREATE AGGREGATE merge_$name(tally) (SFUNC = $combine, STYPE = tally);
CREATE AGGREGATE read_$name(tally) (SFUNC = $combine, STYPE = tally, FINALFUNC = $final);
INSERT INTO state
	SELECT '$name', n, state_$name($arguments)
	FROM unnest(ARRAY[1, 2, 6, 30, 5000]) n, generate_series(1, n) i GROUP BY n;
INSERT INTO state SELECT '$name', -1, merge_$name(s) FROM state WHERE family = '$name' AND n IN (6, 30);
};
}
sql($setup);
is(sql(q{SELECT count(*) FROM state WHERE s IS NULL}), '0', 'each has a state');
is(sql(qq{
COPY state TO '$dir/state.binary' (FORMAT binary);
CREATE TABLE state_binary (LIKE state);
COPY state_binary FROM '$dir/state.binary' (FORMAT binary);
COPY state TO '$dir/state.text';
CREATE TABLE state_text (LIKE state);
COPY state_text FROM '$dir/state.text';
SELECT count(*),
       count(*) FILTER (WHERE tally_send(a.s) = tally_send(b.s) AND tally_send(a.s) = tally_send(c.s)
                          AND a.s::text = b.s::text)
FROM state a JOIN state_binary b USING (family, n) JOIN state_text c USING (family, n)}),
	join('|', (6 * @states) x 2), 'states as text and in the binary format');

# No aggregate takes the state of one of another kind, nor points that it does
# not count
my ($logrank) = grep { $_->[0] =~ /^logrank/ } @states;
sql(q{
CREATE FUNCTION state_of(query text, s tally) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query USING s;
	RETURN '00000';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE FUNCTION kind(s tally) RETURNS int RETURN get_byte(tally_send(s), 1);
CREATE TABLE family AS SELECT DISTINCT ON (family) family, s AS own, kind(s) FROM state WHERE n = 2;
CREATE FUNCTION number(d float8) RETURNS text RETURN encode(float8send(d), 'hex');
});
is(sql(q{
SELECT count(*) > 50, count(*) FILTER (WHERE kind(s) <> kind) > 20,
	count(*) FILTER (WHERE (kind(s) = kind)
	                           <> (state_of(format('SELECT read_%s(x) FROM (SELECT $1) v(x)', f.family), s) = '00000')),
	count(*) FILTER (WHERE kind(s) <> kind
	                   AND state_of(format('SELECT merge_%s(x) '
	                                       'FROM (SELECT $1 UNION ALL SELECT own FROM family WHERE family = %L) v(x)',
	                                       f.family, f.family),
	                                s) <> '22023')
FROM family f, state WHERE n IN (1, 2, 30)}), 't|t|0|0', 'states of other kinds are refused');
is(sql(qq{
SELECT string_agg(state_of('SELECT read_$logrank->[0](x) FROM (SELECT \$1) v(x)',
	('\\x0102030200000001' || number(time) || number(high) || number(low)
	     || '00000000000000010000000000000001')::tally),
	' '
	ORDER BY i)
FROM (VALUES (1, 1, 0, 0), (2, 1, -2147483648, 4294967295), (3, -1, 0, 0), (4, 1, 0.5, 0), (5, 1, 2147483648, 0),
             (6, 1, -2147483649, 0), (7, 1, 0, 0.5), (8, 1, 0, -1), (9, 1, 0, 4294967296)) v(i, time, high, low)}),
	'00000 00000 22P03 22P03 22P03 22P03 22P03 22P03 22P03', 'points of the log-rank test');

#
# Damage, sent by the wire protocol: psql cannot send binary parameters
#
my ($state, $text) = wire_connect($node);
is($state, '00000', 'connected') or BAIL_OUT($text);

# What is done with a value that gets in: written again, taken through the
# aggregate's own form, read by every reader.  The number in the result of the
# statement must be 0, if there is one.
my %types = (
	survival_curve => {
		write =>
		    'SELECT survival_curve_send($1), survival_curve_send((SELECT rollup(x) FROM (VALUES ($1), (NULL)) v(x)))',
		table => q{SELECT count(*)
		           FROM unnest(ARRAY['log-log', 'log', 'plain']) kind, survival_table($1, 0.9, kind)
		           WHERE NOT (survival BETWEEN 0 AND 1 AND coalesce(std_error BETWEEN 0 AND 1, true)
			AND (lower IS NULL) = (upper IS NULL) AND coalesce(lower BETWEEN 0 AND survival + 1e-9, true)
			AND coalesce(upper BETWEEN survival - 1e-9 AND 1, true)
			AND cumulative_hazard BETWEEN 0 AND 1e9 AND at_risk >= churned + censored AND churned >= 0 AND censored >= 0
			AND time >= 0 AND time < 'infinity')},
		at => q{SELECT (NOT coalesce(survival_at($1, 0.4) BETWEEN 0 AND 1 AND survival_at($1, 0) BETWEEN 0 AND 1,
		                             true))::int::bigint},
		quantile => q{SELECT count(*)
		              FROM unnest(ARRAY[0.001, 0.25, 0.5, 0.999]) p
		              WHERE NOT coalesce(lifetime_quantile($1, p) >= 0 AND lifetime_quantile($1, p) < 'infinity',
		                                 true)},
		mean => q{SELECT (NOT coalesce(mean_lifetime($1, 0.1) BETWEEN 0 AND 0.1 AND mean_lifetime_error($1, 0.1) >= 0,
		                               true))::int::bigint},
		value => q{SELECT (NOT coalesce(clv($1, 1, 0.1, 0.1) BETWEEN 0 AND 1, true))::int::bigint},
		read_test => q{SELECT 0::bigint, (SELECT logrank_test(x, g) FROM (VALUES ($1, 1), ($1, 2)) v(x, g))::text},
		merge => q{SELECT 0::bigint, survival_curve_send(rollup(x))
			FROM (SELECT $1 UNION ALL SELECT c FROM curve WHERE id BETWEEN 2 AND 9) v(x)},
		twice => 'SELECT 0::bigint, survival_curve_send(rollup(x)) FROM (VALUES ($1), ($1)) v(x)' },
	tally => {
		write => 'SELECT tally_send($1), tally_send($1)',
		map { ("read_$_->[0]" => "SELECT 0::bigint, read_$_->[0](x)::text FROM (SELECT \$1) v(x)",
			"merge_$_->[0]" => "SELECT 0::bigint, tally_send(merge_$_->[0](x)) FROM (SELECT \$1 UNION ALL SELECT \$1 "
			  . "UNION ALL SELECT s FROM state WHERE family = '$_->[0]' AND n IN (6, 30)) v(x)") } @states });
my %sound;
for my $type (sort keys %types)
{
	my $oid = sql(qq{SELECT '$type'::regtype::oid});
	for my $name (sort keys %{ $types{$type} })
	{
		send_message('P', "$type.$name\0$types{$type}{$name}\0" . pack('nN', 1, $oid));
	}
	send_message('S', '');
	flush_messages();
	($state, $text) = read_answer();
	is($state, '00000', "the statements on $type are prepared") or diag($text);
	my ($table, $column) = $type eq 'tally' ? ('state', 's') : ('curve', 'c');
	$sound{$type} = [ map { pack 'H*', $_ } split /\n/,
		sql(qq{SELECT encode(${type}_send($column), 'hex') FROM $table WHERE length(${type}_send($column)) < 1000}) ];
	cmp_ok(scalar @{ $sound{$type} }, '>=', 6, "values of $type to damage");
}

# Counts that doubles cannot tell apart: all but one of 2^62 customers leave
is(sql(q{
SELECT count(*),
       bool_and(std_error BETWEEN 0 AND 1 AND lower BETWEEN 0 AND survival AND upper BETWEEN survival AND 1
                AND survival > 0)
FROM unnest(ARRAY['log-log', 'log', 'plain']) kind,
     survival_table('\x01010102000000013ff000000000000000000000000000013fffffffffffffff', 0.95, kind)}), '3|t',
     'counts near the limit');

srand(20240229);
my @favourites = map { pack 'H*', $_ } qw(00 01 02 03 04 05 07 08 10 40 7f 80 ff 0000 8000 7ff0 fff0 7ff8 ffff 00000000
                                              00000001 00000002 0fffffff 10000000 3fffffff 7fffffff 80000000 ffffffff
  0000000000000000 0000000000000001 000000007fffffff 00000000ffffffff 0000000100000000 ffffffffffffffff 7fffffffffffffff
      7ffffffffffffffe 4000000000000000 8000000000000000
  7ff0000000000000 fff0000000000000 7ff8000000000000 fff8000000000001 7fefffffffffffff 3ff0000000000000 bff0000000000000
      c014000000000000 433fffffffffffff 0010000000000000 40f86a0000000000 3fe0000000000000);
my @words = grep { length == 8 } @favourites;

sub damaged
{
	my ($sound) = @_;
	my $value = $sound->[ int rand @$sound ];

	for (0 .. int rand 3)
	{
		my $kind = int rand 14;
		my $at = int rand length $value;
		# where the header is
		$at = int rand(length($value) < 8 ? length $value : 8) if rand() < 0.2;
		my $new = $favourites[ int rand @favourites ];

		if ($kind == 0)    { substr($value, $at, 1) = chr int rand 256; }
		elsif ($kind == 1) { substr($value, $at, 1)
		                         = chr((ord(substr $value, $at, 1) + (rand() < 0.5 ? 1 : -1)) & 255); }
		elsif ($kind == 2) { substr($value, $at, 1) ^= chr(1 << int rand 8); }
		elsif ($kind == 3) { $value = substr $value, 0, $at; $value = "\x01" unless length $value; }
		elsif ($kind == 4) { $value .= $new; }
		elsif ($kind == 5) { substr($value, $at, 0) = $new; }
		elsif ($kind == 6) { substr($value, $at, 1 + int rand 4) = ''; $value = "\x01" unless length $value; }
		elsif ($kind == 7 && length $value >= 8) { substr($value, 1, 1) = chr int rand 8; }
		elsif ($kind == 8 && length $value >= 8)
		{
			# another shape of the points
			my ($dims, $counts) = (int rand 5, int rand 4);
			substr($value, 2, 2) = pack 'CC', $dims, $counts;
		}
		elsif (length $value >= 16)
		{
			# a word of a point, in its place
			my $word = 8 + 8 * int rand((length($value) - 8) / 8);
			if ($kind == 9 && length $value >= 32)
			{
				# exchange two
				my $other = 8 + 8 * int rand((length($value) - 8) / 8);
				(substr($value, $word, 8), substr($value, $other, 8))
				    = (substr($value, $other, 8), substr($value, $word, 8))
					if $word + 8 <= length $value && $other + 8 <= length $value;
			}
			elsif ($kind == 10)
			{
				# a point more or less, and the number of points with it
				my ($n, $d, $c) = (unpack('N', substr $value, 4, 4), unpack 'CC', substr $value, 2, 2);
				my $size = 8 * ($d + $c);
				next if $size == 0 || $n > 100 || 8 + $n * $size != length $value;
				if (rand() < 0.5) { $value .= substr $value, 8 + $size * int rand $n, $size; $n++; }
				elsif ($n > 1) { substr($value, 8 + $size * int rand $n, $size) = ''; $n--; }
				substr($value, 4, 4) = pack 'N', $n;
			}
			else { substr($value, $word, 8) = $words[ int rand @words ] if $word + 8 <= length $value; }
		}
	}
	return $value;
}

# Is a value written as it was read?  The state of a zone that is always the same
# as the session's is taken, and written with the session's name of it.
my $utc = qr/(?:Etc\/)?(?:UTC|UCT|GMT|Zulu|Universal|Greenwich)/i;
sub is_written
{
	my ($read, $written) = @_;

	return 1 if $read eq $written;
	return 0 unless $written =~ s/$utc\z//;
	return $read =~ /\A\Q$written\E$utc\z/;
}

my $total = 50000;
# questions that are sent before an answer is read
my $batch = 40;
my (%outcome, @wrong);
# what a value that may be anything can be refused for: too many customers, a
# horizon beyond the last time, the state of another aggregate or one with points
# that its aggregate does not count
my %refusals = (survival_curve => qr/^(00000|22003|22023)$/, tally => qr/^(00000|22003|22023|22P03)$/);

for my $type (sort keys %types)
{
	my %whole = map { $_ => 1 } @{ $sound{$type} };
	for my $name (qw(text binary))
	{
		my $format = $name eq 'binary' ? 1 : 0;
		my $o = $outcome{"$type as $name"} = {};
		my %accepted;

		for my $round (1 .. $total / $batch)
		{
			my @values = map { damaged($sound{$type}) } 1 .. $batch;
			ask("$type.write", $format, $format ? $_ : '\x' . unpack 'H*', $_) for @values;
			flush_messages();
			for my $value (@values)
			{
				my ($state, $text, @columns) = read_answer();
				$o->{$state}++;
				if ($state eq '00000')
				{
					$accepted{$value} = 1;
					push @wrong, "not what was read: $type " . unpack 'H*',
					$value unless is_written($value, $columns[0]);
					push @wrong, "not the only form: $type " . unpack 'H*',
					$value unless is_written($value, $columns[1]);
				}
				elsif ($state eq 'lost' || $state =~ /^XX/)
				{
					push @wrong, "$type $state $text: " . unpack 'H*', $value;
				}
			}
			last if $o->{lost};
		}
		is($o->{lost} // 0, 0, "$total damaged values of $type as $name: the connection lives") or last;
		# 22023: a state of a time zone, whose name has become that of another
		my @states = grep { $_ ne '00000' && $_ ne '22003' && !($type eq 'tally' && $_ eq '22023') } sort keys %$o;
		is("@states", $format ? '22P03' : '22P02', "what is refused as $name has one SQLSTATE: $type");
		cmp_ok($o->{ $states[0] } // 0, '>', $total / 4, "many were refused as $name: $type");
		cmp_ok(scalar(grep { !$whole{$_} } keys %accepted), '>', 1000, "others were accepted as $name: $type");

		# the accepted ones are values like any other
		my @accepted = (sort keys %accepted)[ 0 .. (keys %accepted > 8000 ? 7999 : keys(%accepted) - 1) ];
		my @statements = grep { $_ ne 'write' } sort keys %{ $types{$type} };
		while (my @values = splice @accepted, 0, $batch / 4)
		{
			for my $value (@values)
			{
				ask("$type.$_", $format, $format ? $value : '\x' . unpack 'H*', $value) for @statements;
			}
			flush_messages();
			for my $value (@values)
			{
				for my $statement (@statements)
				{
					my ($state, $text, @columns) = read_answer();
					$outcome{"$type.$statement"}{$state}++;
					push @wrong, "$type.$statement $state " . ($text // '') . ': ' . unpack 'H*',
					$value unless $state =~ $refusals{$type};
					push @wrong, "$type.$statement makes no sense: " . unpack 'H*',
					$value if $state eq '00000' && defined $columns[0] && unpack('q>', $columns[0]) != 0;
					push @wrong, "$type.$statement gives no number: $columns[1] of " . unpack 'H*',
					$value if $statement =~ /^read/ && ($columns[1] // '') =~ /NaN|Infinity/;
				}
			}
		}
	}
}
is(join("\n", @wrong[ 0 .. (@wrong > 5 ? 4 : $#wrong) ]), '',
   'no internal error, no second form of a value, all that is accepted can be used');
for my $statement (map { my $t = $_; map { "$t.$_" } grep { $_ ne 'write' } sort keys %{ $types{$t} } } sort keys
                       %types)
{
	cmp_ok($outcome{$statement}{'00000'} // 0, '>', 100, "$statement was used");
}
note("$_: " . join(', ', map { my $s = $_; $s } %{ $outcome{$_} })) for sort keys %outcome;
is(sql('SELECT * FROM picture'), $picture, 'the values are as they were');

$node->stop;
done_testing();
