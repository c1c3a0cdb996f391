-- type vector: casts

-- arrays of numbers become vectors
SELECT ARRAY[1,2,3]::vector, ARRAY[1.5,2,3]::vector, ARRAY[1.5,2]::real[]::vector, ARRAY[1.5,2]::double precision[]::vector,
	ARRAY[1.5,2]::numeric[]::vector;
SELECT '{1,2,3}'::integer[]::vector(3), '{1,2,3}'::real[]::vector(3), '{1,2,3}'::double precision[]::vector(3), '{1,2,3}'::numeric[]::vector(3);
SELECT '{1,2,3}'::integer[]::vector(2);
SELECT '{1,2,3}'::numeric[]::vector(2);
SELECT '[0:1]={1,2}'::integer[]::vector;
SELECT ARRAY[2147483647,-2147483648,16777217]::vector;
SELECT '{0.1,-0}'::double precision[]::vector, '{0.1,123456789.123456789}'::numeric[]::vector;

-- on assignment too
CREATE TABLE assigned (v vector(2));
INSERT INTO assigned VALUES (ARRAY[1,2]), (ARRAY[1.5,2]), ('{1,2}'::real[]), ('{1,2}'::double precision[]);
INSERT INTO assigned VALUES (ARRAY[1,2,3]);
SELECT * FROM assigned;

-- what is not a vector
SELECT '{}'::integer[]::vector;
SELECT '{}'::numeric[]::vector;
SELECT '{NULL}'::real[]::vector;
SELECT ARRAY[1,NULL]::vector;
SELECT ARRAY[1.0,NULL]::vector;
SELECT '{{1}}'::real[]::vector;
SELECT '{{1,2},{3,4}}'::integer[]::vector;
SELECT '{{1.0},{2}}'::numeric[]::vector;
SELECT '{NaN}'::real[]::vector;
SELECT '{NaN}'::double precision[]::vector;
SELECT '{NaN}'::numeric[]::vector;
SELECT '{Infinity}'::real[]::vector;
SELECT '{-Infinity}'::double precision[]::vector;
SELECT '{Infinity}'::numeric[]::vector;
-- beyond float's range, and too small for it
SELECT '{4e38,1}'::double precision[]::vector;
SELECT '{4e38,1}'::numeric[]::vector;
SELECT '{3.4028235e38}'::double precision[]::vector, '{3.4028235e38}'::numeric[]::vector;
SELECT '{1e-46,-1e-46,1e-45}'::double precision[]::vector, '{1e-46,1e-45}'::numeric[]::vector;
-- a numeric is rounded once: by way of float8 this would become 1
SELECT '{1.00000005960464477539062500000001}'::numeric[]::vector;
-- 16000 and 16001 elements
SELECT vector_dims(array_fill(1, ARRAY[16000])::vector), vector_dims(array_fill(1::numeric, ARRAY[16000])::vector);
SELECT array_fill(1, ARRAY[16001])::vector;
SELECT array_fill(1::real, ARRAY[16001])::vector;
SELECT array_fill(1::double precision, ARRAY[16001])::vector;
SELECT array_fill(1::numeric, ARRAY[16001])::vector;
-- a null bitmap without nulls
SELECT array_replace(ARRAY[1,NULL,3], NULL, 2)::vector, array_replace('{1,NULL,3}'::double precision[], NULL, 2)::vector;
-- no cast from other arrays
SELECT '{1,2}'::bigint[]::vector;
SELECT '{1,2}'::text[]::vector;

-- vectors become arrays: real[] by itself, double precision[] on assignment or when asked
SELECT '[1.5,-0,3]'::vector::real[], '[0.1,-0,3]'::vector::double precision[];
SELECT array_dims('[1,2,3]'::vector::real[]), array_dims('[1]'::vector::double precision[]);
CREATE TABLE arrays (r real[], d double precision[]);
INSERT INTO arrays VALUES ('[1,2]'::vector, '[1,2]'::vector);
SELECT * FROM arrays;
CREATE FUNCTION takes_reals(real[]) RETURNS text LANGUAGE sql AS 'SELECT ''reals'' || $1::text';
CREATE FUNCTION takes_doubles(double precision[]) RETURNS text LANGUAGE sql AS 'SELECT ''doubles'' || $1::text';
CREATE FUNCTION takes_both(real[]) RETURNS text LANGUAGE sql AS 'SELECT ''reals'' || $1::text';
CREATE FUNCTION takes_both(double precision[]) RETURNS text LANGUAGE sql AS 'SELECT ''doubles'' || $1::text';
SELECT takes_reals('[1,2]'::vector), takes_both('[1,2]'::vector);
SELECT takes_doubles('[1,2]'::vector);
SELECT takes_doubles('[1,2]'::vector::double precision[]);

-- arrays keep their own operators, and strings are vectors next to one
SELECT ARRAY[1,2,3] = ARRAY[1,2,3], ARRAY[1.5,2] = ARRAY[1.5,2], ARRAY[1,2] || ARRAY[3], '{1,2}'::real[] < '{1,3}';
SELECT pg_typeof('[1]'::vector || '[2]'), pg_typeof('[1]'::vector + '[2]'), '[1,2]'::vector = '[1,2]', '[1]' < '[2]'::vector;
SELECT '[1,2]'::vector <-> ARRAY[1,2]::vector, '[1,2]'::vector <-> '[1,2]'::text::vector;
SELECT ARRAY[1,2] <-> ARRAY[3,4];

DROP FUNCTION takes_reals(real[]), takes_doubles(double precision[]), takes_both(real[]), takes_both(double precision[]);
DROP TABLE assigned, arrays;
