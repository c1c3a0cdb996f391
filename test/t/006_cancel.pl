
# Builds, inserts and vacuums that are cancelled at many points.  The index stays
# sound, returns every row once, and the next vacuum takes up what was left.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $dims = 24;
my $order = "embedding <-> hnsw_test_vector($dims, 7)";
my $node = new_node('cancel', conf => "autovacuum = off\nmax_wal_size = 1GB\n");
my ($cancelled, $done) = (0, 0);
my @limits = map { int(2 * 1.35**$_) } 0 .. 17;

# Runs the statement once for each time limit in milliseconds, in one session.
sub limited
{
	my ($before, $statement, $after, @limits) = @_;
	my $script = join('', map { "SET statement_timeout = 0; $before;\nSET statement_timeout = $_;\n"
		  . "$statement;\n\\echo :SQLSTATE\nSET statement_timeout = 0;\n$after;\n" } @limits);
	my ($stdout, $stderr) = ('', '');

	$node->psql('postgres', $script, stdout => \$stdout, stderr => \$stderr, on_error_stop => 0);
	my $here = () = $stdout =~ /^57014$/mg;
	my $fine = () = $stdout =~ /^00000$/mg;

	$cancelled += $here;
	$done += $fine;
	is($here + $fine, scalar(@limits), "each statement ends, $here cancelled: $statement") or diag $stderr;
	return $here;
}

sub sound
{
	my ($when) = @_;

	check_index($node, 'items_embedding_idx', "sound $when");
	every_row_once($node, 'items', $order, "every row once $when");
	return;
}

fill_table($node, 'items', 2500, $dims);
$node->safe_psql('postgres', 'CREATE TABLE spare AS SELECT * FROM items');

# a build, in memory and through buffers
my $create = 'CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops)';
limited("SET client_min_messages = error; SET maintenance_work_mem = '$_'",
	$create, 'DROP INDEX IF EXISTS items_embedding_idx', @limits) for ('64MB', '1MB');
$node->safe_psql('postgres', $create);
sound('after cancelled builds');

# CONCURRENTLY leaves an invalid index, which takes inserts and may be cleaned
limited('SET client_min_messages = error; DROP INDEX IF EXISTS c',
	'CREATE INDEX CONCURRENTLY c ON items USING hnsw (embedding vector_l2_ops)',
	"INSERT INTO items SELECT -nextval('items_load'), embedding FROM spare LIMIT 5", @limits);
$node->safe_psql('postgres', 'DROP INDEX IF EXISTS c');

# inserts of many rows: what was inserted before the end is dead
limited('SELECT 1', "INSERT INTO items SELECT -nextval('items_load'), hnsw_test_vector($dims, (random() * 100000)::int) FROM generate_series(1, 1000)",
	'SELECT 1', @limits);
sound('after cancelled inserts');
limited('SELECT 1', "UPDATE items SET embedding = (SELECT embedding FROM spare WHERE spare.id = 1 + abs(items.id) % 50) WHERE abs(id) % 2 = 0",
	'SELECT 1', @limits);
sound('after cancelled updates');

# vacuum, each time with new dead rows beside those left from the last
foreach my $round (1 .. 3)
{
	limited("DELETE FROM items WHERE abs(id) % 45 = (SELECT (random() * 44)::int)",
		'VACUUM items',
		"INSERT INTO items SELECT -nextval('items_load'), embedding FROM spare WHERE id % 60 = (SELECT (random() * 59)::int)",
		map { $_ + $round } @limits);
	sound("after cancelled vacuums, round $round");
}
$node->safe_psql('postgres', 'VACUUM items');
sound('after a vacuum to the end');
is($node->safe_psql('postgres', q{SELECT value FROM hnsw_stats('items_embedding_idx') WHERE name IN ('nodes dying', 'nodes without tuple')}),
	"0\n0", 'nothing dying is left');

# cancelled from outside, under load
my $load = start_load($node, 'items', $dims, 8, 3);
my $index_phase = "FROM pg_stat_progress_vacuum JOIN pg_stat_activity USING (pid) WHERE phase = 'vacuuming indexes' AND query ~ 'INDEX_CLEANUP'";
my ($shots, $delay) = (0, 1);
while ($shots < 3 && $delay <= 64)
{
	$node->safe_psql('postgres', "DELETE FROM items WHERE abs(id) % 9 = $shots");
	my $vacuum = start_program('psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', 'SET vacuum_cost_limit = 10',
		'-c', "SET vacuum_cost_delay = $delay", '-c', 'VACUUM (INDEX_CLEANUP on) items');

	while ($vacuum->{run}->pumpable)
	{
		$vacuum->{run}->pump_nb;
		last if $node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) $index_phase") ne '';
	}
	my ($status, $out, $err) = finish($vacuum);

	# slower, if it had ended before that was seen
	$err =~ /canceling statement due to user request/ ? $shots++ : ($delay *= 2);
}
finish($load);
is($shots, 3, 'vacuums were cancelled in the index, under load');
sound('after vacuums cancelled under load');

cmp_ok($cancelled, '>', 20, "statements were cancelled ($cancelled, and $done were not)");
no_crash($node);
$node->stop;
done_testing();
