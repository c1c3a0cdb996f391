
# Builds by several processes: who takes part, in each kind of table and index;
# that the index is as sound and as good as one built alone; and what is left when
# one of the processes is cancelled or killed.
#
# The graph differs from build to build, so scans that are read to their end are
# compared by their rows: one that turns up late is at the very end.
use strict;
use warnings;

use HnswTest;
use List::Util qw(sum);
use Test::More;
use Time::HiRes qw(time usleep);

my $dims = 16;
# With "mmap", segments of shared memory are files of this server, which the test
# can count; other tests have the server's default.
my $node = new_node('parallel', conf => <<'CONF');
dynamic_shared_memory_type = mmap
wal_level = replica
autovacuum = off
max_connections = 20
max_worker_processes = 12
max_parallel_workers = 8
max_parallel_maintenance_workers = 4
maintenance_work_mem = 256MB
max_wal_size = 1GB
restart_after_crash = on
CONF

# run(SQL, [SETTINGS]): what a session is told
sub run
{
	my ($sql, $settings) = @_;
	my ($status, $out, $err) =
	  $node->psql('postgres', ($settings // '') . "; SET client_min_messages = debug1; $sql");

	is($status, 0, "done: $sql") or diag $err;
	return $err;
}

# Processes that helped with the builds of which we were told; -1 = one process
# built, and asked for no help.
sub workers
{
	my ($told) = @_;
	my @builds = $told =~ /building index "[^"]*" with (\d+) of \d+ parallel workers/g;

	return @builds ? join(' ', @builds) : '-1';
}

my $create = 'CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops)';
my $drop = 'DROP INDEX IF EXISTS items_embedding_idx;';

# built(SQL, SETTINGS, WORKERS, INDEX): the build has so many workers, and is sound
sub built
{
	my ($sql, $settings, $workers, $index) = @_;
	my $told = run($sql, $settings);

	is(workers($told), $workers, "workers: $workers; $settings; $sql") or diag $told;
	check_index($node, $index // 'items_embedding_idx');
	return $told;
}

fill_table($node, 'items', 3000, $dims);
my $order = "embedding <-> hnsw_test_vector($dims, -7)";

# ---------------------------------------------------------------------------
# How many help
# ---------------------------------------------------------------------------
my $few = 'SET max_parallel_maintenance_workers = ';
foreach ([ 0, 4, -1 ], [ 1, 4, 1 ], [ 3, 4, 3 ], [ 3, 2, 2 ], [ 3, 0, -1 ], [ 9, 4, 4 ])
{
	my ($table, $setting, $workers) = @$_;

	built("$drop ALTER TABLE items SET (parallel_workers = $table); $create", "$few $setting", $workers);
	every_row_once($node, 'items', $order);
}
# by the number of rows, where the table does not say
$node->safe_psql('postgres', 'ALTER TABLE items RESET (parallel_workers)');
foreach ([ 3999, -1 ], [ 4000, 1 ], [ 9999, 3 ], [ 1000000, 4 ])
{
	my ($rows, $workers) = @$_;

	$node->safe_psql('postgres', "UPDATE pg_class SET reltuples = $rows WHERE relname = 'items'");
	built("$drop $create", "$few 4", $workers);
}
# others have taken the workers
$node->safe_psql('postgres', 'ALTER TABLE items SET (parallel_workers = 3)');
foreach ([ 1, 1 ], [ 0, 0 ])
{
	my ($max, $workers) = @$_;

	built("$drop $create", "SET max_parallel_workers = $max", $workers);
	every_row_once($node, 'items', $order);
}

# recall as of a build by one process
sub recall_after
{
	my ($settings) = @_;
	my @queries = map { $node->safe_psql('postgres', "SELECT hnsw_test_vector($dims, -$_)") } 1 .. 25;

	run("$drop $create", $settings);
	return recall($node, 'items', 'embedding <-> %s', 10, \@queries);
}
my ($alone, $together) = (recall_after("$few 0"), recall_after("$few 3"));
cmp_ok($together, '>=', $alone - 0.03, "recall $together as of one process, $alone");

# All processes log: what each of them has logged comes back after a crash.
$node->safe_psql('postgres', q{CREATE TABLE many WITH (parallel_workers = 3) AS
	SELECT -i AS id, hnsw_test_vector(16, -i)::vector(16) AS embedding FROM generate_series(1, 20000) i; CHECKPOINT});
my $many = 'CREATE INDEX many_v ON many USING hnsw (embedding vector_l2_ops) WITH (m = 30)';
my @logged = built($many, '', 3, 'many_v') =~ /logged (\d+) pages of index "many_v"/g;
my $pages = $node->safe_psql('postgres', q{SELECT pg_relation_size('many_v') / 8192});
cmp_ok($pages, '>', 3000, 'an index of many pages');
is(scalar @logged, 4, 'all processes say what they have logged');
is(sum(@logged), $pages, 'together all pages');
cmp_ok(scalar(grep { $_ > 0 } @logged), '>=', 2, "not one alone: @logged");
$node->stop('immediate');
$node->start;
check_index($node, 'many_v');
every_row_once($node, 'many', $order, 'after a crash');
# where there are few buffers for each, the leader logs alone
$node->append_conf('postgresql.conf', 'shared_buffers = 2MB');
$node->restart;
unlike(built("DROP INDEX many_v; $many", '', 3, 'many_v'), qr/logged \d+ pages/, 'with few buffers one process logs');
$node->append_conf('postgresql.conf', 'shared_buffers = 128MB');
$node->restart;
$node->safe_psql('postgres', 'DROP TABLE many');

# ---------------------------------------------------------------------------
# Kinds of tables and indexes
# ---------------------------------------------------------------------------
$node->safe_psql('postgres', q{
	CREATE FUNCTION unsafe(v vector) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE
		AS 'SELECT v OPERATOR(public.+) v';
	CREATE SCHEMA other;
	CREATE FUNCTION other.half(v vector) RETURNS vector LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
		SET search_path = other, public
		AS $$ BEGIN RETURN v * own(vector_dims(v)); END $$;
	CREATE FUNCTION other.own(n int) RETURNS vector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
		AS 'SELECT array_fill(0.5::real, ARRAY[n])::public.vector';
	CREATE TABLE parted (id int, embedding vector(16)) PARTITION BY RANGE (id);
	CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (1500) WITH (parallel_workers = 2);
	CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (1500) TO (1000000) WITH (parallel_workers = 1);
	INSERT INTO parted SELECT id, embedding FROM items;
	CREATE UNLOGGED TABLE passing (id int, embedding vector(16)) WITH (parallel_workers = 2);
	INSERT INTO passing SELECT id, embedding FROM items;
});
built("CREATE INDEX e ON items USING hnsw ((unsafe(embedding)::vector($dims)) vector_l2_ops)", '', -1, 'e');
built("CREATE INDEX o ON items USING hnsw ((other.half(embedding)::vector($dims)) vector_l2_ops)", '', 3, 'o');
every_row_once($node, 'items', "(other.half(embedding)::vector($dims)) <-> hnsw_test_vector($dims, 3)",
	'an expression whose function has a search_path');
built('CREATE INDEX p ON items USING hnsw (embedding vector_cosine_ops) WHERE id % 3 = 0', '', 3, 'p');
every_row_once($node, 'items WHERE id % 3 = 0', "embedding <=> hnsw_test_vector($dims, 5)", 'a partial index');
$node->safe_psql('postgres', 'DROP INDEX e, o, p');
built('CREATE INDEX parted_v ON parted USING hnsw (embedding vector_l2_ops)', '', '2 1', 'parted_1_embedding_idx');
check_index($node, 'parted_2_embedding_idx');
every_row_once($node, 'parted', $order, 'partitions');
built('CREATE INDEX passing_v ON passing USING hnsw (embedding vector_l2_ops)', '', 2, 'passing_v');
every_row_once($node, 'passing', $order, 'an unlogged table');
is(workers(run('CREATE TEMP TABLE own WITH (parallel_workers = 3) AS SELECT * FROM items;'
			  . 'CREATE INDEX ON own USING hnsw (embedding vector_l2_ops)')), -1, 'a temporary table: one process');

built("$drop SELECT 1", '', -1, 'passing_v');
my $told = '';
foreach my $sql ('CREATE INDEX CONCURRENTLY items_embedding_idx ON items USING hnsw (embedding vector_l2_ops)',
	'REINDEX INDEX CONCURRENTLY items_embedding_idx', 'REINDEX INDEX items_embedding_idx')
{
	# each in a transaction of its own
	my ($status, $out, $err) = ('', '', '');

	$status = $node->psql('postgres', $sql, stderr => \$err, connstr => $node->connstr('postgres')
		  . q{ options='-c client_min_messages=debug1'});
	is($status, 0, "done: $sql") or diag $err;
	is(workers($err), 3, "3 workers: $sql");
	check_index($node, 'items_embedding_idx');
	every_row_once($node, 'items', $order);
}

# every cell, with copies, rows without a vector and rows without a direction
$node->safe_psql('postgres', q{
	CREATE TABLE cells WITH (parallel_workers = 2) AS
		SELECT id, v, v::halfvec(16) AS h, v::sparsevec(16) AS s, binary_quantize(v)::bit(16) AS b
		FROM (SELECT id, CASE WHEN id % 50 = 0 THEN NULL WHEN id % 50 = 1 THEN array_fill(0, ARRAY[16])::vector(16)
				WHEN id % 10 < 3 THEN hnsw_test_vector(16, -id % 7) ELSE embedding END AS v FROM items WHERE id <= 1500) i;
	ALTER TABLE cells ALTER v TYPE vector(16), ALTER h TYPE halfvec(16), ALTER s TYPE sparsevec(16);
});
my %operators = (l2 => '<->', ip => '<#>', cosine => '<=>', l1 => '<+>', hamming => '<~>', jaccard => '<%>');
foreach ([ v => 'vector', qw(l2 ip cosine l1) ], [ h => 'halfvec', qw(l2 ip cosine l1) ],
	[ s => 'sparsevec', qw(l2 ip cosine l1) ], [ b => 'bit', qw(hamming jaccard) ])
{
	my ($column, $type, @metrics) = @$_;

	foreach my $metric (@metrics)
	{
		built("CREATE INDEX cell ON cells USING hnsw ($column ${type}_${metric}_ops)", '', 2, 'cell');
		every_row_once($node, 'cells',
			"$column $operators{$metric} (SELECT $column FROM cells WHERE id = 7)", "every row once: $type $metric");
		$node->safe_psql('postgres', 'DROP INDEX cell');
	}
}

# few rows for many processes; nothing but copies; nothing but NULLs; as much
# memory as can be said, and as little
foreach my $rows ('WHERE false', 'WHERE id = 1', 'WHERE id <= 300', 'equal', 'null')
{
	my $what = $rows eq 'equal' ? 'hnsw_test_vector(16, 1)' : $rows eq 'null' ? 'NULL' : 'embedding';
	my $where = $rows =~ /WHERE/ ? $rows : '';

	foreach my $memory ('1MB', '3MB', '2147483647kB')
	{
		$node->safe_psql('postgres', "DROP TABLE IF EXISTS tiny; CREATE TABLE tiny (id int, embedding vector(16)) WITH (parallel_workers = 4);"
			  . "INSERT INTO tiny SELECT id, $what FROM items $where");
		foreach my $setting (0, 4)
		{
			built('DROP INDEX IF EXISTS tiny_v; CREATE INDEX tiny_v ON tiny USING hnsw (embedding vector_l2_ops)',
				"SET maintenance_work_mem = '$memory'; $few $setting", $setting || -1, 'tiny_v');
			every_row_once($node, 'tiny', $order, "every row once: $rows, $memory, $setting workers");
		}
	}
}

# ---------------------------------------------------------------------------
# Memory ends after the leader's last row
# ---------------------------------------------------------------------------
# Two pages of the table, one for each process.  The leader waits for the worker
# to have taken its page, the worker for the leader to have done its own.
$node->safe_psql('postgres', q{
	CREATE TABLE late (id int, v vector(1200)) WITH (parallel_workers = 1);
	INSERT INTO late SELECT i, hnsw_test_vector(1200, i) FROM generate_series(1, 314) i;
	CREATE FUNCTION waits(id int) RETURNS bool LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
	BEGIN
		IF id IN (1, 158) THEN
			PERFORM pg_sleep(CASE WHEN pg_backend_pid() = current_setting('test.leader')::int THEN 0.4 ELSE 1.2 END);
		END IF;
		RETURN true;
	END $$;
});
is($node->safe_psql('postgres', q{SELECT count(*) FROM late WHERE ctid = '(1,1)' AND id = 158}), '1', 'a page each');
$told = run(q{SELECT set_config('test.leader', pg_backend_pid()::text, false);
	CREATE INDEX late_v ON late USING hnsw (v vector_l2_ops) WHERE waits(id)}, q{SET maintenance_work_mem = '1300kB'});
my ($after) = $told =~ /no longer fits into maintenance_work_mem after (\d+) tuples/;
ok($after && $after > 157, 'memory ended in the second page: after ' . ($after // 'no') . ' rows');
check_index($node, 'late_v');
is($node->safe_psql('postgres', q{SELECT set_config('test.leader', '0', false); SELECT value FROM hnsw_stats('late_v') WHERE name = 'tuples'}),
	"0\n314", 'all rows are in the index');

# ---------------------------------------------------------------------------
# Processes that end
# ---------------------------------------------------------------------------
# Files of the database that no relation has, and segments of shared memory.
my $database = $node->safe_psql('postgres', q{SELECT oid FROM pg_database WHERE datname = 'postgres'});

sub orphans
{
	my %known = map { $_ => 1 } split /\n/, $node->safe_psql('postgres',
		'SELECT coalesce(pg_relation_filenode(oid), 0) FROM pg_class');

	# dropped files are cut to nothing, and go with the next checkpoint
	$node->safe_psql('postgres', 'CHECKPOINT');
	opendir(my $dir, $node->data_dir . "/base/$database") or die;
	my @found = sort grep { /^(\d+)/ && $1 >= 16384 && !$known{$1} } readdir($dir);
	closedir($dir);
	return "@found";
}

sub segments
{
	opendir(my $dir, $node->data_dir . '/pg_dynshmem') or die;
	my @found = grep { /^mmap/ } readdir($dir);
	closedir($dir);
	return scalar @found;
}

# waits until nobody works any more
sub quiet
{
	return $node->poll_query_until('postgres',
		q{SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'parallel worker' OR query ~ '^[ ;]*(SET|CREATE INDEX)' AND state = 'active'});
}

$node->safe_psql('postgres', 'DROP TABLE tiny, cells, parted, passing, late; ALTER TABLE items SET (parallel_workers = 3);' . $drop);
my $segments = segments();
is(orphans(), '', 'no file too many');
srand($ENV{HNSW_SEED} // 17);
my %ended;
my $took = time();
$node->safe_psql('postgres', "$create; $drop");
$took = time() - $took;
foreach my $round (1 .. 16)
{
	my $memory = $round % 3 == 0 ? '1MB' : '16MB';
	my $how = (qw(cancel timeout terminate worker))[$round % 4];
	my $at = rand($took);
	my $timeout = $how eq 'timeout' ? 1 + int($at * 800) : 0;
	my $build = start_psql($node, "SET client_min_messages = error; SET maintenance_work_mem = '$memory'; SET statement_timeout = $timeout; $create");
	my $who = $how eq 'worker' ? q{backend_type = 'parallel worker'} : q{query ~ 'CREATE INDEX items' AND backend_type = 'client backend'};
	my $what = $how eq 'cancel' ? 'pg_cancel_backend' : 'pg_terminate_backend';

	if (!$timeout)
	{
		usleep($at * 1e6);
		$node->safe_psql('postgres', "SELECT $what(pid) FROM (SELECT pid FROM pg_stat_activity WHERE $who AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) p");
	}
	my ($status, $out, $err) = finish($build);
	$ended{$how}++ if $status != 0;
	like($err, qr/^$|canceling statement due to (user request|statement timeout)|terminating (connection|background worker "parallel worker") due to administrator|server closed the connection/,
		"round $round, $how");
	if ($status == 0) { check_index($node, 'items_embedding_idx') }
	$node->safe_psql('postgres', $drop);
	quiet();
}
ok($ended{$_}, "builds ended by $_: " . ($ended{$_} // 0)) for qw(cancel timeout terminate worker);
is(orphans(), '', 'no file is left');
is(segments(), $segments, 'no segment of shared memory is left');

# kill -9 of a worker, of the leader
foreach my $who (q{backend_type = 'parallel worker'}, q{query ~ 'CREATE INDEX items' AND backend_type = 'client backend'})
{
	my $crashes = crashes($node);
	my ($build, $killed, $pid);

	# a build may be over before it has been caught
	for my $try (1 .. 10)
	{
		$build = start_psql($node, "SET client_min_messages = error; $create");
		for (1 .. 200)
		{
			$pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE $who AND pid <> pg_backend_pid()"
				  . q{ AND EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'parallel worker') LIMIT 1});
			last if $pid ne '';
			usleep(5000);
		}
		$killed = $pid && kill('KILL', $pid);
		last if $killed;
		finish($build);
		$node->safe_psql('postgres', $drop);
	}
	ok($killed, "killed: $who");
	my ($status) = finish($build);
	isnt($status, 0, 'the build fails');
	ok(is_back($node, $crashes), 'the server comes back');
	is(segments(), $segments, 'no segment of shared memory is left');
	is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 'items_embedding_idx'}), '0', 'no index is there');
}
built($create, '', 3);
every_row_once($node, 'items', $order);

no_crash($node, 9);
$node->stop;
done_testing();
