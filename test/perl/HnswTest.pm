
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
use Test::More;

our @EXPORT = qw(new_node create_extension fill_table random_vector
  check_index recall same_rows);

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

# The ids of the K nearest rows: through the index, or by sorting all rows.
sub nearest
{
	my ($node, $table, $order, $k, $plan, $database) = @_;

	return $node->safe_psql($database // 'postgres',
		($plan eq 'index'
			? 'SET enable_seqscan = off; SET enable_sort = off;'
			: 'SET enable_indexscan = off;')
		. "SELECT id FROM $table ORDER BY $order LIMIT $k");
}

# recall(NODE, TABLE, ORDER, K, QUERIES, [DATABASE])
#
# The share of the exact K nearest rows that the index finds. ORDER is an
# expression like "embedding <-> %s"; QUERIES is an array of vectors in text.
sub recall
{
	my ($node, $table, $order, $k, $queries, $database) = @_;
	my ($found, $wanted) = (0, 0);

	foreach my $query (@$queries)
	{
		my $by = sprintf($order, "'$query'");
		my %exact = map { $_ => 1 } split /\n/, nearest($node, $table, $by, $k, 'exact', $database);

		$wanted += keys %exact;
		$found += grep { $exact{$_} } split /\n/, nearest($node, $table, $by, $k, 'index', $database);
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

1;
