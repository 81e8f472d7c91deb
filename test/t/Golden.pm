# Values of every stored type, for tests that change the server below them: what
# test/sql/golden.sql stores, and what it reads from that.
package Golden;

use strict;
use warnings FATAL => 'all';
use Exporter qw(import);
use RetentionTest;

our @EXPORT = qw(store_golden read_golden);

# The statements of the file, in order, each with the comments before it.  They find
# the extension in public, or in a schema of its own.  Nothing is compiled just in
# time: what that needs may not be there for an older server.
sub statements
{
	my $file = text_of('test/sql/golden.sql') =~ s/^(SET search_path = golden, public)/$1, retention/mr;

	return map { "$_;" } grep { /\S/ && !/^SET jit = on/m } split /;[ \t]*\n/, $file;
}

# Stores a value of every type in a schema of a database
sub store_golden
{
	my ($node, $database) = @_;
	my @all = grep { !/^DROP SCHEMA/m } statements();

	return $node->safe_psql($database, join("\n", @all));
}

# What is read from them, what today's functions make of the same rows, and a
# checksum of each table, of which no byte may change
sub read_golden
{
	my ($node, $database) = @_;
	my @reads = grep { /^(?:SET|RESET|SELECT)\b/m && !/^(?:CREATE|INSERT|DROP)\b/m } statements();

	return $node->safe_psql($database, join("\n", @reads) . <<'END');
SELECT format('SELECT %1$L, md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C")) FROM %1$s t', oid::regclass)
FROM pg_class WHERE relnamespace = 'golden'::regnamespace AND relkind = 'r' ORDER BY relname \gexec
END
}

1;
