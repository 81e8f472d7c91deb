# Customers and states in the binary format, and 20,000 damaged states: none
# may crash the server or end in an internal error.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $node = start_server('binary', conf => $CRASHES_SHOW);
my $dir = own_dir();

# The families of states: name, arguments, transition, combine, final function
my @families = (
	[ 'rate', 'customer_key, date, daterange, daterange', 'retention_events_transfn', 'retention_customers_combine',
	  'retention_summary_customers_finalfn',
		q{c, d, '[2024-01-01,2024-02-01)', '[2024-02-01,)'} ],
	[ 'rows', 'customer_key', 'repeat_rows_transfn', 'repeat_rows_combine', 'repeat_rows_finalfn', 'c' ],
	[ 'orders', 'customer_key, customer_key', 'repeat_orders_transfn', 'repeat_orders_combine', 'repeat_orders_finalfn',
	  'c, o' ],
	[ 'within', 'customer_key, date, interval', 'repeat_within_transfn', 'repeat_within_combine',
	  'repeat_within_finalfn', q{c, d, '10 days'} ],
	[ 'clv', 'customer_key, date, double precision', 'clv_transfn', 'clv_combine', 'clv_summary_finalfn', 'c, d, o' ]);
my $setup = '';
for my $f (@families)
{
	my ($name, $arguments, $transition, $combine, $final) = @$f;
	$setup .= qq{
CREATE AGGREGATE map_$name($arguments) (SFUNC = $transition, STYPE = customer_map, COMBINEFUNC = $combine,
                                        PARALLEL = SAFE);
CREATE AGGREGATE merge_$name(customer_map) (SFUNC = $combine, STYPE = customer_map);
CREATE AGGREGATE read_$name(customer_map) (SFUNC = $combine, STYPE = customer_map, FINALFUNC = $final);
};
}
# maps of 1 to 20,000 customers, of each family
$setup .= q{
CREATE TABLE source AS
	SELECT n, (i * 7919) % n - n / 2 AS c, date '2024-01-01' + (i * 31 % 60)::int AS d, i % 7 AS o
	FROM unnest(ARRAY[1, 2, 3, 40, 3400, 20000]::bigint[]) n, generate_series(1, 2 * n) i;
CREATE TABLE key_table (k customer_key);
INSERT INTO key_table
	SELECT c
	FROM source
	UNION ALL SELECT 9223372036854775807
	UNION ALL SELECT -9223372036854775808
	UNION ALL SELECT NULL;
CREATE TABLE map (n bigint, family text, m customer_map);
};
$setup .= "INSERT INTO map SELECT n, '$_->[0]', map_$_->[0]($_->[5]) FROM source GROUP BY n;\n" for @families;
sql($setup);

# Round trips
for my $table ('key_table', 'map')
{
	my $column = $table eq 'map' ? 'm' : 'k';
	is(sql(qq{
COPY $table TO '$dir/$table.binary' (FORMAT binary);
CREATE TABLE ${table}_binary (LIKE $table);
COPY ${table}_binary FROM '$dir/$table.binary' (FORMAT binary);
COPY $table TO '$dir/$table.text';
CREATE TABLE ${table}_text (LIKE $table);
COPY ${table}_text FROM '$dir/$table.text';
SELECT (SELECT string_agg(md5(coalesce(t::text, '')), '' ORDER BY t::text) FROM $table t)
           = (SELECT string_agg(md5(coalesce(t::text, '')), '' ORDER BY t::text) FROM ${table}_binary t),
       (SELECT string_agg(md5(coalesce(t::text, '')), '' ORDER BY t::text) FROM $table t)
           = (SELECT string_agg(md5(coalesce(t::text, '')), '' ORDER BY t::text) FROM ${table}_text t),
       (SELECT count(*) > 5 FROM ${table}_binary)}), 't|t|t', "$table: binary and text round trip");
	ok(-s "$dir/$table.binary" > 1000, "$table: there was something to copy");
}
# What came through the binary format says what the rows say
is(sql(q{
SELECT count(*),
       bool_and(read = (SELECT retention_summary(c, d, '[2024-01-01,2024-02-01)', '[2024-02-01,)')
                        FROM source s WHERE s.n = b.n))
FROM (SELECT n, read_rate(m) AS read FROM map_binary WHERE family = 'rate' GROUP BY n) b}), '6|t',
     'a state that was sent and received is read');

# Damage
srand(20240229);
my @bytes = map { pack 'H*', substr($_, 2) } split /\n/, sql('SELECT m FROM map WHERE n <= 40 ORDER BY family, n');
my @favourites
    = map { pack 'H*', $_ } qw(00 01 02 03 04 05 06 08 09 7f 80 ff 00000000 00000001 00000004 7fffffff 80000000 ffffffff
  ffffffffffffffff 7fffffffffffffff 8000000000000000 7ff0000000000000 7ff8000000000000 0000000000000000
      0000000000000001);

sub damaged
{
	my $value = $bytes[ int rand @bytes ];

	for (0 .. int rand 3)
	{
		my $kind = int rand 8;
		my $at = int rand length $value;
		my $new = $favourites[ int rand @favourites ];

		if ($kind == 0)    { substr($value, $at, 1) = chr int rand 256; }
		elsif ($kind == 1) { substr($value, $at, 1) ^= chr(1 << int rand 8); }
		elsif ($kind == 2) { $value = substr $value, 0, $at; $value = "\x01" unless length $value; }
		elsif ($kind == 3) { $value .= $new; }
		elsif ($kind == 4) { substr($value, $at, 0) = $new; }
		elsif ($kind == 5) { substr($value, 1, 1) = chr int rand 7; }
		else
		{
			# in place of a field: number of customers, a total, or a
			# customer's key, flags or value
			next if length $value < 8;
			my ($nvalues, $ntotals) = unpack 'x2CC', $value;
			my $customer = 8 + 8 * $ntotals + (9 + 8 * $nvalues) * int rand 3;
			my $field = (4, 8, 8 + 8 * int rand 4, $customer, $customer + 8, $customer + 8,
			             $customer + 9 + 8 * int rand 2)[ int rand 7 ];
			substr($value, $field, length $new) = $new if $field + length $new <= length $value;
		}
	}
	return $value;
}

my $total = 20000;
my $through_files = 2000;
my @damaged = map { damaged() } 1 .. $total;

# A binary file each for some of them; the rest comes as text
my $signature = "PGCOPY\n\377\r\n\0" . pack('NN', 0, 0);
mkdir "$dir/damaged" or die;
for my $i (1 .. $through_files)
{
	open my $file, '>:raw', "$dir/damaged/$i" or die;
	print $file $signature, pack('nN', 1, length $damaged[ $i - 1 ]), $damaged[ $i - 1 ], pack('n', 0xFFFF);
	close $file;
}
open my $file, '>', "$dir/damaged.text" or die;
print $file "$_\t\\\\x" . unpack('H*', $damaged[ $_ - 1 ]) . "\n" for 1 .. $total;
close $file;

my $merges = join '', map { my $name = $_->[0]; map { "'SELECT $_'," } (
	"read_$name(m)::text FROM (SELECT \$1 AS m) x",
	"customer_map_send(merge_$name(m)::text::customer_map)::text FROM (SELECT \$1 AS m UNION ALL SELECT \$1) x",
	"customer_map_send(merge_$name(m)::text::customer_map)::text "
	  . "FROM (SELECT \$1 AS m UNION ALL SELECT \$1 UNION ALL SELECT \$2) x",
	"read_$name(m)::text FROM (SELECT \$2 AS m UNION ALL SELECT \$1) x") } @families;
$merges =~ s/,$//;
my ($rc, $out, $err) = $node->psql('postgres', qq{
CREATE TABLE damaged (i int, t text);
COPY damaged FROM '$dir/damaged.text';
CREATE TABLE received (m customer_map);
CREATE TABLE outcome (step text, state text, message text);
CREATE FUNCTION use(m customer_map, sound customer_map) RETURNS void LANGUAGE plpgsql AS \$\$
DECLARE
	query text;
	result text;
BEGIN
	FOREACH query IN ARRAY ARRAY[$merges] LOOP
		BEGIN
			EXECUTE query INTO result USING m, sound;
			INSERT INTO outcome VALUES (split_part(query, '(', 1), '00000', NULL);
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO outcome VALUES (split_part(query, '(', 1), SQLSTATE, SQLERRM);
		END;
	END LOOP;
END \$\$;
DO \$\$
DECLARE
	r record;
	v customer_map;
	sounds customer_map[] := ARRAY(SELECT m FROM map WHERE n = 40 ORDER BY family);
BEGIN
	FOR r IN SELECT * FROM damaged ORDER BY i LOOP
		BEGIN
			IF r.i <= $through_files THEN
				TRUNCATE received;
				EXECUTE format('COPY received FROM %L (FORMAT binary)', '$dir/damaged/' || r.i);
				SELECT m INTO v FROM received;
			ELSE
				v := r.t::customer_map;
			END IF;
			IF v::text <> r.t OR v::text::customer_map::text <> r.t THEN
				RAISE EXCEPTION 'not what was read: %', r.t;
			END IF;
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO outcome VALUES
				(CASE WHEN r.i <= $through_files THEN 'receive' ELSE 'in' END, SQLSTATE, SQLERRM);
			CONTINUE;
		END;
		INSERT INTO outcome VALUES ('accept', '00000', NULL);
		PERFORM use(v, sounds[1 + r.i % 5]);
	END LOOP;
END \$\$;
});
unless (is($rc, 0, "$total damaged states have been tried"))
{
	diag($err);
	$node->stop('immediate', fail_ok => 1);
	done_testing();
	exit 1;
}
is($node->poll_query_until('postgres', 'SELECT true'), 1, 'the server is still there');
is(sql(q{SELECT step, state, count(*), min(message) FROM outcome WHERE state IN ('XX000', 'P0001') GROUP BY 1, 2}), '',
   'no internal error, and what is accepted is written as it was read');
is(sql(q{SELECT count(*)
         FROM outcome WHERE step LIKE 'SELECT %' AND state LIKE '22P%' AND message NOT LIKE '%is inconsistent'}),
   '0', 'what has been merged can be written and read')
  or diag(sql(q{SELECT step, state, count(*), min(message)
                FROM outcome WHERE step LIKE 'SELECT %' AND state LIKE '22P%' GROUP BY 1, 2}));
is(sql(q{SELECT DISTINCT state FROM outcome WHERE step = 'receive'}), '22P03', 'damage that receive refuses is 22P03');
is(sql(q{SELECT DISTINCT state FROM outcome WHERE step = 'in'}), '22P02', 'damage that input refuses is 22P02');
is(sql(q{
SELECT count(*) FILTER (WHERE step = 'in') > 1000, count(*) FILTER (WHERE step = 'receive') > 100,
       count(*) FILTER (WHERE step = 'accept') > 1000,
       count(*) FILTER (WHERE step LIKE 'SELECT %' AND state = '00000') > 1000,
       count(*) FILTER (WHERE step LIKE 'SELECT %' AND state <> '00000') > 1000
FROM outcome}),
	't|t|t|t|t', 'the damage was of all kinds')
  or diag(sql('SELECT step, state, count(*) FROM outcome GROUP BY 1, 2 ORDER BY 1, 2'));
note(sql('SELECT state, count(*) FROM outcome GROUP BY 1 ORDER BY 1'));

$node->stop;
done_testing();
