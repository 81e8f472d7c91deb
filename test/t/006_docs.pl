# The SQL in the documentation runs, and prints what the documentation says,
# whatever the type of the reader's time columns is.
#
# Each run of a page gets a database of its own, with the extension in a schema
# of its own as README installs it, and one session.  Its ```sql blocks are run
# in order; where a ```text block follows a ```sql block directly, it must be
# what psql prints for that block.
#
# Then the page is run again with its tables' time columns as date, timestamp
# and timestamptz: an event trigger gives each new table's columns of these
# types the one that is tried, so that the statements stay as they are printed.
# Nothing may fail, and the results must be the same, times cut to their days.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

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

# A result whatever the type of its times: days alone, and no padding by psql
sub days_only
{
	my ($text) = @_;

	$text =~ s/(\d{4}-\d\d-\d\d)[ T]\d\d:\d\d(:\d\d)?(\.\d+)?([+-]\d\d)?/$1/g;
	$text =~ s/(")?(\d{4}-\d\d-\d\d)(?(1)")/$2/g;
	$text =~ s/-{3,}/--/g;
	$text =~ s/ {2,}/ /g;
	$text =~ s/^ //mg;
	return trimmed($text);
}

# Statements whose results differ, and why: page, text, types, reason.  They run.
my @other_results = (
	[ 'doc/funnel.md', qr/funnel_(table|attempts)/, qr/^date$/, 'hours and orders within a day are lost in dates' ],
	[ 'doc/questions.md', qr/'1 hour'/, qr/^date$/, 'hours are lost in dates' ],
	[ 'doc/rate.md', qr/FROM signups/, qr/^date$/, 'the hours decide who came back a day after signing up' ],
);

my $node = start_server('docs',
	initdb => [ '--locale=C', '--encoding=UTF8' ],
	no_extension => 1,
	conf => qq{
timezone = 'UTC'
datestyle = 'ISO, YMD'
lc_messages = 'C'
fsync = off
search_path = '"\$user", public, retention'
});
delete @ENV{qw(PGTZ PGDATESTYLE PGOPTIONS COLUMNS PAGER PSQLRC)};

# Give the time columns of new tables the type retype.wanted, if there is one,
# and remember the types that they were created with
my $retype = q{
	CREATE SCHEMA retype;
	CREATE TABLE retype.seen (type regtype);
	CREATE FUNCTION retype.time_columns() RETURNS event_trigger LANGUAGE plpgsql AS $$
	DECLARE
		wanted text := current_setting('retype.wanted');
		col record;
	BEGIN
		FOR col IN SELECT a.attrelid::regclass AS tab, a.attname AS name, a.atttypid::regtype AS type
			FROM pg_event_trigger_ddl_commands() c JOIN pg_attribute a ON a.attrelid = c.objid
			WHERE c.object_type = 'table' AND a.attnum > 0 AND NOT a.attisdropped
				AND a.atttypid IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype)
		LOOP
			INSERT INTO retype.seen VALUES (col.type);
			IF wanted <> '' AND col.type <> wanted::regtype THEN
				EXECUTE format('ALTER TABLE %s ALTER COLUMN %I TYPE %s', col.tab, col.name, wanted);
			END IF;
		END LOOP;
	END $$;
	CREATE EVENT TRIGGER retype ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
		EXECUTE FUNCTION retype.time_columns();
};

# Run blocks of SQL in a new database: what each printed and its errors, and
# the types of the time columns.  An error ends a statement, not the run.
my $databases = 0;
sub run_blocks
{
	my ($type, @sql) = @_;
	my $name = 'page' . ++$databases;
	my ($out, $err) = ('', '');
	my $script = join '', map { "$_->{text}\n;\n\\echo === end of block ===\n\\warn === end of block ===\n" } @sql;

	sql("CREATE DATABASE $name; ALTER DATABASE $name SET retype.wanted = '$type'");
	$node->safe_psql($name, "CREATE SCHEMA retention; CREATE EXTENSION retention SCHEMA retention; $retype");
	IPC::Run::run([ 'psql', '-Xq', '-d', $node->connstr($name) ], '<', \$script, '>', \$out, '2>', \$err);
	my @out = split /^=== end of block ===\n/m, $out, -1;
	my @err = split /^=== end of block ===\n/m, $err, -1;
	my $seen = $node->safe_psql($name, 'SELECT DISTINCT type FROM retype.seen');
	sql("DROP DATABASE $name");
	return ([ map { { out => $out[$_] // '', err => $err[$_] // $err } } 0 .. $#sql ], split /\n/, $seen);
}

# Did a block run without an error?
sub runs
{
	my ($result, $name) = @_;
	my $ok = defined $result->{out} && $result->{err}
	    !~ /^(psql:[^\n]*)?(ERROR|FATAL|PANIC|invalid command)|server closed/m;

	ok($ok, "$name: runs") or diag($result->{err});
	return $ok;
}

cmp_ok(scalar @pages, '>', 0, 'there is documentation');
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

	my ($printed, @types) = run_blocks('', @sql);
	my $n = -1;
	for my $i (0 .. $#blocks)
	{
		my $block = $blocks[$i];
		next unless $block->{language} eq 'sql';
		$n++;
		runs($printed->[$n], "$page:$block->{line}") or next;
		next unless $i < $#blocks && $blocks[ $i + 1 ]{language} eq 'text';
		is(trimmed($printed->[$n]{out}), trimmed($blocks[ $i + 1 ]{text}),
		   "$page:$blocks[$i + 1]{line}: output as printed");
	}

	for my $type ('date', 'timestamp without time zone', 'timestamp with time zone')
	{
		next if !@types || (@types == 1 && $types[0] eq $type);
		my ($results) = run_blocks($type, @sql);
		for my $k (0 .. $#sql)
		{
			my $name = "$page:$sql[$k]{line} on $type";
			my ($why) = grep { $page eq $_->[0] && $sql[$k]{text} =~ $_->[1] && $type =~ $_->[2] } @other_results;
			runs($results->[$k], $name) or next;
			if ($why)
			{
				note("$name: not compared, $why->[3]");
				next;
			}
			is(days_only($results->[$k]{out}), days_only($printed->[$k]{out}), "$name: the same result");
		}
	}
}

$node->stop;
done_testing();
