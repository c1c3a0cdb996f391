
# Crashes: of a backend and of the whole server, during a mixed load, during a
# build and during vacuum.  After recovery the index is sound and returns every
# row of the table once.
use strict;
use warnings;

use HnswTest;
use Test::More;
use Time::HiRes qw(usleep);

my $seed = $ENV{HNSW_SEED} // time();
srand($seed);
note "seed $seed (set HNSW_SEED to repeat)";

my $dims = 16;
my $order = "embedding <-> hnsw_test_vector($dims, 7)";
# the same vectors in other forms: records of two pages; records that leave out much
my $bits = '(repeat(binary_quantize(embedding)::text, 4000)::bit(64000))';
my $sparse = '(embedding::sparsevec(16))';
my $node = new_node('crash', conf => "autovacuum = off\nrestart_after_crash = on\n"
	  . "max_wal_size = 1GB\nshared_buffers = 16MB\n");

# The server ends at once, or one of its processes is killed, and is up again.
sub crash
{
	my ($how, $of) = @_;

	if ($how eq 'server')
	{
		$node->stop('immediate');
		$node->start;
		return;
	}
	my $pid = $node->safe_psql('postgres', qq{
		SELECT pid FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND query ~ '$of'
		ORDER BY random() LIMIT 1});
	kill('KILL', $pid) if $pid ne '';
	# until the server has noticed, it still answers
	usleep(300_000);
	$node->poll_query_until('postgres', 'SELECT 1', '1') or die 'the server does not come back';
	return;
}

sub sound
{
	my ($table, $when) = @_;

	check_index($node, "${table}_embedding_idx", "$table is sound $when");
	every_row_once($node, $table, $order, "$table: every row once $when");
	if ($table eq 'items')
	{
		check_index($node, "${table}_$_", "$table: $_ is sound $when") foreach ('bits', 'sparse');
		every_row_once($node, $table, "$bits <~> repeat('10', 32000)::bit(64000)", "$table: every row once by bits $when");
		every_row_once($node, $table, "$sparse <-> '{1:1}/16'", "$table: every row once by elements $when");
	}
	return;
}

fill_table($node, 'items', 300, $dims);
$node->safe_psql('postgres', qq{
	CREATE INDEX ON items USING hnsw (embedding vector_l2_ops);
	CREATE INDEX items_bits ON items USING hnsw ($bits bit_hamming_ops) WITH (m = 8, ef_construction = 16);
	CREATE INDEX items_sparse ON items USING hnsw ($sparse sparsevec_l2_ops) WITH (m = 8, nonzeros = 6);
});
for my $round (1 .. 6)
{
	my $how = $round % 2 ? 'backend' : 'server';
	my $load = start_load($node, 'items', $dims, 20, 4);

	usleep(500_000 + int(rand(700_000)));
	crash($how, '.');
	finish($load);
	sound('items', "after crash $round, of a $how");
	if ($round % 3 == 0)
	{
		$node->safe_psql('postgres', 'VACUUM items');
		sound('items', "after crash $round and vacuum");
	}
}

cmp_ok($node->safe_psql('postgres', 'SELECT min(id) FROM items'),
	'<', -100, 'the load has inserted rows');

# during vacuum, again and again from where the last one stopped
fill_table($node, 'vacuumed', 1500, $dims);
$node->safe_psql('postgres', q{
	CREATE INDEX ON vacuumed USING hnsw (embedding vector_l2_ops);
	DELETE FROM vacuumed WHERE id % 3 <> 0;
});
for my $round (1 .. 4)
{
	my $vacuum = start_psql($node, 'VACUUM vacuumed');

	usleep(20_000 * $round);
	crash($round % 2 ? 'server' : 'backend', 'VACUUM');
	finish($vacuum);
	sound('vacuumed', "after crash $round during vacuum");
	$node->safe_psql('postgres', "DELETE FROM vacuumed WHERE id % 30 = 3 * $round");
}
$node->safe_psql('postgres', 'VACUUM vacuumed');
sound('vacuumed', 'after a vacuum to the end');

# during a build: in memory and through buffers
fill_table($node, 'built', 3000, $dims);
for my $memory ('64MB', '1MB')
{
	my $build = start_psql($node,
		"SET maintenance_work_mem = '$memory'; CREATE INDEX built_embedding_idx ON built USING hnsw (embedding vector_l2_ops)");

	usleep(150_000);
	crash($memory eq '1MB' ? 'server' : 'backend', 'CREATE INDEX');
	finish($build);
	$node->safe_psql('postgres', "SET maintenance_work_mem = '$memory'; DROP INDEX IF EXISTS built_embedding_idx;
		CREATE INDEX built_embedding_idx ON built USING hnsw (embedding vector_l2_ops)");
	crash('server');
	sound('built', "after a build with $memory and a crash");
}

no_crash($node, 9);
$node->stop;
done_testing();
