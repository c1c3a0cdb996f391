-- kinds of indexes and tables: partial, of an expression, of a cast, built
-- concurrently, unlogged, temporary, partitioned; and what is refused
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all
\set SHOW_CONTEXT never

CREATE TABLE kinds (id int, category int, e real[], u vector, v vector(3));
INSERT INTO kinds SELECT i, i % 5, vec(i, 3)::real[], vec(i, 3), vec(i, 3) FROM generate_series(1, 150) i;
ALTER TABLE kinds ADD PRIMARY KEY (id);

SET enable_seqscan = off;
-- partial
CREATE INDEX kinds_partial ON kinds USING hnsw (v vector_l2_ops) WHERE category = 2;
SELECT sound('kinds_partial'), same_as_sort('kinds', 'v <-> ''[1,2,3]''', 'category = 2');
EXPLAIN (COSTS OFF) SELECT id FROM kinds WHERE category = 2 ORDER BY v <-> '[1,2,3]' LIMIT 3;
SELECT explained($$SELECT id FROM kinds WHERE category = 3 ORDER BY v <-> '[1,2,3]' LIMIT 3$$);
UPDATE kinds SET category = 2 WHERE category = 3 AND id < 50;
UPDATE kinds SET category = 3 WHERE category = 2 AND id > 100;
SELECT sound('kinds_partial'), same_as_sort('kinds', 'v <-> ''[1,2,3]''', 'category = 2');
-- no other use of it
SELECT explained($$SELECT count(*) FROM kinds WHERE category = 2$$);
DROP INDEX kinds_partial;

-- an untyped column, an array: through a cast; others through a function
CREATE INDEX ON kinds USING hnsw (u vector_l2_ops);
CREATE INDEX kinds_cast ON kinds USING hnsw ((u::vector(3)) vector_l2_ops);
SELECT sound('kinds_cast'), same_as_sort('kinds', 'u::vector(3) <-> ''[1,2,3]''');
SELECT same_as_sort('kinds', 'u <-> ''[1,2,3]''');
INSERT INTO kinds VALUES (1001, 1, NULL, '[1,2]', NULL);
SELECT sound('kinds_cast'), same_as_sort('kinds', 'u::vector(3) <-> ''[1,2,3]''');
DROP INDEX kinds_cast;
INSERT INTO kinds VALUES (1001, 1, NULL, '[1,2]', NULL);
CREATE INDEX kinds_cast ON kinds USING hnsw ((u::vector(3)) vector_l2_ops);
CREATE INDEX kinds_cast ON kinds USING hnsw ((u::vector(3)) vector_l2_ops) WHERE vector_dims(u) = 3;
CREATE INDEX kinds_cast_2 ON kinds USING hnsw ((u::vector(2)) vector_l2_ops) WHERE vector_dims(u) = 2;
SELECT sound('kinds_cast'), same_as_sort('kinds', 'u::vector(3) <-> ''[1,2,3]''', 'vector_dims(u) = 3');
SELECT sound('kinds_cast_2'), same_as_sort('kinds', 'u::vector(2) <-> ''[1,3]''', 'vector_dims(u) = 2');
DELETE FROM kinds WHERE id > 1000;
CREATE INDEX kinds_array ON kinds USING hnsw ((e::vector(3)) vector_cosine_ops);
SELECT sound('kinds_array'), same_as_sort('kinds', 'e::vector(3) <=> ''[1,2,3]''');
CREATE INDEX kinds_part ON kinds USING hnsw ((subvector(v, 1, 2)::vector(2)) vector_ip_ops);
SELECT sound('kinds_part'), same_as_sort('kinds', 'subvector(v, 1, 2)::vector(2) <#> ''[1,2]''');
DROP INDEX kinds_cast, kinds_cast_2, kinds_array, kinds_part;

-- concurrently; built again
CREATE INDEX CONCURRENTLY kinds_v ON kinds USING hnsw (v vector_l2_ops);
SELECT sound('kinds_v'), same_as_sort('kinds', 'v <-> ''[1,2,3]''');
INSERT INTO kinds SELECT i, 1, NULL, NULL, vec(i, 3) FROM generate_series(151, 200) i;
REINDEX INDEX kinds_v;
SELECT sound('kinds_v'), same_as_sort('kinds', 'v <-> ''[1,2,3]''');
REINDEX INDEX CONCURRENTLY kinds_v;
SELECT sound('kinds_v'), same_as_sort('kinds', 'v <-> ''[1,2,3]''');
REINDEX TABLE CONCURRENTLY kinds;
CLUSTER kinds USING kinds_pkey;
SELECT sound('kinds_v'), same_as_sort('kinds', 'v <-> ''[1,2,3]''');
CLUSTER kinds USING kinds_v;
ALTER TABLE kinds ALTER COLUMN v TYPE vector(3) USING v + '[1,1,1]';
SELECT sound('kinds_v'), same_as_sort('kinds', 'v <-> ''[1,2,3]''');
ALTER TABLE kinds ALTER COLUMN v TYPE vector(4);
DROP INDEX CONCURRENTLY kinds_v;

-- column options
CREATE INDEX kinds_v ON kinds USING hnsw (v vector_l2_ops DESC);
CREATE INDEX kinds_v ON kinds USING hnsw (v vector_l2_ops NULLS FIRST);
CREATE INDEX kinds_v ON kinds USING hnsw (v);
CREATE INDEX kinds_v ON kinds USING hnsw (v vector_l2_ops, v vector_ip_ops);
CREATE INDEX kinds_v ON kinds USING hnsw (v vector_l2_ops) INCLUDE (id);
CREATE UNIQUE INDEX kinds_v ON kinds USING hnsw (v vector_l2_ops);
CREATE INDEX kinds_v ON kinds USING hnsw (id vector_l2_ops);
CREATE INDEX kinds_v ON kinds USING hnsw (v vector_ops);
\set VERBOSITY sqlstate
ALTER TABLE kinds ADD EXCLUDE USING hnsw (v vector_l2_ops WITH =);
ALTER TABLE kinds ADD EXCLUDE USING hnsw (v vector_l2_ops WITH <->);
\set VERBOSITY default

-- unlogged, and back
CREATE UNLOGGED TABLE kinds_unlogged (id int, v vector(3));
CREATE INDEX kinds_unlogged_v ON kinds_unlogged USING hnsw (v vector_l2_ops);
INSERT INTO kinds_unlogged SELECT id, v FROM kinds;
SELECT sound('kinds_unlogged_v'), same_as_sort('kinds_unlogged', 'v <-> ''[1,2,3]''');
SELECT pg_relation_size('kinds_unlogged_v', 'init') / current_setting('block_size')::int AS init_pages;
ALTER TABLE kinds_unlogged SET LOGGED;
SELECT sound('kinds_unlogged_v'), same_as_sort('kinds_unlogged', 'v <-> ''[1,2,3]''');
ALTER TABLE kinds_unlogged SET UNLOGGED;
SELECT sound('kinds_unlogged_v'), same_as_sort('kinds_unlogged', 'v <-> ''[1,2,3]''');

-- temporary
CREATE TEMP TABLE kinds_temp (id int, v vector(3)) ON COMMIT DELETE ROWS;
CREATE INDEX kinds_temp_v ON kinds_temp USING hnsw (v vector_l2_ops);
BEGIN;
INSERT INTO kinds_temp SELECT id, v FROM kinds;
SELECT sound('kinds_temp_v'), same_as_sort('kinds_temp', 'v <-> ''[1,2,3]''');
COMMIT;
SELECT sound('kinds_temp_v'), same_as_sort('kinds_temp', 'v <-> ''[1,2,3]''');
CREATE TEMP TABLE kinds_temp_kept AS SELECT id, v FROM kinds;
CREATE INDEX kinds_temp_kept_v ON kinds_temp_kept USING hnsw (v vector_cosine_ops);
DELETE FROM kinds_temp_kept WHERE id % 2 = 0;
VACUUM kinds_temp_kept;
SELECT sound('kinds_temp_kept_v'), same_as_sort('kinds_temp_kept', 'v <=> ''[1,2,3]''');

-- partitions: merged in order
CREATE TABLE kinds_parted (id int, category int, v vector(3)) PARTITION BY LIST (category);
CREATE TABLE kinds_parted_1 PARTITION OF kinds_parted FOR VALUES IN (1, 2);
CREATE TABLE kinds_parted_2 PARTITION OF kinds_parted DEFAULT PARTITION BY RANGE (id);
CREATE TABLE kinds_parted_21 PARTITION OF kinds_parted_2 FOR VALUES FROM (0) TO (100);
CREATE INDEX kinds_parted_v ON kinds_parted USING hnsw (v vector_l2_ops) WITH (m = 8);
CREATE TABLE kinds_parted_22 PARTITION OF kinds_parted_2 DEFAULT;
INSERT INTO kinds_parted SELECT id, category, v FROM kinds;
SELECT i.inhrelid::regclass, c.reloptions FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
	WHERE c.relname LIKE 'kinds_parted%' AND c.relkind = 'i' ORDER BY 1;
SELECT relid, sound(relid) FROM pg_partition_tree('kinds_parted_v') WHERE isleaf ORDER BY relid::text;
EXPLAIN (COSTS OFF) SELECT id FROM kinds_parted ORDER BY v <-> '[1,2,3]' LIMIT 5;
SELECT same_as_sort('kinds_parted', 'v <-> ''[1,2,3]''');
SELECT same_as_sort('kinds_parted', 'v <-> ''[1,2,3]''', lim => 5);
SELECT same_as_sort('kinds_parted', 'v <-> ''[1,2,3]''', 'category = 1');
UPDATE kinds_parted SET category = 3 WHERE category = 1;
SELECT same_as_sort('kinds_parted', 'v <-> ''[1,2,3]''');
SELECT sound('kinds_parted_v');
SELECT tableoid::regclass, id FROM kinds_parted ORDER BY v <-> '[1,2,3]' LIMIT 1 FOR UPDATE;

-- a materialized view, inheritance, a domain
CREATE MATERIALIZED VIEW kinds_view AS SELECT id, v FROM kinds;
CREATE INDEX kinds_view_v ON kinds_view USING hnsw (v vector_l2_ops);
REFRESH MATERIALIZED VIEW kinds_view;
SELECT sound('kinds_view_v'), same_as_sort('kinds_view', 'v <-> ''[1,2,3]''');
CREATE DOMAIN embedding AS vector(3);
CREATE TABLE kinds_domain AS SELECT id, v::embedding FROM kinds;
CREATE INDEX kinds_domain_v ON kinds_domain USING hnsw (v vector_l2_ops);

DROP MATERIALIZED VIEW kinds_view;
DROP TABLE kinds_domain, kinds_parted, kinds_unlogged, kinds_temp, kinds_temp_kept, kinds;
DROP DOMAIN embedding;
