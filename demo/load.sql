\echo '-- the table: a text and its vector in one row'
CREATE EXTENSION hnsw;
SELECT * FROM hnsw_kernels();

CREATE TABLE texts (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    section     text,
    description text NOT NULL,
    embedding   vector(384)
);
\copy texts (name, section, description, embedding) FROM 'texts.copy'
CREATE INDEX texts_name ON texts (name);
VACUUM ANALYZE texts;

SELECT count(*), pg_size_pretty(pg_table_size('texts')) AS size FROM texts;
SELECT name, left(description, 44) AS description, left(embedding::text, 32) || '...' AS embedding
FROM texts WHERE id <= 3;
