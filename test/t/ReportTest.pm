# What the tests of the report have in common: a server for it, a report of one of
# its databases, whether its page is sound, and what stands where on it.
package ReportTest;

use strict;
use warnings FATAL => 'all';
use Exporter qw(import);
use IPC::Run qw(run);
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

our @EXPORT = qw(start_report_server report check_page tiles row_of headlines heat_map section titles table_rows);

my $files = PostgreSQL::Test::Utils::tempdir_short();
my $node;

sub start_report_server
{
	$node = start_server('report', conf => "timezone = 'UTC'");
	return $node;
}

# Exit status, the page and the messages of a report
sub report
{
	my ($db, @options) = @_;
	my $page = "$files/page.html";
	unlink $page;
	run([ 'psql', '-X', '-d', $node->connstr($db), @options, '-o', $page, '-f', "$root/doc/examples/report.sql" ],
		'<', \undef, '>', \my $out, '2>', \my $err);
	my $rc = $? >> 8;
	my $html = -e $page ? slurp_file($page) : '';
	return ($rc, $html, $out . $err);
}

# What is wrong with the markup: every tag closed in order, attributes quoted,
# no stray < or &
sub markup_error
{
	my ($html) = @_;
	my @open;
	$html =~ s/\A<!DOCTYPE html>\n// or return 'no document type';
	pos($html) = 0;
	while (pos($html) < length $html)
	{
		if ($html =~ m{\G<([a-z][a-z0-9]*)(?: [a-z][a-zA-Z0-9:-]*="(?:[^<>&"]|&(?:amp|lt|gt|quot|#\d+);)*")*(/?)>}gc)
		{
			push @open, $1 unless $2;
		}
		elsif ($html =~ m{\G</([a-z][a-z0-9]*)>}gc)
		{
			my $last = pop(@open) // 'nothing';
			return "</$1> closes $last" if $last ne $1;
		}
		elsif ($html !~ m{\G(?:[^<&]|&(?:amp|lt|gt|quot|#\d+);)+}gc)
		{
			return 'unexpected: ' . substr($html, pos($html), 60);
		}
	}
	return @open ? "not closed: @open" : '';
}

sub check_page
{
	my ($html, $name) = @_;
	is(markup_error($html), '', "$name: the markup is well-formed");
	unlike($html, qr/<(?:script|link|iframe|object|img|base|form)\b/i, "$name: no script and no other file");
	unlike($html, qr/\b(?:src|href|on[a-z]+|style="[^"]*url)\s*=|\burl\(|\@import/i,
	       "$name: nothing is fetched or run");
	unlike($html, qr/NaN|Infinity|="-?\d*\.?\d+e[+-]\d+%?"|###/i, "$name: every number is one");
	my $plurals = qr/days|weeks|months|years|customers|events|answers|purchases|contracts|refunds/;
	unlike($html =~ s{<style>.*?</style>}{}sr, qr/(?<![.,])\b1 (?:\w+ )?(?:$plurals)\b|As of ,|: ?, | \(\)|of of/,
		"$name: no holes, and no plural of one");
	my $free = () = $html =~ /(?<!<div class="scroll" tabindex="0" role="region" aria-label=")(?=<table)/g;
	my $scrolled = () = $html =~ m{<div class="scroll" tabindex="0" role="region" aria-label="[^"]+">\s*<table}g;
	is($scrolled, $free, "$name: what is wide scrolls for itself");
	my @labels = $html =~ /<text class="mid[^"]*" x="[^"]*" y="(\d+)"/g;
	is((grep { $_ < 220 } @labels), 0, "$name: no label stands in a chart, where a line could strike it through");
	my @long
	    = grep { length > 13 } map { s/ (?:points|days|months|years)$//r =~ s/&[^;]+;/x/gr } values %{ tiles($html) };
	is("@long", '', "$name: no number is wider than its tile");
	my $negative = () = $html =~ /\b(?:width|height|r)(?:="|: )-/g;
	is($negative, 0, "$name: no size is negative");
	my @outside;
	for my $chart (split /<svg class="chart"/, $html)
	{
		my ($height) = $chart =~ /\A height="(\d+)"/ or next;
		push @outside, grep { $_ < -0.1 || $_ > $height } $chart =~ m{<(?:rect|circle|line)\b[^>]* c?y1?="(-?[\d.]+)"}g;
	}
	is("@outside", '', "$name: nothing is drawn outside of a chart");
	my %desc = $html =~ m{<title id="[^"]*">(.*?)</title><desc id="[^"]*">(.*?)</desc>}g;
	is(join('; ', grep { $desc{$_} eq '' || $desc{$_} eq $_ } sort keys %desc), '', "$name: each chart is described");
	if (run([ 'sh', '-c', 'command -v xmllint' ], '>', \my $path))
	{
		my $agrees = run([ 'xmllint', '--noout', '-' ], '<', \$html, '2>', \my $err);
		ok($agrees, "$name: xmllint agrees") or diag($err);
	}
	return;
}

# name: value
sub tiles
{
	my ($html) = @_;
	my %tiles;
	$tiles{$1} //= $2 =~ s{</?em>}{}gr while $html =~ m{<div class="tile"><span>(.*?)</span><b[^>]*>(.*?)</b>}g;
	return \%tiles;
}

# The labels of a row below a chart, which stand at the same height
sub row_of
{
	my ($html, $id, $y) = @_;
	my ($chart) = $html =~ m{<svg class="chart"[^>]*"$id-title (.*?)</svg>\s*(?:</section>|<details>)}s or return '';
	return join ' ', $chart =~ m{<text class="mid[^"]*" x="[^"]*" y="$y">([^<]*)<}g;
}

# "cohort size cell cell ...", * marks an unfinished cell, . an empty one.  Every cell
# has the shade of its share on the legend's scale, but for ages below $from.
sub heat_map
{
	my ($html, $from) = (@_, 1);
	my ($table) = $html =~ m{<table class="heat(?: tall)?"[^>]*>(.*?)</table>}s or return '';
	my ($top) = $html =~ m{<i class="c100"></i>(\d+)%} or return 'no scale';
	my @rows;
	while ($table =~ m{<tr><th scope="row">(.*?)</th><td class="size">([\d,]+)</td>(.*?)</tr>}gs)
	{
		my @row = ($1, $2);
		my $cells = $3;
		while ($cells =~ m{<td(?: class="(\w+)" title="([\d,]+) of ([\d,]+)[^"]*")?>(.*?)</td>}g)
		{
			my ($class, $retained, $customers, $text) = ($1, $2, $3, $4);
			tr/,//d for grep { defined } $retained, $customers;
			my $shade = !defined $class ? 0 : int(100 * $retained / $customers * 100 / $top + 0.5);
			my $right = @row < $from + 2 ? 'all' : 'c' . ($shade > 100 ? 100 : $shade);
			push @row, !defined $class ? '.' : $class eq 'open' ? "$text*" : $class eq $right ? $text : "$class?$text";
		}
		push @rows, "@row";
	}
	return join "\n", @rows;
}

# What stands below a headline of the page
sub section
{
	my ($html, $headline) = @_;
	return ($html =~ m{<h2>\Q$headline\E</h2>(.*?)</section>}s)[0] // '';
}

# The titles of what is drawn below a headline, a line each; or of some of it
sub titles
{
	my ($html, $headline, $wanted) = @_;
	my $pattern = $wanted // qr{<g[^>]*><title>([^<]*)</title>};

	return join "\n", section($html, $headline) =~ /$pattern/g;
}

# The rows of the table below a headline, without bars, cells separated by |
sub table_rows
{
	my ($html, $headline) = @_;
	my ($body) = section($html, $headline) =~ m{<tbody>(.*?)</tbody>}s or return '';
	$body =~ s{<div class="bar"><i[^>]*></i>|</div>}{}g;
	return join "\n", map { s{<t[hd][^>]*>}{}gr =~ s{</t[hd]>}{|}gr =~ s{\|\z}{}r } $body =~ m{<tr>(.*?)</tr>}g;
}

sub headlines
{
	my ($html) = @_;
	return join '; ', $html =~ m{<h2>(.*?)</h2>}g;
}

1;
