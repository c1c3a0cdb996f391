# From pgvector: its dump is restored through the alias unchanged, by psql and by
# pg_restore -j4; the indexes serve and are sound. And back: what pg_dump makes
# of such a database names nothing but what pgvector has.
use strict;
use warnings;

use HnswCatalog;
use HnswTest;
use Test::More;

needs_extension_folder();

my $node = new_node('migration', conf => "autovacuum = off\n", extension => 0);
my $dump = $node->basedir . '/dump';
my $folder = $node->basedir . '/dumped';

is((alias('install', glob('sql/hnsw--*.sql')))[0], 0, 'install-vector-alias');

# index => [rows and order that it serves, what EXPLAIN shows as the order]
my %served = (
	items_l2 => [ "shop.items", "embedding <-> '[1,2,3]'", "embedding <-> '[1,2,3]'::vector" ],
	items_ip => [ "shop.items", "embedding <#> '[1,2,3]'", "embedding <#> '[1,2,3]'::vector" ],
	items_l1 => [ "shop.items", "embedding <+> '[1,2,3]'", "embedding <+> '[1,2,3]'::vector" ],
	items_cosine => [ "shop.items WHERE kind = 'film'", "embedding <=> '[1,2,3]'", "embedding <=> '[1,2,3]'::vector" ],
	items_half => [ "shop.items", "half <=> '[1,2,3,4]'", "half <=> '[1,2,3,4]'::halfvec" ],
	items_cast => [ "shop.items", "embedding::halfvec(3) <-> '[1,2,3]'", "<-> '[1,2,3]'::halfvec" ],
	items_part => [ "shop.items WHERE vector_dims(any_dims) = 2", "any_dims::vector(2) <-> '[1,2]'", "<-> '[1,2]'::vector" ],
	items_bits => [ "shop.items", "bits <~> '10101010'", "bits <~> '10101010'" ],
	items_words => [ "shop.items", "words <#> '{1:1,2:2}/1000'", "words <#> '{1:1,2:2}/1000'::sparsevec" ],
	log_1_v_idx => [ "shop.log", "v <=> '[1,2,3]'", "v <=> '[1,2,3]'::vector" ],
	log_2_v_idx => [ "shop.log", "v <=> '[1,2,3]'", "v <=> '[1,2,3]'::vector" ],
);

# what must come out the same wherever the rows are
my $contents = q{
	SELECT i::text FROM shop.items i UNION ALL SELECT l::text FROM shop.log l UNION ALL SELECT u::text FROM shop.units u
	UNION ALL SELECT c::text FROM shop.centres c UNION ALL SELECT n::text FROM shop.near n
	UNION ALL SELECT n::text FROM shop.nearest('[1,2,3]') n UNION ALL SELECT shop.similarity('[1,2,3]', '[3,2,1]')::text
	UNION ALL SELECT shop.total(v)::text FROM shop.log
	UNION ALL SELECT tablename || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'shop'
	UNION ALL SELECT attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attstorage::text
	FROM pg_attribute WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'shop'::regnamespace) AND attnum > 0
	ORDER BY 1};

sub restored
{
	my ($database) = @_;

	is($node->safe_psql($database, 'SELECT extname FROM pg_extension WHERE oid > 16383'), 'vector', "$database: the extension is there");
	foreach my $index (sort keys %served)
	{
		my ($rows, $order, $shown) = @{ $served{$index} };
		my $query = "SELECT $order FROM $rows ORDER BY $order LIMIT 5";

		check_index($node, "shop.$index", "$database: $index is sound", $database);
		like($node->safe_psql($database, "SET enable_seqscan = off; SET enable_sort = off; EXPLAIN $query"),
			qr/Index Scan using $index on.*?\n.*Order By: .*\Q$shown\E/, "$database: $index serves");
		is($node->safe_psql($database, "SET enable_seqscan = off; SET enable_sort = off; $query"),
			$node->safe_psql($database, "SET enable_indexscan = off; $query"), "$database: $index gives what a sort gives");
	}
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
			WHERE a.amname = 'hnsw' AND c.relkind = 'i' AND NOT i.indisvalid}), '0', "$database: all indexes are valid");
	return;
}

# a dump made with pgvector
$node->safe_psql('postgres', "CREATE DATABASE $_") foreach ('by_psql', 'by_restore', 'by_restore4');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('by_psql'), '-f', 'test/dump/pgvector.sql' ],
	'psql restores a dump made with pgvector');
restored('by_psql');
like($node->safe_psql('by_psql', $contents), qr/items_ip ON shop\.items USING hnsw \(embedding vector_ip_ops\) WITH \(m='8', ef_construction='40'\)/,
	'options are kept');
is($node->safe_psql('by_psql', "INSERT INTO shop.items DEFAULT VALUES RETURNING id, embedding, half, dims"),
	'61|[0,0,1]|[1,2,3,4]|3', 'defaults, sequence and generated column work');
isnt($node->psql('by_psql', "INSERT INTO shop.items (embedding) VALUES ('[1000,0,1]')"), 0, 'and so does the check');
$node->safe_psql('by_psql', 'DELETE FROM shop.items WHERE id = 61');

# dumps made through the alias
my $before = $node->safe_psql('by_psql', $contents);
$node->command_ok([ 'pg_dump', '-f', "$dump.sql", $node->connstr('by_psql') ], 'pg_dump');
my $text = read_file("$dump.sql");
like($text, qr/^CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;$/m, 'names the extension vector');
unlike($text, qr/hnsw--|EXTENSION IF NOT EXISTS hnsw|hnsw_sql/, 'and no other');
$node->command_ok([ 'pg_dump', '-Fc', '-f', "$dump.custom", $node->connstr('by_psql') ], 'pg_dump -Fc');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('by_restore'), "$dump.custom" ], 'pg_restore');
$node->command_ok([ 'pg_dump', '-Fd', '-j4', '-f', $folder, $node->connstr('by_psql') ], 'pg_dump -Fd -j4');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-j4', '-d', $node->connstr('by_restore4'), $folder ], 'pg_restore -j4');
foreach my $database ('by_restore', 'by_restore4')
{
	restored($database);
	same($node->safe_psql($database, $contents), $before, "$database: rows, definitions and indexes");
}

no_crash($node);
$node->stop;
done_testing();
