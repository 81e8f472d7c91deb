# What packages say of the extension: META.json is as PGXN wants it, and wherever
# the version is written down it is the same.  What cannot be true of a release,
# such as an address that only stands for one, is not in one that says it is stable.
use strict;
use warnings FATAL => 'all';
use File::Find;
use FindBin;
use JSON::PP;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $meta = JSON::PP->new->decode(text_of('META.json'));

# The specification 1.0.0 of META.json: what is wrong with one
my $version = qr/^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-?[A-Za-z][0-9A-Za-z-]*)?$/;
my $term = qr/^[^\s\/\\[:cntrl:]]{2,}$/;
my $uri = qr{^[a-z][a-z+.-]*://[^\s/]+};
my %known = map { $_ => 1 } qw(abstract maintainer license provides name version meta-spec description generated_by
  tags no_index prereqs release_status resources);

sub faults
{
	my ($m) = @_;
	my @wrong;
	my $check = sub { my ($what, $holds) = @_; push @wrong, $what unless $holds; };

	$check->("$_ is missing", defined $m->{$_}) for qw(abstract maintainer license provides name version meta-spec);
	$check->("$_ is unknown", $known{$_} || /^x_/i) for sort keys %$m;
	$check->('name', ($m->{name} // '') =~ $term);
	$check->('version', ($m->{version} // '') =~ $version);
	$check->('meta-spec', (ref $m->{'meta-spec'} ? $m->{'meta-spec'}{version} : '') eq '1.0.0');
	$check->('license', !ref $m->{license} && $m->{license} =~ /^(?:postgresql|bsd|mit|apache_2_0|unrestricted)$/)
	  if defined $m->{license};
	$check->('release_status', ($m->{release_status} // 'stable') =~ /^(?:stable|testing|unstable)$/);
	$check->("tag $_", length $_ <= 256 && !m{[/\\[:cntrl:]]}) for @{ $m->{tags} // [] };
	for my $name (sort keys %{ $m->{provides} // {} })
	{
		my $provided = $m->{provides}{$name};
		$check->("provides $name", $name =~ $term && ($provided->{version} // '') =~ $version);
		$check->("$_ of $name", defined $provided->{$_} && -f "$root/$provided->{$_}") for qw(file docfile);
	}
	for my $phase (sort keys %{ $m->{prereqs} // {} })
	{
		$check->("phase $phase", $phase =~ /^(?:configure|build|test|runtime|develop)$/);
		for my $relation (sort keys %{ $m->{prereqs}{$phase} })
		{
			$check->("relation $relation", $relation =~ /^(?:requires|recommends|suggests|conflicts)$/);
			$check->("version $_", $_ eq '0' || $_ =~ $version) for values %{ $m->{prereqs}{$phase}{$relation} };
		}
	}
	my $resources = $m->{resources} // {};
	$check->("resource $_", /^(?:homepage|bugtracker|repository)$/) for sort keys %$resources;
	$check->('homepage', ($resources->{homepage} // '') =~ $uri);
	$check->('bugtracker', ($resources->{bugtracker}{web} // '') =~ $uri);
	$check->("repository $_", ($resources->{repository}{$_} // '') =~ $uri) for qw(url web);
	$check->('type of the repository', ($resources->{repository}{type} // '') =~ /^[a-z]+$/);
	return join '; ', @wrong;
}

is(faults($meta), '', 'META.json is what its specification asks for');
my %broken = (%$meta, version => '1.0', tags => ['a/b'], tgas => []);
delete $broken{license};
is(faults(\%broken), 'license is missing; tgas is unknown; version; tag a/b', 'and would be seen not to be');

# One version in all packages
my ($debian) = text_of('debian/changelog') =~ /\Aretention \((\S+)-\d+\) /;
is($debian, $meta->{version}, 'debian/changelog is of the version');
my ($rpm) = text_of('packaging/retention.spec') =~ /^Version:\s*(\S+)$/m;
is($rpm, $meta->{version}, 'the RPM specification, too');
like(text_of('packaging/retention.spec'), qr/^\* .* - \Q$meta->{version}\E-\d+$/m, 'with an entry in its log');
is($meta->{provides}{retention}{version}, $meta->{version}, 'and what META.json provides');

# The generated file is the source, for one version
my $control = text_of('debian/control.in');
my ($major) = text_of('debian/control') =~ /^Package: postgresql-(\d+)-retention$/m;
is(text_of('debian/control'), $control =~ s/PGVERSION/$major/gr, 'debian/control is made from control.in');
is(text_of('debian/pgversions'), "15+\n", 'for all versions that the Makefile takes');

# A stable release
my @placeholders;
find({ no_chdir => 1, wanted => sub {
	return unless -f && -T && !m{/\.git/|/doc/release\.md$|/060_packages\.pl$};
	(my $path = $_) =~ s{^\Q$root\E/}{};
	push @placeholders, $path if text_of($path) =~ /retention\.example/;
} }, grep { -e } map { "$root/$_" } qw(META.json README.md SECURITY.md Dockerfile debian packaging doc .github));
if ($meta->{release_status} eq 'stable')
{
	is("@placeholders", '', 'a stable release has an address');
	unlike(text_of('CHANGELOG.md'), qr/^## \Q$meta->{version}\E? \(unreleased\)/m, 'and a date');
	unlike(text_of('debian/changelog'), qr/\A.*UNRELEASED/, 'and a distribution');
}
else
{
	cmp_ok(scalar @placeholders, '>', 0, 'what stands for an address is found');
	like(text_of('CHANGELOG.md'), qr/^## [\d.]+ \(unreleased\)/m, 'what is not released does not say it is');
}

done_testing();
