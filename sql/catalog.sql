-- what the extension puts into the catalog

CREATE TEMP VIEW members AS
	SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON d.refobjid = e.oid
	WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'hnsw';

-- functions of a value: immutable, strict, parallel safe, in C
CREATE TEMP VIEW functions AS
	SELECT p.* FROM pg_proc p JOIN members m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;
SELECT oid::regprocedure FROM functions
	WHERE (provolatile, proisstrict, proparallel) <> ('i', true, 's') AND prokind = 'f'
		AND proargtypes::oid[] && (SELECT array_agg(objid) FROM members WHERE classid = 'pg_type'::regclass);
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
SELECT a.amname, c.opcname, c.opcintype::regtype FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
	JOIN members m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid
	WHERE c.opcdefault ORDER BY 1, 2;

-- every support function fits
SELECT a.amname, c.opcname FROM pg_opclass c JOIN pg_am a ON a.oid = c.opcmethod
	JOIN members m ON m.classid = 'pg_opclass'::regclass AND m.objid = c.oid WHERE NOT amvalidate(c.oid);

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

DROP VIEW functions, members;
