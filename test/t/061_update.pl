# ALTER EXTENSION retention UPDATE, tried with a made-up version 1.1: these very
# sources with another version and one more function.  It is installed in a
# private copy of the server's directories, so that the server stays as it is.
use strict;
use warnings FATAL => 'all';
use File::Basename qw(basename dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin;
use Golden;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
my %server = map { my $dir = `'$pg_config' --$_`; chomp $dir; $_ => $dir }
	qw(bindir sharedir pkglibdir includedir-server cc);
my ($cc) = split ' ', $server{cc};
plan skip_all => 'this server has no headers' unless -e "$server{'includedir-server'}/postgres.h";
plan skip_all => 'there is no compiler' if system("command -v '$cc' >/dev/null 2>&1");

my ($old) = text_of('retention.control') =~ /^default_version = '([\d.]+)'$/m;
my $new = '99.0';
my $dir = own_dir();

# A copy of the server: it finds its files by the place of its programs
my $common = $server{bindir};
$common = dirname($common) until grep({ index($_, "$common/") == 0 } @server{qw(sharedir pkglibdir)}) == 2;
my %copy = map { $_ => "$dir/server" . substr($server{$_}, length $common) } qw(bindir sharedir pkglibdir);
make_path(@copy{qw(bindir pkglibdir)}, "$copy{sharedir}/extension");
for my $program (grep { -f } glob "$server{bindir}/*")
{
	my $to = "$copy{bindir}/" . basename($program);
	copy($program, $to) or die "$to: $!";
	chmod 0755, $to or die "$to: $!";
}
for my $file (glob("$server{sharedir}/*"), glob("$server{sharedir}/extension/*"), glob("$server{pkglibdir}/*"))
{
	my $to = $file =~ s/^\Q$common\E/$dir\/server/r;
	next if -e $to || basename($file) =~ /^retention\b/;
	symlink $file, $to or die "$to: $!";
}

# Makes an edit in a copied file, which must find something
sub edit
{
	my ($file, $what, $by) = @_;
	open my $in, '<', $file or die "$file: $!";
	my $text = do { local $/; <$in> };
	($text =~ s/$what/$by/) == 1 or die "nothing to edit in $file";
	open my $out, '>', $file or die "$file: $!";
	print $out $text;
	close $out or die "$file: $!";
	return;
}

# The version that the server has, as it is installed
sub install_old
{
	for my $file (glob("$server{sharedir}/extension/retention*"), glob("$server{pkglibdir}/retention.*"))
	{
		my $to = $file =~ s/^\Q$common\E/$dir\/server/r;
		copy($file, $to) or die "$to: $!" if -f $file;
	}
	return;
}

# The made-up version: built from a copy of the sources
sub install_new
{
	my $tree = "$dir/tree";
	make_path($tree);
	system("cd '$root' && tar cf - Makefile retention.control sql src tools | (cd '$tree' && tar xf -)") == 0
		or die 'the sources cannot be copied';
	edit("$tree/retention.control", qr/^default_version = .*$/m, "default_version = '$new'");
	edit("$tree/src/base/retention.h", qr/^#define RETENTION_VERSION .*$/m, qq{#define RETENTION_VERSION "$new"});
	edit("$tree/src/base/module.c", qr/\z/, <<'END');
PG_FUNCTION_INFO_V1(made_up);
Datum
made_up(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(42);
}
END
	my $created = q{CREATE FUNCTION made_up() RETURNS integer AS 'MODULE_PATHNAME' }
		. "LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;\n";
	open my $script, '>', "$tree/sql/retention--$old--$new.sql" or die $!;
	print $script qq{\\echo Use "ALTER EXTENSION retention UPDATE" to load this file. \\quit\n}, $created;
	close $script;

	delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR)};
	my $log = "$dir/build.log";
	my $status = system("make -j2 -C '$tree' PG_CONFIG='$pg_config' COPT=-O0 with_llvm=no install "
		. "DESTDIR='$dir/installed' >'$log' 2>&1");
	diag(slurp_file($log)) if $status;
	for my $file (glob("$dir/installed$server{sharedir}/extension/retention*"),
		glob("$dir/installed$server{pkglibdir}/retention.*"))
	{
		my $to = "$dir/server" . substr($file, length "$dir/installed$common");
		unlink $to;
		copy($file, $to) or die "$to: $!";
	}
	return $status == 0;
}

install_old();
my $node = PostgreSQL::Test::Cluster->new('update', install_path => dirname($copy{bindir}));
$node->init;
$node->append_conf('postgresql.conf', "jit = off\n");
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE ROLE joe LOGIN;
CREATE DATABASE shop OWNER joe;
CREATE DATABASE later;
END
my @as_joe = (extra_params => [ '-U', 'joe' ]);
$node->safe_psql('shop', 'CREATE EXTENSION retention', @as_joe);
is($node->safe_psql('shop', 'SELECT retention_version()'), $old, "the server has version $old");
store_golden($node, 'shop');
$node->safe_psql('shop', q{CREATE VIEW golden.seen AS
	SELECT name, c.* FROM golden.activities, cohort_table(stored, '1 month') c WHERE name <> 'far'});
my $before = read_golden($node, 'shop');
my $seen = $node->safe_psql('shop', 'TABLE golden.seen');
like($before, qr/^1\.0\|many\|t$/m, 'values of every type are stored');

ok(install_new(), "the made-up version $new is built and installed");
$node->restart;
is($node->safe_psql('shop', q{SELECT retention_version(), extversion FROM pg_extension WHERE extname = 'retention'}),
	"$new|$old", 'a new library serves the objects of the old version');
is(read_golden($node, 'shop'), $before, 'and reads what was stored');
is($node->safe_psql('shop',
	q{SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'retention'}),
	"$old|$new", 'the catalog shows that there is a newer version');

my ($rc, $out, $err) = $node->psql('shop', q{ALTER EXTENSION retention UPDATE TO '99.1'}, @as_joe);
like($err, qr/extension "retention" has no update path from version "\Q$old\E" to version "99\.1"/,
	'a version that is not there is an error');
($rc, $out, $err) = $node->psql('shop', 'ALTER EXTENSION retention UPDATE', @as_joe);
is($rc, 0, 'who created the extension updates it, without being a superuser') or diag($err);
is($node->safe_psql('shop', q{SELECT extversion, made_up() FROM pg_extension WHERE extname = 'retention'}),
	"$new|42", 'it is of the new version, with the new function');
is(read_golden($node, 'shop'), $before, 'stored values are read as before, and new ones are the same bytes');
is($node->safe_psql('shop', 'TABLE golden.seen'), $seen, 'a view that uses it works on');
($rc, $out, $err) = $node->psql('shop', 'ALTER EXTENSION retention UPDATE', @as_joe);
like($err, qr/NOTICE: .*"\Q$new\E" of extension "retention" is already installed/, 'another update changes nothing');

$node->safe_psql('later', 'CREATE EXTENSION retention');
is($node->safe_psql('later', q{SELECT extversion, made_up() FROM pg_extension WHERE extname = 'retention'}),
	"$new|42", 'a new database gets the old script and the update');
$node->stop;

ok(!-e "$server{sharedir}/extension/retention--$old--$new.sql", 'the server itself is as it was');

done_testing();
