-- index options and settings: ranges, messages, who wins
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all
\set VERBOSITY default

CREATE TABLE opts (id int, v vector(3));
INSERT INTO opts SELECT i, vec(i, 3) FROM generate_series(1, 100) i;

CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 1);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 101);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (ef_construction = 3);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (ef_construction = 1001);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 16, ef_construction = 31);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 50);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 16, m0 = 15);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 16, m0 = 65);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 2, m0 = 3);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (ef_search = -1);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (ef_search = 100001);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (m = 'many');
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (fillfactor = 90);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (edge_bits = 63);
CREATE INDEX ON opts USING hnsw (v vector_l2_ops) WITH (edge_bits = 32769);
-- options of other columns
CREATE INDEX opts_refused ON opts USING hnsw (v vector_l1_ops) WITH (edge_bits = 64);
CREATE INDEX opts_refused ON opts USING hnsw ((id::bit(8)) bit_hamming_ops) WITH (edge_bits = 64);
CREATE INDEX opts_refused ON opts USING hnsw (v vector_l2_ops) WITH (nonzeros = 3);

-- both ends of each range
SET hnsw.ef_search = 100;
CREATE INDEX opts_least ON opts USING hnsw (v vector_l2_ops) WITH (m = 2, ef_construction = 4, m0 = 4, ef_search = 1);
SELECT sound('opts_least'), same_as_sort('opts', 'v <-> ''[1,2,3]''');
DROP INDEX opts_least;
CREATE INDEX opts_most ON opts USING hnsw (v vector_l2_ops) WITH (m = 100, ef_construction = 1000, m0 = 400, ef_search = 100000);
SELECT sound('opts_most'), same_as_sort('opts', 'v <-> ''[1,2,3]''');
DROP INDEX opts_most;
RESET hnsw.ef_search;

-- more bits an edge, fewer records a page
CREATE TABLE bits (id int, v vector(768));
INSERT INTO bits SELECT i, vec(i, 768) FROM generate_series(1, 300) i;
CREATE INDEX bits_v ON bits USING hnsw (v vector_cosine_ops);
SELECT name, value FROM hnsw_stats('bits_v') WHERE name IN ('code bits an edge', 'records a page');
ALTER INDEX bits_v SET (edge_bits = 768);
REINDEX INDEX bits_v;
SELECT name, value FROM hnsw_stats('bits_v') WHERE name IN ('code bits an edge', 'records a page');
SELECT sound('bits_v'), same_as_sort('bits', 'v <=> vec(7, 768)');
ALTER INDEX bits_v SET (edge_bits = 64);
REINDEX INDEX bits_v;
SELECT name, value FROM hnsw_stats('bits_v') WHERE name IN ('code bits an edge', 'records a page');
SELECT sound('bits_v'), same_as_sort('bits', 'v <=> vec(7, 768)');
-- as many as fit the page
ALTER INDEX bits_v SET (edge_bits = 32768);
REINDEX INDEX bits_v;
SELECT name, value FROM hnsw_stats('bits_v') WHERE name IN ('code bits an edge', 'records a page');
SELECT sound('bits_v'), same_as_sort('bits', 'v <=> vec(7, 768)');
DROP TABLE bits;

-- what waits for REINDEX says so; what does not is silent
CREATE INDEX opts_v ON opts USING hnsw (v vector_l2_ops) WITH (m = 8);
CREATE INDEX opts_other ON opts USING hnsw (v vector_ip_ops);
ALTER INDEX opts_v SET (m = 12);
ALTER INDEX opts_v SET (m0 = 30);
ALTER INDEX opts_v SET (ef_construction = 100);
ALTER INDEX opts_v SET (ef_search = 10);
ALTER INDEX opts_v RESET (m0);
REINDEX INDEX opts_v;
ALTER INDEX opts_v SET (m = 12);
ALTER INDEX opts_v SET (m = 200);
ALTER INDEX opts_v SET (m = 16, ef_construction = 20);
SELECT reloptions FROM pg_class WHERE relname = 'opts_v';
-- other changes of other indexes are silent as well
ALTER INDEX opts_v SET (m = 20);
ALTER INDEX opts_other RENAME TO opts_renamed;
CREATE INDEX opts_id ON opts (id);
ALTER INDEX opts_id SET (fillfactor = 80);
ALTER INDEX opts_id RENAME TO opts_btree;
CREATE SCHEMA opts_schema;
ALTER TABLE opts SET SCHEMA opts_schema;
ALTER TABLE opts_schema.opts SET SCHEMA public;
DROP SCHEMA opts_schema;
ALTER TABLE opts OWNER TO CURRENT_USER;
DROP INDEX opts_renamed, opts_btree;
REINDEX INDEX opts_v;
SELECT sound('opts_v');

-- settings
SHOW hnsw.ef_search;
SHOW hnsw.iterative_scan;
SHOW hnsw.max_scan_tuples;
SHOW hnsw.scan_mem_multiplier;
SET hnsw.ef_search = 0;
SET hnsw.ef_search = 100001;
SET hnsw.iterative_scan = 'on';
SET hnsw.max_scan_tuples = 0;
SET hnsw.scan_mem_multiplier = 0.5;
SET hnsw.scan_mem_multiplier = 1001;
SET hnsw.unheard_of = 1;

-- ef_search: SET, else the index's own, else the default.  With iterative_scan
-- off a scan ends after ef_search rows, which shows the value in use.
SET enable_seqscan = off;
SET hnsw.iterative_scan = off;
CREATE VIEW in_use AS SELECT count(*) FROM (SELECT FROM opts ORDER BY v <-> '[1,2,3]') r;
SELECT * FROM in_use;
ALTER INDEX opts_v RESET (ef_search);
SELECT * FROM in_use;
ALTER INDEX opts_v SET (ef_search = 20);
SELECT * FROM in_use;
BEGIN;
SET LOCAL hnsw.ef_search = 30;
SELECT * FROM in_use;
ROLLBACK;
SELECT * FROM in_use;
SET hnsw.ef_search = 50;
SELECT * FROM in_use;
RESET hnsw.ef_search;
SELECT * FROM in_use;
CREATE FUNCTION in_use_by_function() RETURNS bigint LANGUAGE sql SET hnsw.ef_search = 7 AS 'SELECT * FROM in_use';
SELECT in_use_by_function();
SELECT * FROM in_use;

DROP VIEW in_use CASCADE;
DROP FUNCTION in_use_by_function;
DROP TABLE opts;
