-- what the extension puts into the catalog

CREATE TEMP VIEW members AS
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'hnsw';

-- functions of a value: immutable, strict, parallel safe, in C
CREATE TEMP VIEW functions AS
	SELECT p.* FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
SELECT oid::regprocedure FROM functions
	WHERE (provolatile, proisstrict, proparallel) <> ('i', true, 's') AND prokind = 'f'
		AND (proargtypes::oid[] && (SELECT array_agg(objid) FROM members WHERE classid = 'pg_type'::regclass) OR 'bit'::regtype = ANY (proargtypes::oid[]));
SELECT oid::regprocedure FROM functions WHERE prokind = 'f' AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c');
SELECT p.oid::regprocedure, p.prosrc FROM functions p WHERE prokind = 'f' AND prosrc NOT LIKE 'hnsw\_sql\_%';

-- operators have a function of the right result, a commutator unless they cannot, a negator if they say yes or no
SELECT o.oid::regoperator FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	WHERE o.oprcode = 0 OR (o.oprcom = 0 AND o.oprname NOT IN ('-', '||')) OR (o.oprnegate = 0) = (o.oprresult = 'bool'::regtype)
		OR (o.oprresult = 'bool'::regtype AND (o.oprrest = 0 OR o.oprjoin = 0));
-- distances commute with themselves
SELECT o.oid::regoperator, o.oprcom = o.oid AS commutes, o.oprresult::regtype FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	WHERE o.oprname IN ('<->', '<#>', '<=>', '<+>', '<~>', '<%>') ORDER BY o.oprname COLLATE "C", o.oprleft::regtype::text COLLATE "C";
SELECT o.oid::regoperator, o.oprcanmerge, o.oprcanhash FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	WHERE o.oprcanmerge OR o.oprcanhash ORDER BY o.oprleft::regtype::text COLLATE "C";
-- a - b is not b - a
SELECT o.oid::regoperator, o.oprcom::regoperator FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	WHERE o.oprname IN ('+', '-', '*', '||') ORDER BY o.oprname COLLATE "C", o.oprleft::regtype::text COLLATE "C";

-- no operator class of hnsw is a default: that would choose a metric
SELECT c.opcname FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod WHERE a.amname = 'hnsw' AND c.opcdefault;
-- of btree and hash each type has one
SELECT a.amname, c.opcname, c.opcintype::regtype FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
	JOIN members m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid
	WHERE c.opcdefault ORDER BY 1, 2;
CREATE TEMP VIEW types AS
	SELECT t.oid, t.typname FROM pg_type t JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid WHERE t.typtype = 'b' AND t.typelem = 0;
SELECT t.typname, a.amname FROM types t, pg_am a WHERE a.amname IN ('btree', 'hash')
	AND (SELECT count(*) FROM pg_opclass c WHERE c.opcmethod = a.oid AND c.opcintype = t.oid AND c.opcdefault) <> 1;

-- every support function fits
SELECT a.amname, c.opcname FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
	JOIN members m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid WHERE NOT amvalidate(c.oid);
-- the families of btree and hash are complete
SELECT a.amname, f.opfname, array_agg(DISTINCT o.amopstrategy) AS strategies, array_agg(DISTINCT p.amprocnum) AS functions
	FROM pg_opfamily f JOIN pg_am a ON a.oid = f.opfmethod JOIN members m ON m.classid = 'pg_opfamily'::regclass AND m.objid = f.oid
	JOIN pg_amop o ON o.amopfamily = f.oid JOIN pg_amproc p ON p.amprocfamily = f.oid
	WHERE a.amname <> 'hnsw' GROUP BY 1, 2 ORDER BY 1, 2;
-- = hashes and merges, in one family each
SELECT o.oid::regoperator FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	WHERE o.oprname = '=' AND (NOT o.oprcanhash OR NOT o.oprcanmerge OR
		(SELECT array_agg(a.amname ORDER BY a.amname) FROM pg_amop p JOIN pg_am a ON a.oid = p.amopmethod WHERE p.amopopr = o.oid) <> '{btree,hash}');

-- Cells.  Each operator class of hnsw is named for its type and metric, has one
-- operator, strategy 1, of the metric, of the type on both sides, which commutes
-- with itself and is ordered as float8, and one support function, immutable and
-- named for the cell.
CREATE TEMP VIEW cells AS
	SELECT c.*, c.opcintype::regtype::text AS type, substring(c.opcname::text from '^([a-z]+)_[a-z0-9]+_ops$') AS named,
			substring(c.opcname::text from '^[a-z]+_([a-z0-9]+)_ops$') AS metric
		FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod JOIN members m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid
		WHERE a.amname = 'hnsw';
CREATE TEMP TABLE metrics (metric text, operator text);
INSERT INTO metrics VALUES ('l2', '<->'), ('ip', '<#>'), ('cosine', '<=>'), ('l1', '<+>'), ('hamming', '<~>'), ('jaccard', '<%>');
SELECT count(*) >= 8 AS some FROM cells;
SELECT opcname FROM cells WHERE type <> named IS NOT FALSE OR metric IN (SELECT metric FROM metrics) IS NOT TRUE;
SELECT c.opcname, o.amopopr::regoperator FROM cells c
	LEFT JOIN metrics USING (metric) LEFT JOIN pg_amop o ON o.amopfamily = c.opcfamily LEFT JOIN pg_operator p ON p.oid = o.amopopr
	WHERE (o.amopstrategy, o.amoppurpose, o.amoplefttype, o.amoprighttype, o.amopsortfamily, p.oprname, p.oprcom, p.oprresult) IS DISTINCT FROM
		(1, 'o', c.opcintype, c.opcintype, (SELECT opcfamily FROM pg_opclass WHERE opcname = 'float8_ops' AND opcmethod = 403), metrics.operator, p.oid, 'float8'::regtype);
SELECT c.opcname, p.amproc FROM cells c LEFT JOIN pg_amproc p ON p.amprocfamily = c.opcfamily LEFT JOIN pg_proc f ON f.oid = p.amproc
	WHERE (p.amprocnum, p.amproclefttype, p.amprocrighttype, f.proname, f.provolatile, f.proparallel) IS DISTINCT FROM
		(1, c.opcintype, c.opcintype, format('hnsw_%s_%s_cell', c.type, c.metric), 'i', 's');
SELECT opcname FROM cells WHERE (SELECT count(*) FROM pg_amop WHERE amopfamily = opcfamily) <> 1 OR (SELECT count(*) FROM pg_amproc WHERE amprocfamily = opcfamily) <> 1;
-- when a type has one, each of its distances has one
SELECT o.oid::regoperator FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid JOIN metrics ON operator = o.oprname
	WHERE o.oprleft IN (SELECT opcintype FROM cells) AND o.oid NOT IN (SELECT amopopr FROM pg_amop WHERE amopfamily IN (SELECT opcfamily FROM cells));

-- what users look for has a description; a function behind a type, an operator, a cast, an aggregate or a class may go without
SELECT t.oid::regtype FROM types t WHERE obj_description(t.oid, 'pg_type') IS NULL;
SELECT o.oid::regoperator FROM pg_operator o JOIN members m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid WHERE obj_description(o.oid, 'pg_operator') IS NULL;
SELECT f.oid::regprocedure FROM functions f WHERE obj_description(f.oid, 'pg_proc') IS NULL
	AND NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_proc'::regclass AND refobjid = f.oid AND deptype <> 'e');

-- casts: from, to, (i)mplicit or on (a)ssignment
SELECT castsource::regtype, casttarget::regtype, castcontext, castfunc::regprocedure FROM pg_cast
	JOIN members m ON m.classid = 'pg_cast'::regclass AND m.objid = pg_cast.oid
	ORDER BY castcontext, castsource::regtype::text COLLATE "C", casttarget::regtype::text COLLATE "C";

-- the types
SELECT t.oid::regtype, typlen, typbyval, typalign, typstorage, typcategory, typdelim FROM pg_type t
	JOIN members m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid WHERE typelem = 0 ORDER BY typname COLLATE "C";

-- aggregates can run in parallel
SELECT p.oid::regprocedure, a.aggcombinefn, a.aggtranstype::regtype, a.agginitval, p.proparallel FROM pg_aggregate a JOIN functions p ON p.oid = a.aggfnoid
	ORDER BY p.oid::regprocedure::text COLLATE "C";

-- functions of the types and of bit strings, by name
SELECT oid::regprocedure, prorettype::regtype, procost FROM functions
	WHERE prokind = 'f' AND ARRAY['vector', 'halfvec', 'sparsevec', 'bit']::regtype[]::oid[] && (proargtypes::oid[] || prorettype)
	ORDER BY oid::regprocedure::text COLLATE "C";

-- all of it works with an empty search_path
DO $$
DECLARE
	s text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'hnsw');
	a text;
BEGIN
	SET LOCAL search_path = '';
	EXECUTE format('SELECT %1$s.avg(v)::text || %1$s.sum(v OPERATOR(%1$s.+) v)::text || (min(v OPERATOR(%1$s.<->) v))::text
		FROM (VALUES (''[1,2]''::%1$s.vector(2)), (ARRAY[3,4]::%1$s.vector)) t(v)', s) INTO a;
	RAISE NOTICE '%', a;
	EXECUTE format('SELECT %1$s.avg(v)::text || %1$s.sum(v)::text || (min(v OPERATOR(%1$s.<=>) v))::text
		FROM (VALUES (''[1,2]''::%1$s.halfvec(2)), (ARRAY[3,4]::%1$s.halfvec)) t(v)', s) INTO a;
	RAISE NOTICE '%', a;
	EXECUTE format('SELECT %1$s.avg(v)::text || %1$s.sum(v)::text || (min(v OPERATOR(%1$s.<+>) v))::text || max(B''10'' OPERATOR(%1$s.<~>) B''01'')
		FROM (VALUES (''{1:2}/2''::%1$s.sparsevec(2)), (ARRAY[3,4]::%1$s.sparsevec)) t(v)', s) INTO a;
	RAISE NOTICE '%', a;
END
$$;

DROP TABLE metrics;
DROP VIEW cells, types, functions, members;
