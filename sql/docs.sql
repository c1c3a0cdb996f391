-- docs/reference.md and docs/index.md name everything that there is, and nothing else
\set docs `cat docs/reference.md docs/index.md`
CREATE TEMP TABLE docs AS SELECT replace(:'docs', '&#124;', '|') AS docs;
SELECT length(docs) > 10000 AS read FROM docs;

CREATE TEMP VIEW members AS
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'hnsw';

-- Functions, those of halfvec and sparsevec as those of vector; cells are behind
-- operator classes, and hnswhandler behind the access method
SELECT DISTINCT p.proname FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid, docs
	WHERE docs !~ format('`(%s|%s)[`(]', proname, regexp_replace(proname, 'halfvec|sparsevec', 'vector'))
		AND prorettype NOT IN ('internal'::regtype, 'index_am_handler'::regtype) ORDER BY 1;
SELECT DISTINCT f[1] AS name FROM docs, regexp_matches(docs, '`([a-z0-9_]+)\(', 'g') f
	WHERE f[1] NOT LIKE 'pg\_%' AND f[1] NOT IN (SELECT proname FROM pg_proc) ORDER BY 1;
SELECT DISTINCT f[1] AS name FROM docs, regexp_matches(docs, '`((?:vector|halfvec|sparsevec|array_to|hnsw)_[a-z0-9_]+)`', 'g') f
	WHERE f[1] NOT IN (SELECT proname FROM pg_proc) AND f[1] NOT IN (SELECT opcname FROM pg_opclass) ORDER BY 1;

-- operators, types, operator classes
SELECT DISTINCT o.oprname FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid, docs
	WHERE position(o.oprname IN docs) = 0 ORDER BY 1;
SELECT o.oid::regoperator FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid, docs
	WHERE o.oprresult = 'float8'::regtype AND docs !~ format('\n\| `a %s b` \|[^|]*`%s`', regexp_replace(o.oprname, '([+|*])', '\\\1'), o.oprleft::regtype) ORDER BY 1;
SELECT t.typname FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid, docs
	WHERE t.typelem = 0 AND docs !~ format('\n\| `%s` \|', t.typname);
SELECT a.amname, c.opcname FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod JOIN members m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid, docs
	WHERE position(format('`%s`', c.opcname) IN docs) = 0 ORDER BY 1, 2;

-- casts: both ways
CREATE TEMP VIEW casts AS
	SELECT format('| `%s` | `%s` | %s |', castsource::regtype, casttarget::regtype, CASE castcontext WHEN 'i' THEN 'implicit' WHEN 'a' THEN 'on assignment' ELSE 'explicit' END) AS line
	FROM pg_cast JOIN members m ON m.classid = 'pg_cast'::regclass AND m.objid = pg_cast.oid;
SELECT line FROM casts, docs WHERE position(line IN docs) = 0 ORDER BY 1;
SELECT c[1] AS line FROM docs, regexp_matches(docs, '(\| `[a-z \[\]]+` \| `[a-z \[\]]+` \| (?:implicit|on assignment|explicit) \|)', 'g') c WHERE c[1] NOT IN (SELECT line FROM casts);

-- settings with their defaults and ranges, which are there once the library is loaded;
-- those of debug points only in a library that is built for tests
SELECT hnsw_kernels() <> '' AS loaded;
SELECT count(*) >= 4 AS some FROM pg_settings WHERE name LIKE 'hnsw.%';
SELECT name FROM pg_settings, docs WHERE name LIKE 'hnsw.%' AND name NOT LIKE 'hnsw.debug%' AND docs !~ format('\n\| `%s` \| `?%s`? \| %s', name, boot_val,
	CASE vartype WHEN 'enum' THEN array_to_string(ARRAY(SELECT format('`%s`', v) FROM unnest(enumvals) v), ', ') ELSE min_val || CASE max_val WHEN '2147483647' THEN ' and more' ELSE ' to ' || max_val END END);

DROP VIEW casts, members;
DROP TABLE docs;
