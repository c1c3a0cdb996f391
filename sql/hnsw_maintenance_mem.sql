-- a build that no longer fits into maintenance_work_mem goes on through shared buffers
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all
\set VERBOSITY terse

CREATE TABLE spilled (id int, v vector(32));
INSERT INTO spilled SELECT i, CASE WHEN i % 50 = 0 THEN NULL WHEN i % 50 = 1 THEN vec(1, 32) ELSE vec(i, 32) END
	FROM generate_series(1, 4000) i;

-- says so, and after how many rows; the number depends on the layout
SET maintenance_work_mem = '1MB';
CREATE FUNCTION build() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL client_min_messages = error;
	DROP INDEX IF EXISTS spilled_v;
	CREATE INDEX spilled_v ON spilled USING hnsw (v vector_cosine_ops);
	RETURN sound('spilled_v');
END
$$;
SELECT build();
SELECT pg_relation_size('spilled_v') > 1024 * 1024 AS larger;
SELECT pg_relation_size('spilled_v') AS size, avg(recall_of('spilled', format('v <=> vec(%s, 32)', -q))) AS recall
	FROM generate_series(1, 30) q \gset
SET enable_seqscan = off;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM spilled ORDER BY v <=> vec(-1, 32)) r;

-- the same as without
SET maintenance_work_mem = '64MB';
SELECT build();
SELECT abs(avg(recall_of('spilled', format('v <=> vec(%s, 32)', -q))) - :recall) < 0.03 AS same_recall,
	pg_relation_size('spilled_v') BETWEEN :size * 0.95 AND :size * 1.05 AS same_size
	FROM generate_series(1, 30) q;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM spilled ORDER BY v <=> vec(-1, 32)) r;

-- a build by one process is the same each time
SET max_parallel_maintenance_workers = 0;
SELECT build();
SELECT md5(string_agg(id::text, ',' ORDER BY place)) AS answer FROM (
	SELECT id, row_number() OVER () AS place FROM (SELECT id FROM spilled ORDER BY v <=> vec(-2, 32) LIMIT 300) r) r \gset
SELECT build();
SELECT md5(string_agg(id::text, ',' ORDER BY place)) = :'answer' AS same FROM (
	SELECT id, row_number() OVER () AS place FROM (SELECT id FROM spilled ORDER BY v <=> vec(-2, 32) LIMIT 300) r) r;
RESET max_parallel_maintenance_workers;

-- unlogged, temporary, and records of several pages
CREATE UNLOGGED TABLE spilled_wide (id int, v vector(9000));
INSERT INTO spilled_wide SELECT i, vec(i, 9000) FROM generate_series(1, 90) i;
SET maintenance_work_mem = '1MB';
SET client_min_messages = error;
CREATE INDEX spilled_wide_v ON spilled_wide USING hnsw (v vector_l2_ops);
SELECT sound('spilled_wide_v'), same_as_sort('spilled_wide', 'v <-> vec(-1, 9000)');
CREATE TEMP TABLE spilled_temp AS SELECT * FROM spilled;
CREATE INDEX spilled_temp_v ON spilled_temp USING hnsw (v vector_l2_ops);
SELECT sound('spilled_temp_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM spilled_temp ORDER BY v <-> vec(-1, 32)) r;

-- vacuum in as little memory
DELETE FROM spilled WHERE id % 4 = 0;
VACUUM spilled;
SELECT sound('spilled_v');
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM spilled ORDER BY v <=> vec(-1, 32)) r;

DROP FUNCTION build;
DROP TABLE spilled, spilled_wide, spilled_temp;
