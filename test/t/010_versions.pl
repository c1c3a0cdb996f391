# Versions: an updated extension is the same as a new one, whatever the path; a
# library and SQL objects that do not fit say so; DROP EXTENSION leaves nothing.
use strict;
use warnings;

use HnswCatalog;
use HnswTest;
use Test::More;

needs_extension_folder();

my $node = new_node('versions', conf => "autovacuum = off\n", extension => 0);
my $version = $node->safe_psql('postgres',
	"SELECT default_version FROM pg_available_extensions WHERE name = 'hnsw'");
# what a new extension runs: the full script, then the steps after it
my @scripts = sort glob('sql/hnsw--*.sql');
my $base = join('', map { read_file($_) } (grep { !/--.*--/ } @scripts), (grep { /--.*--/ } @scripts));

sub database
{
	my ($name, @sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, $_) foreach @sql;
	return $name;
}

# ---------------------------------------------------------------------------
# created and dropped
# ---------------------------------------------------------------------------

database('gone');
my $before = all_rows($node, 'gone');
$node->safe_psql('gone', 'CREATE EXTENSION hnsw');
isnt(all_rows($node, 'gone'), $before, 'CREATE EXTENSION leaves rows in the catalogs');
$node->safe_psql('gone', q{
	CREATE TABLE items (v vector(3));
	INSERT INTO items VALUES ('[1,2,3]');
	CREATE INDEX ON items USING hnsw (v vector_l2_ops);
	DROP TABLE items;
	DROP EXTENSION hnsw;
});
same(all_rows($node, 'gone'), $before, 'DROP EXTENSION takes all of them away');

# ---------------------------------------------------------------------------
# updated
# ---------------------------------------------------------------------------

# The next version, made here: what a step does, and the script of a new
# extension with the same changes where they belong. The library serves it,
# because what follows a + in a version does not count.
my $next = "$version+next";
my $step = q{
CREATE FUNCTION vector_twice(v vector) RETURNS vector
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT v OPERATOR(@operators@.+) v';
COMMENT ON FUNCTION vector_twice(vector) IS 'v + v';
ALTER FUNCTION vector_norm(vector) COST 20;
CREATE OR REPLACE FUNCTION vector_dims(vector) RETURNS integer
	AS 'MODULE_PATHNAME', 'hnsw_sql_vector_dims'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2;
CREATE OPERATOR CLASS vector_euclid_ops FOR TYPE vector USING hnsw AS
	OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops,
	FUNCTION 1 hnsw_vector_l2_cell(internal);
CREATE CAST (vector AS text) WITH INOUT AS ASSIGNMENT;
DROP FUNCTION hnsw_kernels();
};
$step =~ s/OPERATOR\(\@operators\@\.\+\)/+/;
my $full = $base;
my $added = $step;

$added =~ s/^ALTER FUNCTION.*\n//m;
$added =~ s/^CREATE OR REPLACE FUNCTION vector_dims.*?;\n//ms;
$added =~ s/^DROP FUNCTION.*\n//m;
$full =~ s/('hnsw_sql_vector_norm'\s+LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST) 10/$1 20/ or die 'vector_norm';
$full =~ s/('hnsw_sql_vector_dims'\s+LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE)/$1 COST 2/ or die 'vector_dims';
$full =~ s/^CREATE FUNCTION hnsw_kernels.*?^COMMENT ON FUNCTION hnsw_kernels.*?\n//ms or die 'hnsw_kernels';
$full =~ s/^CREATE FUNCTION hnsw_check/$added\nCREATE FUNCTION hnsw_check/m or die 'hnsw_check';
put_script("hnsw--$next.sql", $full);
put_script("hnsw--$version--$next.sql", $step);

my %fresh;
foreach my $target ($version, $next)
{
	$fresh{$target} = objects($node, database('fresh' . keys %fresh, "CREATE EXTENSION hnsw VERSION '$target'"));
}
like($fresh{$version}, qr/^pg_opclass .*vector_l2_ops.*^pg_type .*halfvec/ms, 'the comparison sees the objects');
isnt($fresh{$next}, $fresh{$version}, 'the comparison sees what the step does');

# every path to the present version and to the next
my @paths = grep { !/\+next$/ } split /\n/, $node->safe_psql('postgres', q{
	SELECT source || ' ' || target FROM pg_extension_update_paths('hnsw') WHERE path IS NOT NULL ORDER BY 1});
my $n = 0;
foreach my $path ((grep { / \Q$version\E$/ } @paths), "$version $next")
{
	my ($source, $target) = split / /, $path;
	my $name = database('updated' . $n++, "CREATE EXTENSION hnsw VERSION '$source'");

	$node->safe_psql($name, "ALTER EXTENSION hnsw UPDATE TO '$target'");
	same(objects($node, $name), $fresh{$target}, "from $source to $target, as new");
}

# what is in use goes on
database('used', q{
	CREATE EXTENSION hnsw;
	CREATE TABLE items (id int PRIMARY KEY, v vector(3));
	INSERT INTO items SELECT i, ARRAY[sin(i), cos(i), i % 7]::vector FROM generate_series(1, 500) i;
	CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops);
	CREATE VIEW near AS SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 20;
});
my $near = $node->safe_psql('used', 'SELECT * FROM near');
$node->safe_psql('used', "ALTER EXTENSION hnsw UPDATE TO '$next'");
is($node->safe_psql('used', 'SELECT * FROM near'), $near, 'a view gives the same rows after the update');
$node->safe_psql('used', "INSERT INTO items VALUES (1000, '[1,2,3]')");
same_rows($node, 'items', "v <-> '[1,2,3]', id", 'an index serves after the update', 'used');
check_index($node, 'items_v', 'and is sound', 'used');

# a step that forgets something is found
drop_scripts();
put_script("hnsw--$next.sql", $full);
(my $forgetful = $step) =~ s/^COMMENT.*\n//m;
$forgetful =~ s/IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT/IMMUTABLE STRICT AS 'SELECT/;
put_script("hnsw--$version--$next.sql", $forgetful);
database('forgetful', 'CREATE EXTENSION hnsw', "ALTER EXTENSION hnsw UPDATE TO '$next'");
my $missing = differences($fresh{$next}, objects($node, 'forgetful'));
like($missing, qr/^pg_description function vector_twice\(vector\) v \+ v$/m, 'a forgotten comment is a difference');
like($missing, qr/^pg_proc function vector_twice\(vector\) .*"proparallel": "s"/m, 'and so is a forgotten attribute');
is(scalar(split /\n/, $missing), 2, 'and nothing else is');
drop_scripts();

# ---------------------------------------------------------------------------
# library and SQL objects of different versions
# ---------------------------------------------------------------------------

is($node->safe_psql('used', 'SELECT hnsw_version()'), $version, 'hnsw_version() tells the version of the library');

put_script("hnsw--$_.sql", "SELECT 1;\n")
  foreach ("$next--$version", "$version--0.0.9", "0.0.9--$version", "$version--99.0.0", "99.0.0--$version");
$node->safe_psql('used', "ALTER EXTENSION hnsw UPDATE TO '$version'");

sub refused
{
	my ($sql, $hint, $name) = @_;
	my ($status, $out, $err) = $node->psql('used', "\\set VERBOSITY verbose\nSET enable_seqscan = off; $sql");

	isnt($status, 0, "$name: refused");
	like($err, qr/ERROR:  55000: extension "hnsw" of version \S+ does not fit the hnsw library of version \Q$version\E/, "$name: message");
	like($err, qr/DETAIL:  Index "\w+" cannot be used\. The library serves versions 0\.1\.0 to \Q$version\E of hnsw\./, "$name: detail");
	return like($err, $hint, "$name: hint");
}

foreach my $other ([ '0.0.9', qr/HINT:  Run ALTER EXTENSION hnsw UPDATE\./ ],
	[ '99.0.0', qr/HINT:  Reconnect, because .*; otherwise install the library of the extension's version\./ ])
{
	my ($there, $hint) = @$other;

	$node->safe_psql('used', "ALTER EXTENSION hnsw UPDATE TO '$there'");
	refused("SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 1", $hint, "objects of $there, scan");
	refused("INSERT INTO items VALUES (2000, '[1,2,3]')", $hint, "objects of $there, insert");
	refused('CREATE INDEX ON items USING hnsw (v vector_ip_ops)', $hint, "objects of $there, build");
	refused('DELETE FROM items WHERE id = 1000; VACUUM items', $hint, "objects of $there, vacuum");
	refused("SELECT * FROM hnsw_check('items_v')", $hint, "objects of $there, check");
	is($node->safe_psql('used', "SELECT id FROM items WHERE v = '[1,2,3]' OR id = 7"), '7', "objects of $there: the table can be read");
	$node->safe_psql('used', "ALTER EXTENSION hnsw UPDATE TO '$version'");
	check_index($node, 'items_v', "$version again: sound", 'used');
	$node->safe_psql('used', "INSERT INTO items VALUES (1000, '[1,2,3]')");
	same_rows($node, 'items', "v <-> '[1,2,3]', id", "$version again: rows", 'used');
}
drop_scripts();

# a script that is newer than the library
(my $newer = $base) =~ s/(needed CONSTANT text := )'[\d.]+'/$1'99.0.0'/ or die 'needed';
put_script('hnsw--99.0.0.sql', $newer);
my ($status, $out, $err) = $node->psql('gone', "\\set VERBOSITY verbose\nCREATE EXTENSION hnsw VERSION '99.0.0'");
isnt($status, 0, 'a script that needs a newer library: refused');
like($err, qr/ERROR:  55000: version 99\.0\.0 of extension "hnsw" needs a newer library than version \Q$version\E/, 'message');
like($err, qr/HINT:  Reconnect, because /, 'hint');
same(all_rows($node, 'gone'), $before, 'and nothing is left of it');

no_crash($node);
$node->stop;
done_testing();
