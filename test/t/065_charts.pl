# doc/bi.md: the specifications on the page are the files beside it, and what it says to
# type into BI tools runs once the tool has filled in its variables, as the role that the
# page makes.  That the charts show what the rows say is the matter of test/charts.
use strict;
use warnings FATAL => 'all';
use FindBin;
use JSON::PP qw(decode_json);
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my $page = slurp_file("$root/doc/bi.md");

# Files and blocks
my %shown;
while ($page =~ m{^<details><summary>[^<]*<a href="charts/([^"]+)">\1</a></summary>\n\n```(json|js)\n(.*?)^```$}msg)
{
	$shown{$1} = $3;
}
my @files = map { s{.*/}{}r } sort glob "$root/doc/charts/*";
is(join(' ', sort keys %shown), "@files", 'every chart is on the page');
for my $file (sort keys %shown)
{
	is($shown{$file}, slurp_file("$root/doc/charts/$file"), "$file is on the page as it is");
	next unless $file =~ /^(\w+)\.vl\.json$/;
	is(decode_json($shown{$file})->{data}{url}, "$1.json", "$file is JSON and reads $1.json");
}
like($page, qr/^SELECT .*json_agg.* AS $_$/m, "a query makes $_") for qw(cohorts curve survival bridge mrr);

# The role of the page, in a database as README makes it
my $node = start_server('bi', no_extension => 1, conf => "timezone = 'UTC'\n");
$node->safe_psql('postgres', 'CREATE DATABASE shop');
$node->safe_psql('shop', 'CREATE SCHEMA retention; CREATE EXTENSION retention SCHEMA retention');
my ($tables) = $page =~ /^```sql\n(CREATE TABLE orders.*?)^```$/ms;
my ($role) = $page =~ /^```\n(CREATE ROLE dashboards.*?)^```$/ms;
$node->safe_psql('shop', $tables);
$node->safe_psql('shop', $role);

# Rows of a query as the role
sub rows
{
	my ($query) = @_;
	my ($rc, $out, $err) = $node->psql('shop', $query, extra_params => [ '-U', 'dashboards' ]);
	is($rc, 0, 'it runs') or diag("$query\n$err");
	return $out;
}
is(rows(q{SELECT current_setting('timezone'), current_setting('search_path')}), 'Europe/Berlin|public, retention',
	'the settings of the role');
isnt($node->psql('shop', 'DELETE FROM orders', extra_params => [ '-U', 'dashboards' ]), 0, 'it may only read');

my %queries;
push @{ $queries{$1} }, $2 while $page =~ /^```(metabase|grafana|superset)\n(.*?)^```$/msg;
is(join(' ', map { "$_ " . @{ $queries{$_} } } sort keys %queries), 'grafana 2 metabase 1 superset 1',
	'queries of three tools');

# The truth, of 2024 and of one country; as_of of the page is today
my $wanted = q{SELECT to_char(c.cohort, 'YYYY-MM'), %s, c.retention_rate
FROM (SELECT customer_activity(customer_id, ordered_at) AS a FROM orders WHERE %s) s,
	cohort_table(a, as_of => %s, horizon => 11) c
WHERE c.cohort >= '%s' ORDER BY 1, c.age};

# Metabase: without values, and with those of both variables
my ($query) = @{ $queries{metabase} };
is(rows($query =~ s/\[\[.*?\]\]//gr),
	rows(sprintf $wanted, q{lpad(c.age::text, 2, '0')}, 'true', 'current_date', '2024-01-01'),
	'Metabase without values');
is(rows($query =~ s/\[\[|\]\]//gr =~ s/\{\{country\}\}/"public"."orders"."country" = 'DE'/r
	=~ s/\{\{since\}\}/date '2024-02-01'/r),
	rows(sprintf $wanted, q{lpad(c.age::text, 2, '0')}, q{country = 'DE'}, 'current_date', '2024-02-01'),
	'Metabase with values');

# Grafana, whose macros become literals in UTC
sub grafana
{
	my ($text, $to) = @_;
	return $text =~ s/\$\{country:sqlstring\}/'DE','FR'/r =~ s/\$__timeTo\(\)/'$to'/gr
		=~ s/\$__timeFilter\(([\w.]+)\)/$1 BETWEEN '2024-02-01T00:00:00Z' AND '$to'/gr;
}
is(rows(grafana($queries{grafana}[0], '2024-04-15T10:00:00Z')),
	rows(sprintf $wanted, 'c.age', 'true', q{'2024-04-15'}, '2024-02-01'), 'Grafana, cohorts');
is(rows(grafana($queries{grafana}[1], '2024-03-15T10:00:00Z')),
	"2024-02|0|0|20|0|-20\n2024-03 so far|0|25|0|-15|0", 'Grafana, movements');

# Superset wraps what is in a dataset
sub superset
{
	my ($country, $since) = @_;
	my $text = $queries{superset}[0] =~ s/\{% set .*? %\}//r;
	$text =~ s/\{% if filter_values\("country"\) %\}(.*?)\{% endif %\}/$country ? $1 : ''/se;
	$text =~ s/\{\{ filter_values\("country"\)\|where_in \}\}/($country)/;
	$text =~ s/\{% if range\.from_expr %\}(.*?)\{% endif %\}/$since ? $1 : ''/se;
	$text =~ s/\{\{ range\.from_expr \}\}/TO_DATE('$since', 'YYYY-MM-DD')/;
	unlike($text, qr/\{[%{]|;/, 'nothing is left to fill in');
	return qq{SELECT to_char(cohort, 'YYYY-MM'), age, MAX(retention_rate) FROM ($text) AS virtual_table
		WHERE age <= 11 GROUP BY 1, 2 ORDER BY 1, 2};
}
is(rows(superset('', '')), rows(sprintf $wanted, 'c.age', 'true', 'current_date', '2024-01-01'),
	'Superset without filters');
is(rows(superset(q{'DE'}, '2024-02-01')),
	rows(sprintf $wanted, 'c.age', q{country = 'DE'}, 'current_date', '2024-02-01'), 'Superset with filters');

$node->stop;
done_testing();
