
# The library in a server: preloaded, under ANALYZE, in statements of many rows.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $node = new_node('server', conf => "autovacuum = off\nshared_preload_libraries = 'hnsw'\n");

$node->safe_psql('postgres', q{
	CREATE TABLE items (id int, v vector(8));
	CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 16);
	INSERT INTO items SELECT i, hnsw_test_vector(8, i) FROM generate_series(1, 500) i;
});
is($node->safe_psql('postgres', "SET enable_seqscan = off; SELECT count(*) FROM (SELECT id FROM items ORDER BY v <-> '[1,2,3,4,5,6,7,8]') x"),
	'500', 'preloaded: an index works');

is( $node->safe_psql('postgres', q{
		CREATE TABLE mixed (v vector, h halfvec, s sparsevec);
		INSERT INTO mixed SELECT hnsw_test_vector(1 + i % 20, i), hnsw_test_vector(1 + i % 20, i)::halfvec,
			hnsw_test_vector(1 + i % 20, i)::sparsevec FROM generate_series(1, 500) i;
		ANALYZE mixed;
		SELECT count(*) FROM pg_stats WHERE tablename = 'mixed'}),
	'3', 'ANALYZE of values of mixed dimensions');

# What a statement's inserts hold in memory does not grow with their number.
my $used = $node->safe_psql('postgres', q{
	CREATE TABLE used (bytes bigint);
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		IF NEW.id % 1000 = 0 THEN
			INSERT INTO used SELECT sum(used_bytes) FROM pg_backend_memory_contexts WHERE name NOT LIKE 'CacheMemory%';
		END IF;
		RETURN NEW;
	END$$;
	CREATE TRIGGER t BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION note();
	INSERT INTO items SELECT i, hnsw_test_vector(8, i) FROM generate_series(1001, 7000) i;
	SELECT max(bytes) - min(bytes) < 2 * 1024 * 1024 FROM (SELECT bytes FROM used OFFSET 1) x;
});
is($used, 't', 'memory of a statement of 6000 rows does not grow');
check_index($node, 'items_v');

# A new page is logged without the room for the records that are to come: 1.4 times the
# index's size in all, 2.1 with it.
$node->safe_psql('postgres', q{
	CREATE TABLE wide (v vector(1000));
	ALTER TABLE wide ALTER v SET STORAGE plain;
	CREATE TABLE wide_bare (LIKE wide INCLUDING STORAGE);
	CREATE INDEX wide_v ON wide USING hnsw (v vector_l2_ops) WITH (m = 2, m0 = 4);
	CREATE TABLE wide_rows AS SELECT hnsw_test_vector(1000, i) v FROM generate_series(1, 600) i;
	CHECKPOINT;
});
my %wal;
foreach my $table ('wide', 'wide_bare')
{
	my $from = $node->safe_psql('postgres', 'SELECT pg_current_wal_insert_lsn()');
	$node->safe_psql('postgres', "INSERT INTO $table SELECT v FROM wide_rows");
	$wal{$table} = $node->safe_psql('postgres', "SELECT pg_current_wal_insert_lsn() - '$from'");
}
my $ratio = ($wal{wide} - $wal{wide_bare}) / $node->safe_psql('postgres', q{SELECT pg_relation_size('wide_v')});
cmp_ok($ratio, '<', 1.75, "WAL of inserts into a new index, by its size: $ratio");
check_index($node, 'wide_v');

no_crash($node);
$node->stop;
done_testing();
