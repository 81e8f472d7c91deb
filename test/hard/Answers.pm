# A query for every aggregate, window function and function of the catalog, over the
# tables of Rows.pm, that returns one text: what the function returned, or its digest.
# Every name is qualified and every argument is cast to its type, so that a query means
# one thing whatever else is in the database.
package Answers;

use strict;
use warnings FATAL => 'all';
use Calls;
use Catalog;
use Exporter qw(import);
use Hard;
use RetentionTest;

our @EXPORT = qw(make_tables all_answers in_schemas);

# Names of types that are ours
my %ours;

# A query in which {ext} and {data} are the schemas of the extension and of the tables
sub in_schemas
{
	my ($query, $ext, $data) = @_;

	return $query =~ s/\{ext\}/$ext/gr =~ s/\{data\}/$data/gr;
}

# Arguments of a call, which may contain commas themselves
sub split_arguments
{
	my ($text) = @_;
	my @parts = ('');
	my $depth = 0;

	while ($text =~ /\G('(?:[^']|'')*'|.)/gs)
	{
		my $piece = $1;
		$depth++ if $piece =~ /^[(\[]\z/;
		$depth-- if $piece =~ /^[)\]]\z/;
		if ($piece eq ',' && $depth == 0)
		{
			push @parts, '';
			next;
		}
		$parts[-1] .= $piece;
	}
	return @parts;
}

# An argument as a value of its very type
sub of_type
{
	my ($argument, $type) = @_;

	return $argument if $type =~ /^(?:record|any)/;
	return "($argument)::" . ($ours{$type} ? "{ext}.$type" : $type);
}

sub call
{
	my ($f, @arguments) = @_;

	return "{ext}.$f->{name}(" . join(', ', map { of_type($arguments[$_], $f->{types}[$_]) } 0 .. $#arguments) . ')';
}

# The query of an aggregate's result as it is, or undef
sub aggregate
{
	my ($f) = @_;
	my $call = aggregate_call($f->{name}, @{ $f->{types} });

	return undef unless defined $call;
	my @arguments = split_arguments($call =~ s/^\w+\((.*)\)\z/$1/sr);
	return undef unless @arguments == @{ $f->{types} };
	my $table = takes_parts(@{ $f->{types} }) ? 'parts' : 'facts';
	return [ call($f, @arguments), "FROM {data}.$table" ];
}

# SQL that makes a table of one row with a column for each type of ours in the schema of
# the tables: what the last aggregate that returns it returns
sub make_tables
{
	my ($ext, $data) = @_;
	my %column = (customer_key => '77::{ext}.customer_key');

	%ours = map { $_->{name} => 1 } types();
	for my $f (grep { $_->{kind} eq 'a' && $ours{ $_->{returns} } } functions())
	{
		my $made = aggregate($f) or next;
		$column{ $f->{returns} } = "(SELECT $made->[0] $made->[1])";
	}
	return in_schemas('CREATE TABLE {data}.one AS SELECT '
		. join(', ', map { "$column{$_} AS $_" } sort keys %column), $ext, $data);
}

# What a window function's arguments are: columns, or else constants
my %column = (date => 'd', timestamp => 'ts', timestamptz => 'tz', 'double precision' => 'score');

# The ways to write a query of a function, the first of which that works is taken
sub ways
{
	my ($f) = @_;

	if ($f->{kind} eq 'a')
	{
		my $made = aggregate($f);
		return $made ? "SELECT md5($made->[0]::text) $made->[1]" : ();
	}
	if ($f->{kind} eq 'w')
	{
		my @times = grep { /^(?:date|timestamp|timestamptz)$/ } @{ $f->{types} };
		my $time = $column{ $times[0] // 'date' };
		my @arguments = map { $f->{names}[$_] eq 'as_of' ? "'2024-07-01'" : $column{ $f->{types}[$_] }
			  // (arguments($f->{types}[$_], $f->{names}[$_], {}))[0] } 0 .. $#{ $f->{types} };
		return "SELECT md5(string_agg(x::text, ',' ORDER BY n)) FROM (SELECT row_number() OVER w AS n, "
		  . call($f, @arguments) . " OVER w AS x"
		  . " FROM {data}.facts WINDOW w AS (PARTITION BY c ORDER BY $time, o, score)) v";
	}
	my @required = 0 .. $f->{required} - 1;
	my @values = map {
		my ($type, $name) = ($f->{types}[$_], $f->{names}[$_]);
		[ $ours{$type} ? ("one.$type") x 2 : arguments($type, $name, {}) ]
	} @required;
	return map {
		my $bits = $_;
		my $call = call($f, map { $values[$_][ $bits >> $_ & 1 ] } @required);
		$f->{set} ? "SELECT md5(string_agg(x::text, ',')) FROM {data}.one, $call x"
			: "SELECT md5($call\::text) FROM {data}.one"
	} 0 .. (1 << (@required < 5 ? @required : 5)) - 1;
}

# All queries that work in the server that was started last, where the extension and the
# tables are in these schemas: hashes of name, title, kind, query,
# answer, and milliseconds that it took, rounded up.  Support functions
# are left out, what only the server can call, and what takes the states of aggregates.
sub all_answers
{
	my ($ext, $data) = @_;
	my (@answers, @ignored);

	%ours = map { $_->{name} => 1 } types();
	my $states = join '|', 'internal', 'cstring', map { $_->{name} } grep { $_->{state} } types();
	my @functions = grep { !$_->{support} && $_->{name} !~ $SUPPORT
		&& "@{ $_->{types} } $_->{returns}" !~ /\b(?:$states)\b/ } functions();
	my @all = map { [ map { in_schemas($_, $ext, $data) } ways($_) ] } @functions;
	my $lists = join ', ', map {
		"($_, ARRAY[" . join(', ', map { quoted($_) } @{ $all[$_] }) . ']::text[])'
	} 0 .. $#all;
	my $found = sql(qq{
CREATE FUNCTION pg_temp.first_answer(queries text[], OUT number integer, OUT ms integer,
	OUT answer text) LANGUAGE plpgsql AS \$\$
DECLARE
	begun timestamptz;
BEGIN
	FOR i IN 1 .. cardinality(queries) LOOP
		BEGIN
			begun := clock_timestamp();
			EXECUTE queries[i] INTO answer;
			ms := 1 + 1000 * extract(epoch FROM clock_timestamp() - begun);
			number := i;
			RETURN;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
END \$\$;
SET client_min_messages = error;
SELECT concat_ws('|', n, f.number, f.ms, f.answer)
FROM (VALUES $lists) v(n, queries), pg_temp.first_answer(queries) f ORDER BY n});
	for my $line (split /\n/, $found)
	{
		my ($n, $number, $ms, $answer) = split /\|/, $line;
		my $f = $functions[$n];
		my $title = "$f->{name}(" . join(', ', @{ $f->{types} }) . ')';

		if (defined $number)
		{
			my @ways = ways($f);
			push @answers, { name => $f->{name}, title => $title, kind => $f->{kind}, query => $ways[ $number - 1 ],
				ms => $ms, answer => $answer // '' };
		}
		else
		{
			push @ignored, $title;
		}
	}
	problem("no call works of @ignored: see Answers.pm") if @ignored;
	return @answers;
}

1;
