# The names that pgvector owns as well: creation beside it is refused and says
# why; the alias makes CREATE EXTENSION vector work, and stands back for
# pgvector's files.
use strict;
use warnings;

use File::Copy;
use HnswCatalog;
use HnswTest;
use Test::More;

needs_extension_folder();

my $node = new_node('names', conf => "autovacuum = off\n", extension => 0);
my $dir = extension_folder();
my @scripts = glob('sql/hnsw--*.sql');

sub database
{
	my ($name, @sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, $_) foreach @sql;
	return $name;
}

# fails(DATABASE, SQL, NAME, PATTERN...): all patterns in its messages
sub fails
{
	my ($database, $sql, $name, @patterns) = @_;
	my ($status, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\n$sql");

	isnt($status, 0, "$name: refused");
	like($err, $_, "$name: $_") foreach @patterns;
	return;
}

# ---------------------------------------------------------------------------
# beside another extension of these names
# ---------------------------------------------------------------------------

put_script('vector.control', "default_version = '0.8.0'\nrelocatable = true\n");
put_script('vector--0.8.0.sql', q{
	CREATE TYPE vector AS (elements real[]);
	CREATE TYPE halfvec AS (elements real[]);
	CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER bthandler;
});
put_script('vector--0.1.0.sql', 'CREATE TYPE vector AS (elements real[]);');

database('beside', 'CREATE EXTENSION vector');
my $before = all_rows($node, 'beside');
fails('beside', "CREATE EXTENSION $_", "beside pgvector, $_",
	qr/ERROR:  42710: extension "hnsw" cannot be created beside extension "vector"/,
	qr/DETAIL:  Both bring .*: access method hnsw belongs to extension "vector", version 0\.8\.0\./,
	qr/HINT:  Use another database, and move the data with pg_dump: docs\/migrating\.md shows how\. .*DROP EXTENSION vector CASCADE would remove/)
  foreach ('hnsw', 'IF NOT EXISTS hnsw', 'hnsw SCHEMA information_schema');
same(all_rows($node, 'beside'), $before, 'and nothing is left');
is($node->safe_psql('beside', "SELECT ROW('{1}')::vector"), '({1})', 'the other extension is as it was');

# its types only, wherever they are
database('before', 'CREATE SCHEMA far', "CREATE EXTENSION vector VERSION '0.1.0' SCHEMA far");
fails('before', 'CREATE EXTENSION hnsw', 'beside a type of an extension',
	qr/cannot be created beside extension "vector"/, qr/type far\.vector belongs to extension "vector", version 0\.1\.0/);

# what belongs to no extension is in the way only where ours would go
database('own', 'CREATE DOMAIN sparsevec AS text', 'CREATE SCHEMA apart');
fails('own', 'CREATE EXTENSION hnsw', 'beside a domain',
	qr/ERROR:  42710: extension "hnsw" cannot be created: type sparsevec exists already/, qr/HINT:  Rename or drop it, or create/);
$node->safe_psql('own', 'CREATE EXTENSION hnsw SCHEMA apart');
is($node->safe_psql('own', "SELECT '{1:2}/3'::apart.sparsevec"), '{1:2}/3', 'in another schema it can be created');

# in one session with its library, for which a second copy of ours stands here
chomp(my $libraries = `pg_config --pkglibdir`);
my ($library) = glob("$libraries/hnsw.{so,dylib}");
(my $twin = $library) =~ s/hnsw\.(\w+)$/hnsw_twin.$1/;
database('session', 'CREATE EXTENSION hnsw');
copy($library, $twin) or die "$twin: $!";
fails('session', "LOAD 'hnsw_twin'; SELECT '[1,2]'::vector", 'after a library that has our settings',
	qr/ERROR:  55006: cannot load the hnsw library: this session has loaded another one that defines "hnsw\.ef_search"/,
	qr/HINT:  Reconnect\. If the other library is preloaded/);
unlink $twin;
is($node->safe_psql('session', "SET hnsw.ef_search = 77; SELECT '[1,2]'::vector; SHOW hnsw.ef_search"), "[1,2]\n77",
	'a setting that was made before the library was loaded is kept');

# ---------------------------------------------------------------------------
# the alias: its files
# ---------------------------------------------------------------------------

my ($status, $messages) = alias('install', @scripts);
isnt($status, 0, 'install-vector-alias refuses to replace another vector.control');
like($messages, qr/another extension "vector" is installed: \Q$dir\E\/vector\.control/, 'and says which');
is(read_file("$dir/vector.control"), "default_version = '0.8.0'\nrelocatable = true\n", 'which is as it was');
ok(!glob("$dir/vector--0.8.1??*.sql"), 'nothing else was written');
($status, $messages) = alias('uninstall');
isnt($status, 0, 'uninstall-vector-alias refuses, too');
ok(-e "$dir/vector--0.8.0.sql" && -e "$dir/vector.control", 'and removes nothing');
drop_scripts();

is((alias('install', @scripts))[0], 0, 'install-vector-alias');
is((alias('install', @scripts))[0], 0, 'once more: an update');
my $version = $node->safe_psql('postgres', "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'");
my ($surface, $minor, $ours) = split /\./, $version;
is("$surface.$minor", '0.8', 'the version is of the series whose surface it has');
my ($a, $b, $c) = split /\./, $node->safe_psql('postgres', 'SELECT default_version FROM pg_available_extensions WHERE name = \'hnsw\'');
is($ours, $a * 10000 + $b * 100 + $c, 'and tells ours');

# ---------------------------------------------------------------------------
# the alias: what applications do
# ---------------------------------------------------------------------------

# in an empty database
database('app', 'CREATE EXTENSION IF NOT EXISTS vector', 'CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public CASCADE',
	'ALTER EXTENSION vector UPDATE', q{
	CREATE TABLE items (id int PRIMARY KEY, v vector(3), h halfvec(3));
	INSERT INTO items SELECT i, ARRAY[sin(i), cos(i), i % 7]::vector, ARRAY[1, 2, i]::halfvec FROM generate_series(1, 300) i;
	CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops);
	CREATE INDEX items_h ON items USING hnsw (h halfvec_cosine_ops) WITH (m = 8, ef_construction = 32);
});
is($node->safe_psql('app', 'SELECT extname, extversion FROM pg_extension WHERE oid > 16383'), "vector|$version", 'one extension, of that name');
like($node->safe_psql('app', "SET enable_seqscan = off; EXPLAIN SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 5"),
	qr/Index Scan using items_v on items.*Order By: \(v <-> '\[1,2,3\]'::vector\)/s, 'an index serves');
check_index($node, $_, "$_ is sound", 'app') foreach ('items_v', 'items_h');
same_rows($node, 'items', "v <-> '[1,2,3]', id", 'and gives the rows', 'app');
is($node->safe_psql('app', "SELECT obj_description(oid, 'pg_am') IS NOT NULL FROM pg_am WHERE amname = 'hnsw'"), 't', 'with comments');

# the same objects, but for the extension's own row and what belongs to it
sub objects_but_names
{
	my $text = objects($node, shift);

	$text =~ s/^(pg_extension|pg_description extension|pg_depend extension) .*\n?//mg;
	$text =~ s/ on extension (vector|hnsw) e$/ on extension e/mg;
	return $text;
}
database('as_vector', 'CREATE EXTENSION vector');
database('as_hnsw', 'CREATE EXTENSION hnsw');
same(objects_but_names('as_vector'), objects_but_names('as_hnsw'), 'under either name the same objects');

fails('app', 'CREATE EXTENSION hnsw', 'hnsw beside the alias',
	qr/ERROR:  42710: extension "hnsw" cannot be created: this database has it already, under the name "vector"/,
	qr/DETAIL:  Its objects belong to the extension "vector", version \Q$version\E/, qr/HINT:  There is nothing to create/);
fails('app', 'DROP EXTENSION vector', 'dropping the alias in use', qr/other objects depend on it/);

# elsewhere, moved, without a search_path, by an ordinary owner of a database
$node->safe_psql('postgres', 'CREATE ROLE app_owner LOGIN; CREATE DATABASE moved OWNER app_owner');
$node->safe_psql('moved', 'CREATE SCHEMA one; CREATE SCHEMA two; GRANT ALL ON SCHEMA one, two TO app_owner');
my $gone = all_rows($node, 'moved');
$node->safe_psql('moved', q{
	SET SESSION AUTHORIZATION app_owner;
	CREATE EXTENSION vector SCHEMA one;
});
$node->safe_psql('moved', 'ALTER EXTENSION vector SET SCHEMA two');
is($node->safe_psql('moved', q{SET search_path = ''; SELECT '[1,2]'::two.vector OPERATOR(two.<->) '[1,4]'}), '2', 'works where it was moved');
$node->safe_psql('moved', 'SET SESSION AUTHORIZATION app_owner; DROP EXTENSION vector');
same(all_rows($node, 'moved'), $gone, 'DROP EXTENSION vector takes all away');

# in a database that has hnsw
database('twin', 'CREATE SCHEMA apart', 'CREATE EXTENSION hnsw SCHEMA apart', 'CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public',
	'ALTER EXTENSION vector UPDATE');
is($node->safe_psql('twin', q{SELECT count(*) FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid WHERE e.extname = 'vector'}),
	'0', 'beside hnsw the alias is empty');
fails('twin', 'DROP EXTENSION hnsw', 'hnsw with its alias', qr/DETAIL:  extension vector depends on extension hnsw/);
$node->safe_psql('twin', 'CREATE TABLE items (v apart.vector(3)); CREATE INDEX ON items USING hnsw (v apart.vector_ip_ops)');
database('twin_again');
$node->command_ok([ 'pg_dump', '-Fc', '-f', $node->basedir . '/twin.dump', $node->connstr('twin') ], 'dump of a database with both');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('twin_again'), $node->basedir . '/twin.dump' ], 'and its restore');
is($node->safe_psql('twin_again', 'SELECT extname FROM pg_extension WHERE oid > 16383 ORDER BY 1'), "hnsw\nvector", 'brings both back');
$node->safe_psql('twin', 'DROP TABLE items; DROP EXTENSION hnsw CASCADE');
is($node->safe_psql('twin', 'SELECT count(*) FROM pg_extension WHERE oid > 16383'), '0', 'dropped together');

# ---------------------------------------------------------------------------
# the alias: updates and versions
# ---------------------------------------------------------------------------

# the same steps as for hnsw
my $h = "$a.$b.$c";
my $step = "sql/hnsw--$h--$h+next.sql";
open(my $file, '>', $step) or die "$step: $!";
print $file "CREATE FUNCTION vector_twice(v vector) RETURNS vector\n\tLANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS \$\$\n"
  . "\tSELECT v + v;\n\$\$;\n\nDO \$\$\nBEGIN\n\tRAISE NOTICE 'stepped';\nEND\n\$\$;\n";
close($file);
is((alias('install', @scripts, $step))[0], 0, 'install-vector-alias with a step');
unlink $step;
ok(-e "$dir/vector--$version--$version+next.sql", 'which becomes a step of the alias');
database('twin_stepped', 'CREATE EXTENSION hnsw', 'CREATE EXTENSION vector', "ALTER EXTENSION vector UPDATE TO '$version+next'");
is($node->safe_psql('twin_stepped', "SELECT count(*) FROM pg_proc WHERE proname = 'vector_twice'"), '0', 'an empty alias stays empty');
$node->safe_psql('app', "ALTER EXTENSION vector UPDATE TO '$version+next'");
is($node->safe_psql('app', "SELECT vector_twice('[1,2]')"), '[2,4]', 'a full one has it');
same_rows($node, 'items', "v <-> '[1,2,3]', id", 'and its index serves', 'app');

# a library that does not fit
put_script("vector--$version+next--0.8.999999.sql", "SELECT 1;\n");
$node->safe_psql('app', "ALTER EXTENSION vector UPDATE TO '0.8.999999'");
fails('app', "SET enable_seqscan = off; SELECT id FROM items ORDER BY v <-> '[1,2,3]' LIMIT 1", 'objects newer than the library',
	qr/ERROR:  55000: extension "vector" of version 0\.8\.999999 does not fit the hnsw library of version \Q$h\E/);

is((alias('uninstall'))[0], 0, 'uninstall-vector-alias');
ok(!-e "$dir/vector.control" && !grep({ !/999999/ } glob("$dir/vector--*.sql")), 'leaves no file');
is((alias('uninstall'))[0], 0, 'nothing to uninstall is no error');

no_crash($node);
$node->stop;
done_testing();
