-- hnsw.nulls: rows that have no distance, in index scans
SET enable_seqscan = off;
CREATE TABLE undirected (v vector(3));
INSERT INTO undirected VALUES ('[0,0,0]'), ('[1,2,3]'), ('[1,1,1]'), (NULL);
CREATE INDEX undirected_l2 ON undirected USING hnsw (v vector_l2_ops);
CREATE INDEX undirected_cosine ON undirected USING hnsw (v vector_cosine_ops);
INSERT INTO undirected VALUES ('[1,2,4]');

-- as a sort has it
SHOW hnsw.nulls;
SELECT * FROM undirected ORDER BY v <-> '[3,3,3]';
SELECT * FROM undirected ORDER BY v <=> '[3,3,3]';
SELECT count(*) FROM (SELECT * FROM undirected ORDER BY v <=> '[0,0,0]') r;
SELECT count(*) FROM (SELECT * FROM undirected ORDER BY v <-> (SELECT NULL::vector)) r;

-- left out
SET hnsw.nulls = omit;
SELECT * FROM undirected ORDER BY v <-> '[3,3,3]';
SELECT * FROM undirected ORDER BY v <=> '[3,3,3]';
SELECT count(*) FROM (SELECT * FROM undirected ORDER BY v <=> '[0,0,0]') r;
SELECT count(*) FROM (SELECT * FROM undirected ORDER BY v <-> (SELECT NULL::vector)) r;
SELECT count(*) FROM (SELECT * FROM undirected ORDER BY v <=> (SELECT NULL::vector)) r;
SELECT count(*) FROM undirected;
SET hnsw.nulls = first;
RESET hnsw.nulls;
DROP TABLE undirected;
