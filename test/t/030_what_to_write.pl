# README's tables.  "I want to know": each line runs, on date, timestamp and
# timestamptz columns.  "Errors": what is typed there fails as its heading says,
# and what to write instead works.  The tables are read, not repeated here.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $node = start_server('what_to_write',
	initdb => [ '--locale=C', '--encoding=UTF8' ],
	no_extension => 1,
	conf => "timezone = 'UTC'\nlc_messages = 'C'\nfsync = off\nsearch_path = '\"\$user\", public, retention'");
sql(q{
	CREATE SCHEMA retention;
	CREATE EXTENSION retention SCHEMA retention;
	CREATE TYPE kind AS ENUM ('a', 'b');
	CREATE TABLE events AS
	SELECT id, at::timestamptz, at::timestamptz + interval '40 days' AS ended_at, at AS at_text,
	       10.0::numeric AS amount,
	       extract(epoch FROM at::timestamptz)::bigint AS epoch_seconds, to_json(id) AS json_column,
	       'a'::kind AS enum_column,
	       id AS months, true AS churned,
	       daterange('2024-01-01', '2024-02-01') AS january, daterange('2024-02-01', '2024-03-01') AS february
	FROM (VALUES (1, '2024-01-05'), (1, '2024-02-10'), (2, '2024-01-20'), (3, '2024-02-15')) v(id, at);
	CREATE TABLE stored AS SELECT customer_activity(id, at) AS a FROM events;
});
my $citext = sql(q{SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'});
sql(q{CREATE EXTENSION citext; ALTER TABLE events ADD citext_column citext DEFAULT 'Ann'}) if $citext;

# Result and error of an expression over the events, or over their activity
sub try_expression
{
	my ($expression) = @_;
	my $statement
	    = $expression =~ /^\w+_table\(/ ? "SELECT t.* FROM stored, $expression t" : "SELECT $expression FROM events";
	my $sql = $statement;

	if ($statement =~ /\$1/)
	{
		my $arguments = $statement =~ /\$2/ ? '1000, 50' : $statement =~ /bigint/ ? '7' : "'ann'";
		$sql = "PREPARE s AS $statement; EXECUTE s($arguments)";
	}
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	return ($status, $out, $err);
}

open my $file, '<', "$FindBin::Bin/../../README.md" or die "cannot read README.md: $!";
my $readme = do { local $/; <$file> };
my ($errors) = $readme =~ /^## Errors\n(.*?)^## /ms or die "README has no errors";
my ($heading, $table)
    = $errors =~ /^(\*\*[^\n]*?\*\*)[^|]*?^\| typed \| write \|\n\|[-|]+\|\n((?:\|[^\n]*\n)+)/ms or die "no table";
my @messages = map { s/\.\.\./.*/r } $heading =~ /`([^`]+)`/g;
cmp_ok(scalar @messages, '>=', 3, 'the heading names the messages');

my $rows = 0;
for my $row (split /\n/, $table)
{
	my ($typed, $write) = $row =~ /^\| `(.*?)` \| (.*) \|$/ or die "a row of another form: $row";
	my @write = grep { /^\w+\(.*\)$/ } $write =~ /`([^`]+)`/g;
	$rows++;
	next if $typed =~ /citext/ && !$citext;
	my ($status, $out, $err) = try_expression($typed);
	ok($status != 0 && (grep { $err =~ /$_/ } @messages), "$typed fails as the heading says") or diag("$out$err");
	cmp_ok(scalar @write, '>', 0, "there is something to write for $typed");
	for my $expression (@write)
	{
		my ($status, $out, $err) = try_expression($expression);
		is($status, 0, "$expression works") or diag($err);
	}
}
cmp_ok($rows, '>=', 8, 'rows of the table');

# What is the same number in each form
my $both = q{'[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)'};
my $ranges = 'tstzrange(lower(january), upper(january)), tstzrange(lower(february), upper(february))';
for my $form ("retention_rate(id, at, $both)", "retention_rate(id, at, $ranges)",
              'retention_rate(id, at::date, january, february)')
{
	is(sql("SELECT $form FROM events"), '0.5', "$form is right");
}
is(sql('SELECT clv(id, to_timestamp(epoch_seconds), amount) = clv(id, at, amount) FROM events'),
	't', 'seconds since 1970 as a time');
is(sql(q{SELECT customers(a), (SELECT count(*) FROM cohort_table(a, '1 month')) FROM stored}),
	'3|3', 'a period with its number');

# Each line of "I want to know" that is whole: no "..." in it
my ($questions) = $readme =~ /^## I want to know.*?\n((?:\|[^\n]*\n)+)/ms or die "README has no questions";
my @lines = grep { (/^\(?\w+\(.+\)/ || /^SELECT /) && !/\.\.\./ } map { ((split / \| /, $_, 2)[1] // '')
                                                                            =~ /`([^`]+)`/g } split /\n/,
                   $questions;
cmp_ok(scalar @lines, '>=', 30, 'lines to be tried');
for my $type (qw(date timestamp timestamptz))
{
	sql(qq{
		DROP TABLE IF EXISTS orders, days, contracts, signups;
		CREATE TABLE orders AS
		SELECT id AS customer_id, at::$type AS ordered_at, at::$type AS at, at::$type AS day, 10.0::numeric AS amount,
		       id AS order_id, 'view' AS event,
		       at::$type AS started, CASE id WHEN 1 THEN '2024-06-01'::$type END AS ended, id = 1 AS was_active,
		       id > 1 AS is_active,
		       id::text AS plan, id AS months, id AS years, id = 1 AS churned, id AS frequency, id AS recency, 9 AS age,
		       8 AS score, 6 AS ease, 10.0::numeric AS price, interval '1 month' AS term,
		       10 AS points, '2024-12-31'::$type AS expires, 9.9 AS spent,
		       id = 1 AS had_voucher, true AS came_back, 0.8 AS rate, 0.8::float8 AS retention_rate,
		       10::float8 AS margin,
		       0.1::float8 AS annual_discount, 100::float8 AS cost, 5 AS customers, 3::float8 AS gain,
		       '2024-03-01'::$type AS as_of,
		       NULL::purchase_model AS m, NULL::spend_model AS g, NULL::rfm_summary AS s, 5 AS r, 4 AS f
		FROM (VALUES (1, '2024-01-05'), (1, '2024-02-10'), (2, '2024-01-20'), (3, '2024-02-15')) v(id, at);
		CREATE TABLE signups AS SELECT customer_id, ordered_at AS signed_up FROM orders;
		CREATE TABLE days AS
			SELECT customer_activity(customer_id, ordered_at) AS a,
			       customer_activity(customer_id, ordered_at) AS activity,
			       customer_events(customer_id, at, event) AS e,
			       customer_purchases(customer_id, ordered_at, amount) AS p,
			       customer_subscriptions(customer_id, started, ended, amount) AS v
			FROM orders;
		CREATE TABLE contracts AS SELECT customer_id, started, ended, amount FROM orders;
	});
	my $script = '';
	for my $line (@lines)
	{
		my $sql = $line =~ /^SELECT / ? $line : "SELECT $line FROM orders, days";
		$sql .= ' WINDOW w AS (PARTITION BY customer_id ORDER BY ordered_at)' if $line =~ /OVER w$/;
		$sql =~ s/\bm\b/1/ if $line =~ /^rfm_segment/;
		$sql = "SELECT $line FROM (SELECT nps_summary(score) AS a, nps_summary(score) AS b FROM orders) n" if $line
		    =~ /^nps_test/;
		$script .= "$sql;\n\\warn === end of line ===\n";
	}
	my (undef, undef, $err) = $node->psql('postgres', $script, on_error_stop => 0);
	my @errors = split /^=== end of line ===\n?/m, $err, -1;
	for my $k (0 .. $#lines)
	{
		unlike($errors[$k] // 'ERROR: not reached', qr/ERROR/, "on $type: $lines[$k]");
	}
}

# Tables that bear the names of the extension's types
sql(q{
	CREATE DATABASE own_schema;
	CREATE DATABASE one_schema;
});
$node->safe_psql('own_schema', 'CREATE SCHEMA retention; CREATE EXTENSION retention SCHEMA retention');
$node->safe_psql('one_schema', 'CREATE EXTENSION retention SCHEMA public');
my @texts = map { s/"\w+"/"\\w+"/r } grep { /already exists/ } $errors =~ /`([^`]+)`/g;
cmp_ok(scalar @texts, '>=', 1, 'README has the collision of names');
for my $name (qw(rfm_summary customer_activity nps_summary clv_summary retention_summary survival_curve))
{
	my (undef, undef, $err) = $node->psql('one_schema', "CREATE TABLE $name AS SELECT 1 AS id");
	ok((grep { $err =~ /$_/ } @texts), "table $name fails as the heading says") or diag($err);
	is($node->safe_psql('own_schema', "CREATE TABLE $name AS SELECT 1 AS id; SELECT id FROM $name"),
		1, "table $name beside the extension in a schema of its own");
}
is($node->safe_psql('own_schema', q{
		CREATE TABLE customers AS
			SELECT rfm_summary(at, 10::float8, '2024-03-01'::date) AS s
			FROM (VALUES (date '2024-01-05'), ('2024-01-09')) v(at);
		SELECT (s).frequency FROM customers}),
	1, 'and the functions are found as before');
is($node->safe_psql('own_schema',
                    q{SELECT nps(nps_summary(score)), customers(customer_activity(score, date '2024-01-05'))
                      FROM (VALUES (10), (9)) v(score)}),
	'100|2', 'types of functions too');

$node->stop;
done_testing();
