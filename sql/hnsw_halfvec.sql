-- indexes on halfvec: the same records as for vector
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE TABLE halves (id int, h halfvec(16));
INSERT INTO halves SELECT i, vec(i, 16)::halfvec FROM generate_series(1, 300) i;
INSERT INTO halves VALUES (1001, NULL), (1002, (array_fill(0, ARRAY[16]))::halfvec);
CREATE INDEX halves_l2 ON halves USING hnsw (h halfvec_l2_ops);
SELECT sound('halves_l2'), same_as_sort('halves', format('h <-> %L', vec(-1, 16)::halfvec));
CREATE INDEX halves_ip ON halves USING hnsw (h halfvec_ip_ops);
SELECT sound('halves_ip'), same_as_sort('halves', format('h <#> %L', vec(-1, 16)::halfvec));
CREATE INDEX halves_cosine ON halves USING hnsw (h halfvec_cosine_ops);
SELECT sound('halves_cosine'), same_as_sort('halves', format('h <=> %L', vec(-1, 16)::halfvec));
CREATE INDEX halves_l1 ON halves USING hnsw (h halfvec_l1_ops);
SELECT sound('halves_l1'), same_as_sort('halves', format('h <+> %L', vec(-1, 16)::halfvec));

-- rows that come and go
INSERT INTO halves SELECT i, vec(i, 16)::halfvec FROM generate_series(301, 380) i;
DELETE FROM halves WHERE id % 4 = 0;
VACUUM halves;
UPDATE halves SET id = id + 10000 WHERE id % 3 = 0;
SELECT sound('halves_l2'), sound('halves_ip'), sound('halves_cosine'), sound('halves_l1');
SELECT same_as_sort('halves', format('h <-> %L', vec(-2, 16)::halfvec));
SELECT same_as_sort('halves', format('h <#> %L', vec(-2, 16)::halfvec));
SELECT same_as_sort('halves', format('h <=> %L', vec(-2, 16)::halfvec));
SELECT same_as_sort('halves', format('h <+> %L', vec(-2, 16)::halfvec));

-- a vector column indexed at half precision
CREATE TABLE full_width (id int, v vector(16));
INSERT INTO full_width SELECT i, vec(i, 16) FROM generate_series(1, 300) i;
CREATE INDEX full_width_half ON full_width USING hnsw ((v::halfvec(16)) halfvec_l2_ops);
SELECT sound('full_width_half');
SELECT same_as_sort('full_width', format('v::halfvec(16) <-> %L', vec(-1, 16)::halfvec(16)));

-- queries and columns that do not fit
SET enable_seqscan = off;
SELECT id FROM halves ORDER BY h <-> '[1,2]' LIMIT 1;
CREATE TABLE halves_any (h halfvec);
CREATE INDEX ON halves_any USING hnsw (h halfvec_l2_ops);
CREATE INDEX ON halves USING hnsw (h vector_l2_ops);

DROP TABLE halves, halves_any, full_width;
