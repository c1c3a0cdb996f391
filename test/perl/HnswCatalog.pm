# For tests of the extension itself: versions of it that exist while a test runs,
# and what the catalogs hold.
#
#	use HnswCatalog;
#	needs_extension_folder();
#	put_script('hnsw--0.1.0--0.2.0.sql', $text);
#	same(objects($node, 'updated'), objects($node, 'fresh'), '...');
package HnswCatalog;

use strict;
use warnings;

use Exporter 'import';
use Test::More;

our @EXPORT = qw(needs_extension_folder extension_folder put_script drop_scripts
  read_file alias objects all_rows differences same);

my $folder;
my @put;

sub extension_folder
{
	if (!$folder)
	{
		$folder = `pg_config --sharedir`;
		chomp $folder;
		$folder .= '/extension';
	}
	return $folder;
}

# Skips the test where the server's files are not ours to add to, or where an
# extension "vector" is installed.
sub needs_extension_folder
{
	my $dir = extension_folder();

	plan(skip_all => "$dir is not writable") unless -w $dir;
	plan(skip_all => "an extension \"vector\" is installed in $dir") if -e "$dir/vector.control";
	return;
}

sub read_file
{
	my ($file) = @_;

	open(my $in, '<', $file) or die "$file: $!";
	local $/;
	return scalar <$in>;
}

# A file of an extension, there until drop_scripts() or the test's end.
sub put_script
{
	my ($name, $text) = @_;
	my $file = extension_folder() . "/$name";

	die "$file is there already" if -e $file;
	push @put, $file;
	open(my $out, '>', $file) or die "$file: $!";
	print $out $text;
	close($out) or die "$file: $!";
	return;
}

sub drop_scripts
{
	unlink @put;
	@put = ();
	return;
}

# alias(install|uninstall, [SCRIPT...]): what make install-vector-alias does;
# its exit status and its messages
sub alias
{
	my ($what, @scripts) = @_;
	my $dir = extension_folder();
	my $messages = `sh alias/vector.sh $what '$dir' @scripts 2>&1`;

	return ($? >> 8, $messages);
}

END
{
	local $?;
	drop_scripts();
	alias('uninstall') if $folder && -w $folder;
}

# objects(NODE, DATABASE)
#
# A line for every row of the catalogs that is not there in an empty database,
# references written as what they refer to: the same for the same objects,
# however and whenever they were made.
sub objects
{
	my ($node, $database) = @_;
	my %references;
	my @queries;

	# the places of tokens in the scripts' text are no difference
	my $row = q{regexp_replace((to_jsonb(c) - 'oid')::text, ':location -?\d+', '', 'g')::jsonb};

	foreach (split /\n/, $node->safe_psql($database, q{
		SELECT fktable, fkcols[1], pktable, is_array FROM pg_get_catalog_foreign_keys()
		WHERE array_length(fkcols, 1) = 1 AND pkcols = '{oid}'}))
	{
		my ($table, $column, $to, $is_array) = split /\|/;
		my $name = "pg_describe_object('$to'::regclass, %s, 0)";

		push @{ $references{$table} }, "'$column', " . ($is_array eq 't'
			? sprintf("(SELECT jsonb_agg($name ORDER BY n) FROM unnest(c.$column\::oid[]) WITH ORDINALITY u(o, n))", 'o')
			: sprintf($name, "c.$column"));
	}
	foreach my $table (split /\n/, $node->safe_psql($database, q{
		SELECT attrelid::regclass FROM pg_attribute JOIN pg_class r ON r.oid = attrelid
		WHERE attname = 'oid' AND relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace AND NOT relisshared
		UNION ALL SELECT 'pg_aggregate'}))
	{
		my ($oid, $class) = $table eq 'pg_aggregate' ? ('aggfnoid', 'pg_proc') : ('oid', $table);
		my $described = join(', ', @{ $references{$table} // [] });

		push @queries, "SELECT '$table ' || coalesce(pg_describe_object('$class'::regclass, $oid, 0), '') || ' ' "
		  . "|| ($row || jsonb_build_object($described))::text FROM $table c WHERE $oid >= 16384";
	}
	push @queries, q{
		SELECT 'pg_depend ' || pg_describe_object(classid, objid, objsubid) || ' on '
			|| pg_describe_object(refclassid, refobjid, refobjsubid) || ' ' || deptype::text
		FROM pg_depend WHERE objid >= 16384
		UNION ALL
		SELECT 'pg_description ' || pg_describe_object(classoid, objoid, objsubid) || ' ' || description
		FROM pg_description WHERE objoid >= 16384
		UNION ALL
		SELECT 'pg_init_privs ' || pg_describe_object(classoid, objoid, objsubid) || ' ' || initprivs::text
		FROM pg_init_privs WHERE objoid >= 16384};
	return $node->safe_psql($database, join(' UNION ALL ', @queries) . ' ORDER BY 1');
}

# all_rows(NODE, DATABASE): every row of every catalog as it stands, but for
# statistics and the list of databases
sub all_rows
{
	my ($node, $database) = @_;

	return $node->safe_psql($database, join(' UNION ALL ',
		map { "SELECT '$_ ' || c::text FROM $_ c" }
		split /\n/, $node->safe_psql($database, q{
			SELECT oid::regclass FROM pg_class
			WHERE relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace AND relname !~ '^pg_(statistic|database)'}))
		. ' ORDER BY 1');
}

# the lines of a text that another has not
sub differences
{
	my ($one, $other) = @_;
	my %there = map { $_ => 1 } split /\n/, $other;

	return join("\n", grep { !$there{$_} } split /\n/, $one);
}

# same(ONE, OTHER, TEST NAME): two assertions about lines
sub same
{
	my ($one, $other, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	is(differences($one, $other), '', "$name: nothing more");
	return is(differences($other, $one), '', "$name: nothing less");
}

1;
