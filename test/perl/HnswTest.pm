
# What the TAP tests share: a node with the extension, random vectors in SQL,
# assertions about an index.
#
#	use HnswTest;
#	my $node = new_node('primary');
#	fill_table($node, 'items', 1000, 8);
#	check_index($node, 'items_embedding_idx');
package HnswTest;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run ();
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT = qw(new_node create_extension fill_table random_vector
  check_index recall same_rows every_row_once rows_differ start_load start_bench
  start_psql start_program finish try_psql crashes is_back no_crash has_debug_points stop_at go_on waits_for_lock);

# The test modules have had their present names since 15, and the later minor
# releases of 14.
my $cluster_class;

BEGIN
{
	if (eval { require PostgreSQL::Test::Cluster; 1 })
	{
		$cluster_class = 'PostgreSQL::Test::Cluster';
	}
	else
	{
		require PostgresNode;
		$cluster_class = 'PostgresNode';
	}
}

# new_node(NAME, [conf => TEXT], [init => [...]], [extension => 0])
#
# A running server, with the extension in database "postgres" unless told
# otherwise.
sub new_node
{
	my ($name, %opt) = @_;
	my $node =
	  $cluster_class->can('new')
	  ? $cluster_class->new($name)
	  : $cluster_class->get_new_node($name);

	$node->init(@{ $opt{init} // [] });
	$node->append_conf('postgresql.conf', "fsync = off\n" . ($opt{conf} // ''));
	$node->start;
	create_extension($node) if $opt{extension} // 1;
	return $node;
}

# create_extension(NODE, [DATABASE])
#
# The extension, and hnsw_test_vector(dims, seed): a vector of coordinates in
# -1 .. 1 that only its arguments decide.
sub create_extension
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', q{
		CREATE EXTENSION hnsw;
		CREATE FUNCTION hnsw_test_vector(dims int, seed int) RETURNS vector
		LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
			SELECT array_agg((hashint8extended(i, seed) / 9223372036854775808.0)::float4
							 ORDER BY i)::vector
			FROM generate_series(1, dims) i
		$$;
	});
	return;
}

# fill_table(NODE, TABLE, ROWS, DIMS, [SEED], [DATABASE])
#
# Makes TABLE(id, embedding vector(DIMS)) where it is missing, and adds ROWS rows,
# with ids that go on where the table ends.
sub fill_table
{
	my ($node, $table, $rows, $dims, $seed, $database) = @_;

	$seed //= 0;
	$node->safe_psql($database // 'postgres', qq{
		SET client_min_messages = warning;
		CREATE TABLE IF NOT EXISTS $table (id int PRIMARY KEY, embedding vector($dims));
		INSERT INTO $table
		SELECT m + i, hnsw_test_vector($dims, $seed + m + i)
		FROM (SELECT coalesce(max(id), 0) AS m FROM $table) t, generate_series(1, $rows) i;
		CREATE SEQUENCE IF NOT EXISTS ${table}_load;
	});
	return;
}

# random_vector(DIMS): text of a vector of coordinates in -1 .. 1
sub random_vector
{
	my ($dims) = @_;

	return '[' . join(',', map { sprintf('%.4f', 2 * rand() - 1) } 1 .. $dims) . ']';
}

# check_index(NODE, INDEX, [TEST NAME], [DATABASE]): hnsw_check finds nothing
sub check_index
{
	my ($node, $index, $name, $database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	my $found = $node->safe_psql($database // 'postgres', "SELECT * FROM hnsw_check('$index')");
	return is($found, '', $name // "$index is sound");
}

# The ids of the K nearest rows, or what else is asked for: through the index, or
# by sorting all rows.
sub nearest
{
	my ($node, $table, $order, $k, $plan, $database, $what) = @_;

	$what //= 'id';

	return $node->safe_psql($database // 'postgres',
		($plan eq 'index'
			? 'SET enable_seqscan = off; SET enable_sort = off;'
			: 'SET enable_indexscan = off;')
		. "SELECT $what FROM $table ORDER BY $order LIMIT $k");
}

# recall(NODE, TABLE, ORDER, K, QUERIES, [DATABASE])
#
# The share of the exact K nearest rows that the index finds, or others as near.
# ORDER is an expression like "embedding <-> %s"; QUERIES is an array of vectors in
# text.
sub recall
{
	my ($node, $table, $order, $k, $queries, $database) = @_;
	my ($found, $wanted) = (0, 0);

	foreach my $query (@$queries)
	{
		my $by = sprintf($order, "'$query'");
		my @exact = grep { $_ ne '' } split /\n/, nearest($node, $table, $by, $k, 'exact', $database, $by);

		$wanted += @exact;
		$found += grep { $_ ne '' && $_ <= $exact[-1] } split /\n/, nearest($node, $table, $by, $k, 'index', $database, $by);
	}
	return $wanted ? $found / $wanted : 1;
}

# same_rows(NODE, TABLE, ORDER, [TEST NAME], [DATABASE])
#
# An index scan that is read to its end gives the rows of the table, each once,
# in the order of a sort.  For tables without equal distances, smaller than
# hnsw.max_scan_tuples.
sub same_rows
{
	my ($node, $table, $order, $name, $database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $all = 1_000_000_000;
	my $index = nearest($node, $table, $order, $all, 'index', $database);
	my $exact = nearest($node, $table, $order, $all, 'exact', $database);

	return is($index, $exact, $name // "$table: index scan and sort agree");
}

# every_row_once(NODE, TABLE, ORDER, [TEST NAME], [DATABASE])
#
# An index scan that is read to its end gives the rows of the table, each once,
# in whatever order: for tables of any size, with equal distances and nulls.
sub every_row_once
{
	my ($node, $table, $order, $name, $database) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return is(
		$node->safe_psql($database // 'postgres', rows_differ($table, $order)),
		'', $name // "$table: the index returns every row once");
}

# A query for the rows that an index scan, read to its end, does not return
# exactly as often as the table has them: (id, times).
sub rows_differ
{
	my ($table, $order) = @_;

	return qq{
		SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off;
		SET hnsw.max_scan_tuples = 2147483647; SET hnsw.scan_mem_multiplier = 1000;
		SELECT id, sum(n)
		FROM (SELECT id, 1 AS n
			  FROM (SELECT id FROM $table ORDER BY $order LIMIT 1000000000) i
			  UNION ALL SELECT id, -1 FROM $table) b
		GROUP BY id HAVING sum(n) <> 0;
	};
}

# start_bench(NODE, SECONDS, CLIENTS, {NAME => [WEIGHT, SCRIPT], ...})
#
# pgbench in the background; finish() waits for it.
sub start_bench
{
	my ($node, $seconds, $clients, $scripts) = @_;
	my $dir = $node->basedir;
	my @files;

	foreach my $name (sort keys %$scripts)
	{
		my ($weight, $text) = @{ $scripts->{$name} };
		my $file = "$dir/$name.sql";

		open(my $out, '>', $file) or die "$file: $!";
		print $out $text;
		close($out);
		push @files, '-f', "$file\@$weight";
	}
	return start_program('pgbench', '-n', '-T', $seconds, '-c', $clients, @files,
		$node->connstr('postgres'));
}

# start_load(NODE, TABLE, DIMS, SECONDS, CLIENTS)
#
# Inserts, updates, deletes, searches and vacuums of a table made by fill_table,
# with vectors of which many are equal, in the background.  Its rows have negative ids.
sub start_load
{
	my ($node, $table, $dims, $seconds, $clients) = @_;
	my $vector = "hnsw_test_vector($dims, :k)";
	my $some = "(SELECT id FROM $table WHERE abs(id) % 97 = :k % 97 LIMIT :n FOR UPDATE SKIP LOCKED)";
	my $vars = "\\set k random_exponential(1, 1000, 5)\n\\set n random(1, 12)\n";

	return start_bench($node, $seconds, $clients, {
		insert => [ 40, "$vars INSERT INTO $table SELECT -nextval('${table}_load'), "
			  . "hnsw_test_vector($dims, :k + i) FROM generate_series(1, :n) i;\n" ],
		null => [ 3, "INSERT INTO $table VALUES (-nextval('${table}_load'), NULL);\n" ],
		abort => [ 8, "$vars BEGIN;\nINSERT INTO $table VALUES (-nextval('${table}_load'), $vector);\n"
			  . "SAVEPOINT s;\nINSERT INTO $table VALUES (-nextval('${table}_load'), $vector);\n"
			  . "ROLLBACK TO s;\nROLLBACK;\n" ],
		same => [ 10, "$vars UPDATE $table SET embedding = embedding WHERE id IN $some;\n" ],
		other => [ 10, "$vars UPDATE $table SET embedding = $vector WHERE id IN $some;\n" ],
		delete => [ 25, "$vars DELETE FROM $table WHERE id IN $some;\n" ],
		search => [ 10, "$vars SET enable_seqscan = off;\n"
			  . "SELECT id FROM $table ORDER BY embedding <-> $vector LIMIT 10;\n" ],
		vacuum => [ 5, "VACUUM $table;\n" ],
	});
}

# start_psql(NODE, SQL): psql in the background; finish() waits for it
sub start_psql
{
	my ($node, $sql) = @_;

	return start_program('psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', $sql);
}

sub start_program
{
	my @command = @_;
	my ($out, $err) = ('', '');

	return {
		out => \$out,
		err => \$err,
		run => IPC::Run::start(\@command, '<', \undef, '>', \$out, '2>', \$err),
	};
}

# finish(PROGRAM): waits for its end; (exit status, output, errors)
sub finish
{
	my ($program) = @_;

	$program->{run}->finish;
	return ($program->{run}->full_result(0), ${ $program->{out} }, ${ $program->{err} });
}

# try_psql(NODE, SQL): as the node's psql, of a server that may be down.  A psql
# that ends before it has read its input would end the test.
sub try_psql
{
	my ($node, $sql) = @_;
	my @result = eval { $node->psql('postgres', $sql) };

	return @result unless $@;
	die $@ unless $@ =~ /Broken pipe/;
	return (2, '', "connection failed: $@");
}

# crashes(NODE): how often the server has started again by itself
sub crashes
{
	my ($node) = @_;
	my $count = 0;

	open(my $log, '<', $node->logfile) or die $node->logfile . ": $!";
	while (<$log>) { $count++ if /all server processes terminated; reinitializing/; }
	close($log);
	return $count;
}

# is_back(NODE, CRASHES): waits until the server has noticed a crash after so many
# before, and answers again.  Until it has noticed, it answers, too.  False when
# there was none: the process that was to be killed had just ended.
sub is_back
{
	my ($node, $before) = @_;

	for (1 .. 1800)
	{
		if ($_ > 600 || crashes($node) > $before)
		{
			return crashes($node) > $before if (try_psql($node, 'SELECT 1'))[0] == 0;
		}
		usleep(100_000);
	}
	die 'the server does not come back';
}

# has_debug_points(NODE): is the library built with them?
sub has_debug_points
{
	my ($node) = @_;
	my ($status) = $node->psql('postgres', "LOAD 'hnsw'; SHOW hnsw.debug_point");

	return $status == 0;
}

# stop_at(NODE, POINT, SQL)
#
# Runs SQL in a session of its own up to the debug point (NAME or NAME:N), and
# returns when it is there.  go_on() lets it go, and finish() waits for its end.
sub stop_at
{
	my ($node, $point, $sql) = @_;
	my $name = $point =~ s/:.*//r;
	my $run = start_program('psql', '-XqAt', '-d', $node->connstr('postgres'),
		'-c', "SET hnsw.debug_point = '$point'", '-c', 'SELECT pg_backend_pid()', '-c', $sql);

	for (1 .. 600)
	{
		$run->{run}->pump_nb;
		($run->{pid}) = ${ $run->{out} } =~ /^(\d+)$/m;
		last if $run->{pid} && $node->safe_psql('postgres',
			"SELECT 1 FROM pg_stat_activity WHERE pid = $run->{pid} AND application_name = 'hnsw at $name'") eq '1';
		die "no stop at $point: ${ $run->{err} }" unless $run->{run}->pumpable;
		usleep(50_000);
	}
	return $run;
}

sub go_on
{
	my ($run) = @_;

	kill('HUP', $run->{pid});
	return;
}

# waits_for_lock(NODE, PROGRAM or PID): until it waits for a heavyweight lock
sub waits_for_lock
{
	my ($node, $query) = @_;

	return $node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE query ~ '$query' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()");
}

# no_crash(NODE, [EXPECTED]): the log tells of no crash but those of signal
# EXPECTED, which the test brought about itself
sub no_crash
{
	my ($node, $expected) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $other = $expected ? "(?!$expected\\b)" : '';
	my @lines;

	open(my $log, '<', $node->logfile) or die $node->logfile . ": $!";
	while (<$log>)
	{
		push @lines, $_
		  if /TRAP: |PANIC: |was terminated by signal ${other}\d|inconsistent page found|AddressSanitizer|runtime error: /;
	}
	close($log);
	return is(join('', @lines), '', $node->name . ': nothing crashed');
}

1;
