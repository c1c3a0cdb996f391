-- A scan knows the distance of the row that it has returned, and where vectors out of line
-- are in the TOAST table. Neither may be taken for what it is not.
SET client_min_messages = warning;
SET hnsw.seed = 1;
SET enable_seqscan = off;

CREATE FUNCTION measured_vector(i int) RETURNS vector LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(sin(i * 0.37 + d * (1 + i % 7))::real ORDER BY d)::vector
  FROM generate_series(1, 700) d
$$;

CREATE TABLE m (id int, v vector(700), note int DEFAULT 0);
ALTER TABLE m SET (autovacuum_enabled = off, toast.autovacuum_enabled = off);

-- blocks of the TOAST table and of its index that this session has asked for
CREATE FUNCTION toast_blocks(OUT chunks bigint, OUT index bigint) LANGUAGE sql AS $$
  SELECT pg_stat_get_xact_blocks_fetched(x.indrelid), pg_stat_get_xact_blocks_fetched(x.indexrelid)
  FROM pg_class c JOIN pg_index x ON x.indrelid = c.reltoastrelid WHERE c.relname = 'm'
$$;

-- one scan of 60 rows: does it take few lookups in the TOAST table's index (nearly none where
-- places are known, two blocks a value otherwise), and how many distances are wrong? With its
-- arguments in the other order the function measures again.
CREATE FUNCTION scan_of(i int, OUT rows_found bigint, OUT few_lookups bool, OUT wrong bigint)
LANGUAGE plpgsql AS $$
DECLARE
  q vector := measured_vector(i);
  before record := toast_blocks();
  after record;
BEGIN
  PERFORM id FROM (SELECT id FROM m ORDER BY v <-> q LIMIT 60) s;
  after := toast_blocks();
  few_lookups := (after.index - before.index) * 5 < after.chunks - before.chunks;
  SELECT count(*), count(*) FILTER (WHERE d IS DISTINCT FROM again)
    FROM (SELECT v <-> q d, l2_distance(q, v) again FROM m ORDER BY v <-> q LIMIT 60) s
    INTO rows_found, wrong;
END
$$;

-- loaded by the build; inserted by a statement each, by one, by COPY
INSERT INTO m SELECT i, measured_vector(i) FROM generate_series(1, 150) i;
CREATE INDEX m_idx ON m USING hnsw (v vector_l2_ops) WITH (ef_search = 80);
SELECT * FROM scan_of(1001);
TRUNCATE m;
DO $$ BEGIN FOR i IN 1..150 LOOP INSERT INTO m VALUES (i, measured_vector(i)); END LOOP; END $$;
SELECT * FROM scan_of(1001);
TRUNCATE m;
INSERT INTO m SELECT i, measured_vector(i) FROM generate_series(1, 150) i;
SELECT * FROM scan_of(1001);
\copy m TO 'results/hnsw_measured.data'
TRUNCATE m;
\copy m FROM 'results/hnsw_measured.data'
SELECT * FROM scan_of(1001);

-- from values that are out of line in another table
CREATE TABLE other AS SELECT id, v FROM m;
TRUNCATE m;
INSERT INTO m SELECT id, v FROM other;
SELECT * FROM scan_of(1001);
DROP TABLE other;

-- new values of rows, equal to the old ones: they join the old nodes
CREATE UNIQUE INDEX m_id ON m (id);
INSERT INTO m SELECT id, measured_vector(id) FROM m ON CONFLICT (id) DO UPDATE SET v = excluded.v;
SELECT * FROM scan_of(1001);
DROP INDEX m_id;

-- new versions of a row share its value, and the place outlives the old ones
UPDATE m SET note = 1;
SELECT * FROM scan_of(1001);
VACUUM m;
SELECT * FROM scan_of(1001);

-- two rows of each vector are one node; the place is that of the newer. Others get the older's.
INSERT INTO m SELECT id + 1000, v FROM m;
SELECT rows_found, wrong FROM scan_of(1001);
DELETE FROM m WHERE id <= 150;
VACUUM m;
SELECT rows_found, wrong FROM scan_of(1001);
INSERT INTO m SELECT i, measured_vector(i * 3 + 5000) FROM generate_series(2001, 2150) i;
SELECT rows_found, wrong FROM scan_of(1001);
SELECT rows_found, wrong FROM scan_of(11004);
SELECT count(*) FROM hnsw_check('m_idx');

-- a build in little memory, whose last rows wait for each other
INSERT INTO m SELECT i, measured_vector(i * 5 + 9000) FROM generate_series(3001, 3400) i;
SET maintenance_work_mem = '1MB';
CREATE INDEX m_little ON m USING hnsw (v vector_l2_ops) WITH (ef_search = 80);
RESET maintenance_work_mem;
DROP INDEX m_idx;
SELECT * FROM scan_of(26000);
SELECT count(*) FROM hnsw_check('m_little');

-- a row that is deleted, while a snapshot still sees it
BEGIN ISOLATION LEVEL REPEATABLE READ;
DECLARE c CURSOR FOR SELECT id, v <-> measured_vector(1001) = l2_distance(measured_vector(1001), v) AS same
  FROM m ORDER BY v <-> measured_vector(1001);
FETCH 2 FROM c;
DELETE FROM m;
FETCH 2 FROM c;
MOVE 100 FROM c;
FETCH 2 FROM c;
ROLLBACK;

-- the same row against another query, by other functions and operators, and as a filter
WITH q AS MATERIALIZED (SELECT measured_vector(77) a, measured_vector(78) b)
SELECT count(*), count(*) FILTER (WHERE v <-> a <> l2_distance(a, v)) AS "<->",
  count(*) FILTER (WHERE v <-> b <> l2_distance(b, v)) AS "<-> other",
  count(*) FILTER (WHERE v <#> a <> vector_negative_inner_product(a, v)) AS "<#>",
  count(*) FILTER (WHERE v <=> a <> cosine_distance(a, v)) AS "<=>",
  count(*) FILTER (WHERE v <+> a <> l1_distance(a, v)) AS "<+>"
FROM q, LATERAL (SELECT v FROM m WHERE v <-> a > 0 ORDER BY v <-> a LIMIT 30) s;

-- another row against the same query
SELECT count(*) > 30 AS many, count(*) FILTER (WHERE o.v <-> q <> l2_distance(q, o.v))
FROM (SELECT measured_vector(77) q OFFSET 0) x,
  LATERAL (SELECT id FROM m ORDER BY v <-> q LIMIT 30) s, LATERAL (SELECT v FROM m WHERE id > s.id OFFSET 0) o;

-- two scans in turns, of the same rows and of other queries
BEGIN;
DECLARE a CURSOR FOR SELECT v <-> measured_vector(77) = l2_distance(measured_vector(77), v) AS same
  FROM m ORDER BY v <-> measured_vector(77);
DECLARE b CURSOR FOR SELECT v <-> measured_vector(79) = l2_distance(measured_vector(79), v) AS same
  FROM m ORDER BY v <-> measured_vector(79);
FETCH 1 FROM a;
FETCH 1 FROM b;
FETCH 1 FROM a;
FETCH 2 FROM b;
CLOSE b;
FETCH 2 FROM a;
CLOSE a;
COMMIT;

-- a query that is computed from distances, while the scan that it starts again has one
SELECT count(*), count(*) FILTER (WHERE d <> again)
FROM generate_series(1, 5) g,
  LATERAL (SELECT v <-> q d, l2_distance(q, v) again
           FROM (SELECT measured_vector(g + round(l2_distance(o.v, measured_vector(g)))::int) q
                 FROM m o WHERE o.id = 2000 + g OFFSET 0) x,
             LATERAL (SELECT v FROM m ORDER BY v <-> x.q LIMIT 4) s) near;

-- after the scan has ended, with what it returned last
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM m ORDER BY v <-> measured_vector(77);
FETCH 1 FROM c;
SELECT v <-> measured_vector(77) = l2_distance(measured_vector(77), v) FROM m WHERE id = (
  SELECT id FROM m ORDER BY l2_distance(measured_vector(77), v) LIMIT 1);
CLOSE c;
SELECT v <-> measured_vector(77) = l2_distance(measured_vector(77), v) FROM m WHERE id = (
  SELECT id FROM m ORDER BY l2_distance(measured_vector(77), v) LIMIT 1);
COMMIT;

-- after an error
BEGIN;
SAVEPOINT s;
SELECT id, 1 / (id - id) FROM m ORDER BY v <-> measured_vector(77) LIMIT 1;
ROLLBACK TO s;
SELECT count(*) FILTER (WHERE v <-> measured_vector(77) <> l2_distance(measured_vector(77), v)) FROM m;
COMMIT;

-- nothing of it for an expression, or for an index of halfvec over vectors
CREATE INDEX m_half ON m USING hnsw ((v::halfvec(700)) halfvec_l2_ops);
SELECT count(*), count(*) FILTER (WHERE d <> again)
FROM (SELECT v::halfvec(700) <-> q d, l2_distance(q, v::halfvec(700)) again
      FROM m, (SELECT measured_vector(5)::halfvec(700) q OFFSET 0) x
      ORDER BY v::halfvec(700) <-> (SELECT measured_vector(5)::halfvec(700)) LIMIT 20) s;

DROP TABLE m;
DROP FUNCTION scan_of, toast_blocks, measured_vector;
