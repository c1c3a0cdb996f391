-- CREATE EXTENSION: beside pgvector, in other schemas, moved, dropped
CREATE DATABASE hnsw_extension_test;
\c hnsw_extension_test
\set SHOW_CONTEXT never

-- pgvector, or what looks like it, is there
CREATE ACCESS METHOD hnsw TYPE INDEX HANDLER bthandler;
CREATE EXTENSION hnsw;
DROP ACCESS METHOD hnsw;
CREATE DOMAIN vector AS real[];
CREATE EXTENSION hnsw;
-- in the way only where the type would go, unless an extension owns it
CREATE SCHEMA other;
CREATE EXTENSION hnsw SCHEMA other;
SELECT '[1,2]'::other.vector OPERATOR(other.<->) '[1,3]';
DROP EXTENSION hnsw;
DROP DOMAIN vector;

-- relocatable
CREATE EXTENSION hnsw SCHEMA other;
ALTER EXTENSION hnsw SET SCHEMA public;
SELECT avg(v), sum(v), max(v <=> v) FROM (VALUES ('[1,2]'::vector), ('[3,4]')) t(v);
DROP EXTENSION hnsw;
SELECT count(*) FROM pg_proc WHERE prosrc LIKE 'hnsw\_sql\_%';

-- a trusted extension: the owner of a database needs no superuser
CREATE ROLE hnsw_extension_owner;
GRANT CREATE ON DATABASE hnsw_extension_test TO hnsw_extension_owner;
GRANT USAGE, CREATE ON SCHEMA other TO hnsw_extension_owner;
SET ROLE hnsw_extension_owner;
CREATE EXTENSION hnsw SCHEMA other;
SELECT '[1,2]'::other.vector;
DROP EXTENSION hnsw;
RESET ROLE;
DROP OWNED BY hnsw_extension_owner;
DROP ROLE hnsw_extension_owner;

\c postgres
DROP DATABASE hnsw_extension_test;
