
# Builds of staged rows: layer 0 is made of all of them at once; what does not fit into
# memory is inserted afterwards, near rows after each other.  The index is sound, has each
# row once, and finds what it should, in whatever memory and however many processes; and
# nothing is left of a build that is cancelled, killed or stopped in any of its steps.
use strict;
use warnings;

use HnswTest;
use Test::More;
use Time::HiRes qw(usleep);

my $dims = 128;
my $rows = 20000;
my $node = new_node('bulk', conf => <<'CONF');
dynamic_shared_memory_type = mmap
wal_level = replica
autovacuum = off
max_worker_processes = 12
max_parallel_workers = 8
max_parallel_maintenance_workers = 3
max_wal_size = 1GB
restart_after_crash = on
CONF

# Clusters, many equal vectors, rows without a vector, and without a direction.
$node->safe_psql('postgres', qq{
	CREATE TABLE wide (id int PRIMARY KEY, embedding vector($dims));
	SELECT setseed(0.5);
	CREATE TABLE centers AS SELECT c, array_agg(random()) AS x FROM generate_series(0, 39) c, generate_series(1, $dims) GROUP BY c;
	INSERT INTO wide SELECT i, (SELECT array_agg(v + 0.3 * random() ORDER BY n) FROM centers, unnest(x) WITH ORDINALITY AS e(v, n) WHERE c = i % 40)::vector
		FROM generate_series(1, $rows) i;
	UPDATE wide SET embedding = (SELECT embedding FROM wide w WHERE w.id = wide.id - 1) WHERE id % 10 = 0;
	UPDATE wide SET embedding = (SELECT embedding FROM wide w WHERE w.id = 1) WHERE id BETWEEN 100 AND 300;
	UPDATE wide SET embedding = NULL WHERE id % 100 = 7;
	UPDATE wide SET embedding = array_fill(0, ARRAY[$dims])::vector WHERE id % 1000 = 8;
	VACUUM FULL wide;
	VACUUM ANALYZE wide;
});
my @queries = split /\n/, $node->safe_psql('postgres', 'SELECT embedding FROM wide WHERE id % 800 = 3');
my %operators = (vector_l2_ops => '<->', vector_cosine_ops => '<=>', vector_ip_ops => '<#>', vector_l1_ops => '<+>');

# create(SETTINGS, [OPCLASS]): what the session is told
sub create
{
	my ($settings, $opclass) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "SET client_min_messages = debug1; $settings; DROP INDEX IF EXISTS wide_i;"
		  . 'CREATE INDEX wide_i ON wide USING hnsw (embedding ' . ($opclass // 'vector_l2_ops') . ')');

	is($status, 0, "builds: $settings") or diag $err;
	return $err;
}

sub sound
{
	my ($name, $opclass) = @_;
	my $operator = $operators{ $opclass // 'vector_l2_ops' };
	my $order = "embedding $operator '$queries[0]'";
	my $found = recall($node, 'wide', "embedding $operator %s", 10, \@queries);

	check_index($node, 'wide_i', "$name: sound");
	every_row_once($node, 'wide', $order, "$name: every row once");
	cmp_ok($found, '>=', 0.97, sprintf('%s: recall %.3f', $name, $found));
	return;
}

# ---------------------------------------------------------------------------
# In memory and beyond, alone and together
# ---------------------------------------------------------------------------
my $nodes;
foreach my $how ([ 0, '64MB', 0 ], [ 1, '64MB', 0 ], [ 3, '128MB', 0 ], [ 0, '16MB', 1 ], [ 1, '26MB', 1 ], [ 3, '58MB', 0 ], [ 0, '2MB', 1 ], [ 2, '2MB', 1 ])
{
	my ($workers, $memory, $full) = @$how;
	my $told = create("ALTER TABLE wide SET (parallel_workers = $workers); SET maintenance_work_mem = '$memory'");
	my ($helpers) = $told =~ /with (\d+) of \d+ parallel workers/;
	my $count = $node->safe_psql('postgres', q{SELECT value FROM hnsw_stats('wide_i') WHERE name = 'nodes'});

	is($helpers // 0, $workers, "$workers workers, $memory");
	is($told =~ /no longer fits/ ? 1 : 0, $full, 'memory ends: ' . ($full ? 'yes' : 'no'));
	sound("$workers workers, $memory");

	# equal vectors share a node; two processes may each have made one
	$nodes //= $count;
	cmp_ok(abs($count - $nodes), '<=', $workers || $full ? 20 : 0, "$count nodes");
}
# What the NOTICE asks for is enough, and no less than what there was.
foreach my $how ([ 0, 4096 ], [ 0, 16384 ], [ 1, 4096 ], [ 1, 26624 ])
{
	my ($workers, $kb) = @$how;
	my $told = create("ALTER TABLE wide SET (parallel_workers = $workers); SET maintenance_work_mem = $kb");
	my ($needed) = $told =~ /about (\d+) kB would be needed/;

	cmp_ok($needed, '>', $kb, "$workers workers, $kb kB: $needed kB would be needed");
	$told = create("SET maintenance_work_mem = $needed");
	unlike($told, qr/no longer fits/, "$needed kB are enough");
}

foreach my $opclass ('vector_cosine_ops', 'vector_ip_ops')
{
	create("ALTER TABLE wide SET (parallel_workers = 1); SET maintenance_work_mem = '64MB'", $opclass);
	check_index($node, 'wide_i', "$opclass: sound");
	every_row_once($node, 'wide', "embedding $operators{$opclass} '$queries[0]'", "$opclass: every row once");
	my $found = recall($node, 'wide', "embedding $operators{$opclass} %s", 10, \@queries);
	cmp_ok($found, '>=', 0.9, sprintf('%s: recall %.3f', $opclass, $found));
}

# Without codes: staged where there is memory for what rows remember, else inserted one by
# one, in memory, of which hnsw_build_memory tells enough; or beyond it, in batches.
create("SET maintenance_work_mem = '64MB'", 'vector_l1_ops');
my $enough = $node->safe_psql('postgres', q{SELECT hnsw_build_memory('wide_i'::regclass) / 1024});
foreach my $how ([ 0, 65536, 0 ], [ 1, 65536, 0 ], [ 3, 131072, 0 ], [ 0, $enough, 0 ], [ 0, 3072, 1 ], [ 2, 3072, 1 ])
{
	my ($workers, $kb, $full) = @$how;
	my $told = create("ALTER TABLE wide SET (parallel_workers = $workers); SET maintenance_work_mem = $kb", 'vector_l1_ops');

	is($told =~ /no longer fits/ ? 1 : 0, $full, "L1 distance, $workers workers, $kb kB: memory ends: " . ($full ? 'yes' : 'no'));
	sound("L1 distance, $workers workers, $kb kB", 'vector_l1_ops');
}

# A table that has grown since it was counted: what the NOTICE asks for is enough.
$node->safe_psql('postgres', q{UPDATE pg_class SET reltuples = 1000 WHERE relname = 'wide'});
my ($asked) = create("ALTER TABLE wide SET (parallel_workers = 0); SET maintenance_work_mem = '14MB'", 'vector_l1_ops') =~ /about (\d+) kB would be needed/;
cmp_ok($asked // 0, '>', 14 * 1024, 'more than there was would be needed');
unlike(create('SET maintenance_work_mem = ' . ($asked // 0), 'vector_l1_ops'), qr/no longer fits/, 'that is enough');
$node->safe_psql('postgres', 'ALTER TABLE wide SET (parallel_workers = 1); ANALYZE wide');

# ---------------------------------------------------------------------------
# Stopped in a step
# ---------------------------------------------------------------------------
# Files of the database and of shared memory.
sub files
{
	return $node->safe_psql('postgres', q{SELECT (SELECT count(*) FROM pg_ls_dir('base/' || oid)) || ' ' || (SELECT count(*) FROM pg_ls_dir('pg_dynshmem'))
		FROM pg_database WHERE datname = 'postgres'});
}

$node->safe_psql('postgres', 'DROP INDEX wide_i; CHECKPOINT');
SKIP:
{
	skip 'no debug points in this library', 1 unless has_debug_points($node);
	foreach my $at ('bulk-split:20', 'bulk-center:3', 'bulk-assign:3', 'bulk-compare:40', 'bulk-choose:7', 'bulk-link:90', 'batch-insert:500', 'build-log:1', 'bulk-link:90 vector_l1_ops')
	{
		my ($point, $opclass) = split / /, $at;
		my $memory = $point =~ /batch/ ? '2MB' : '64MB';
		my $before = files();

		foreach my $how ('pg_cancel_backend', 'pg_terminate_backend')
		{
			my $run = stop_at($node, $point, "SET client_min_messages = error; SET max_parallel_maintenance_workers = 1; SET maintenance_work_mem = '$memory'; "
				  . "CREATE INDEX wide_i ON wide USING hnsw (embedding " . ($opclass // 'vector_l2_ops') . ')');
			my $workers = $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE leader_pid = $run->{pid}");

			is($workers, 1, "$point: a worker is at work");
			$node->safe_psql('postgres', "SELECT $how($run->{pid})");
			go_on($run);
			my ($status) = finish($run);
			isnt($status, 0, "$point: $how ends it");
			$node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE query ~ 'CREATE INDEX' AND pid <> pg_backend_pid()");
			is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 'wide_i'}), '0', 'no index is there');
			$node->safe_psql('postgres', 'CHECKPOINT');
			is(files(), $before, 'nor any file');
		}
	}

	# a table of which far too many rows are expected: memory is what was set
	$node->safe_psql('postgres', q{ALTER TABLE wide SET (parallel_workers = 1); UPDATE pg_class SET reltuples = 1e8 WHERE relname = 'wide'});
	my $many = stop_at($node, 'bulk-compare:2', "SET client_min_messages = error; SET max_parallel_maintenance_workers = 1; SET maintenance_work_mem = '64MB'; "
		  . 'CREATE INDEX wide_i ON wide USING hnsw (embedding vector_l2_ops)');
	my $shared = $node->safe_psql('postgres', q{SELECT sum((pg_stat_file('pg_dynshmem/' || f)).size) FROM pg_ls_dir('pg_dynshmem') f});

	cmp_ok($shared, '<', 66 * 1024 * 1024, "$shared bytes of shared memory where 100 million rows are expected");
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($many->{pid})");
	go_on($many);
	finish($many);
	$node->safe_psql('postgres', 'ANALYZE wide');

	# a worker that is killed takes the others with it, and the server starts again
	my $run = stop_at($node, 'bulk-compare:20', "SET client_min_messages = error; SET max_parallel_maintenance_workers = 1; SET maintenance_work_mem = '64MB'; "
		  . 'CREATE INDEX wide_i ON wide USING hnsw (embedding vector_l2_ops)');
	my $worker = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE leader_pid = $run->{pid}");
	my $crashes = crashes($node);

	kill('KILL', $worker);
	ok(is_back($node, $crashes), 'the server is back after a worker has been killed');
	finish($run);
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 'wide_i'}), '0', 'without an index');
}
create("SET maintenance_work_mem = '64MB'");
sound('after all that');
$node->stop;
done_testing();
