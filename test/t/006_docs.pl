# The SQL in the documentation runs, and prints what the documentation says.
#
# Each page gets a database of its own with the extension in it, and one
# session.  Its ```sql blocks are run in order; where a ```text block follows
# a ```sql block directly, it must be what psql prints for that block.
use strict;
use warnings FATAL => 'all';
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::Bin/../..";
my @pages = grep { -f "$root/$_" } ('README.md', map { s{^\Q$root\E/}{}r } sort glob "$root/doc/*.md");

# The blocks of a page: language, first line, text
sub blocks
{
	my ($page) = @_;
	my (@blocks, $block);

	open my $file, '<:encoding(UTF-8)', "$root/$page" or die "cannot read $page: $!";
	while (my $line = <$file>)
	{
		if ($block)
		{
			if ($line =~ /^```\s*$/)
			{
				push @blocks, $block;
				undef $block;
				next;
			}
			$block->{text} .= $line;
		}
		elsif ($line =~ /^```(.*?)\s*$/)
		{
			$block = { language => $1, line => $. + 1, text => '' };
		}
		elsif ($line =~ /\S/)
		{
			# prose: what follows does not belong to the block before
			push @blocks, { language => '' };
		}
	}
	close $file;
	fail("$page:$block->{line}: block is not closed") if $block;
	return @blocks;
}

# Without blanks at the ends of lines, nor empty lines at the ends of the text
sub trimmed
{
	my ($text) = @_;

	$text =~ s/[ \t]+$//mg;
	$text =~ s/^\n+//;
	$text =~ s/\n*$/\n/;
	return $text;
}

my $node = PostgreSQL::Test::Cluster->new('docs');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "timezone = 'UTC'\ndatestyle = 'ISO, YMD'\nlc_messages = 'C'");
$node->start;
delete @ENV{qw(PGTZ PGDATESTYLE PGOPTIONS COLUMNS PAGER PSQLRC)};

cmp_ok(scalar @pages, '>', 0, 'there is documentation');
my $database = 0;
for my $page (@pages)
{
	my @blocks = blocks($page);
	my @sql = grep { $_->{language} eq 'sql' } @blocks;

	for my $block (@blocks)
	{
		fail("$page:$block->{line}: a block of SQL must be fenced as ```sql and be run, not as ```$block->{language}")
		  if $block->{language} =~ /^(sql.|psql|postgres)/i;
	}
	next unless @sql;

	my $name = 'page' . ++$database;
	my $script = join '', map { "$sql[$_]{text}\n;\n\\echo === end of block $_ ===\n" } 0 .. $#sql;
	my ($out, $err) = ('', '');
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION retention');
	IPC::Run::run([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($name) ], '<', \$script, '>', \$out, '2>', \$err);

	my $n = -1;
	for my $i (0 .. $#blocks)
	{
		my $block = $blocks[$i];
		next unless $block->{language} eq 'sql';
		$n++;
		unless ($out =~ s/\A(.*?)^=== end of block $n ===\n//ms)
		{
			fail("$page:$block->{line}: $err");
			last;
		}
		my $got = $1;
		pass("$page:$block->{line}: runs");
		next unless $i < $#blocks && $blocks[ $i + 1 ]{language} eq 'text';
		is(trimmed($got), trimmed($blocks[ $i + 1 ]{text}), "$page:$blocks[$i + 1]{line}: output as printed");
	}
}

$node->stop;
done_testing();
