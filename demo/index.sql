\echo '-- the index; a second session watches it grow'
SET maintenance_work_mem = '512MB';
\timing on
CREATE INDEX texts_embedding ON texts USING hnsw (embedding vector_cosine_ops);
\timing off
SELECT pg_size_pretty(pg_relation_size('texts_embedding')) AS index_size,
       pg_relation_size('texts_embedding') / count(*) AS bytes_a_vector
FROM texts;

\echo '-- every invariant of the index, checked: no row is good news'
SELECT * FROM hnsw_check('texts_embedding');
