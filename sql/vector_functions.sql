-- type vector: operators and functions

-- element-wise arithmetic
SELECT '[1,2,3]'::vector + '[4,5,6]';
SELECT '[1,2,3]'::vector - '[4,5,6]';
SELECT '[1,2,3]'::vector * '[4,5,-6]';
SELECT '[1,2]'::vector || '[3]';
SELECT '[1,2]'::vector + '[3]';
SELECT '[1,2]'::vector - '[3]';
SELECT '[1,2]'::vector * '[3]';
SELECT '[3.4e38]'::vector + '[0]', '[3.4028235e38]'::vector + '[1e30]';
SELECT '[1,3e38]'::vector + '[1,3e38]';
SELECT '[-3e38]'::vector - '[3e38]';
SELECT '[1e20]'::vector * '[1e20]';
SELECT '[1e-37]'::vector * '[1e-37]';
SELECT '[1e-22,0,-0]'::vector * '[1e-22,1e-40,5]';
SELECT vector_dims(a || b) FROM (VALUES (array_fill(1, ARRAY[15999])::vector, '[2]'::vector)) t(a, b);
SELECT a || a FROM (VALUES (array_fill(1, ARRAY[8001])::vector)) t(a);

-- dimensions, norm
SELECT vector_dims('[1,2,3]'::vector), vector_dims('[1]'::vector);
SELECT vector_norm('[3,4]'), vector_norm('[0,1]'), vector_norm('[0,0]'), vector_norm('[2]'), vector_norm('[3e37,4e37]'),
	vector_norm('[-3e-40,4e-40]') BETWEEN 4.99e-40 AND 5.01e-40 AS tiny;
SELECT vector_norm(array_fill(3.4e38::real, ARRAY[16000])::vector) > 4e40 AS large;
SELECT l2_normalize('[3,4]'::vector), l2_normalize('[-3,0]'::vector), l2_normalize('[0,0.1]'::vector), l2_normalize('[0,0]'::vector);
SELECT l2_normalize('[3e38]'::vector), l2_normalize('[3e38,4e37,0]'::vector), l2_normalize('[1e-45,0]'::vector);

-- distances as functions and as operators
SELECT l2_distance('[0,0]'::vector, '[3,4]'), '[0,0]'::vector <-> '[3,4]';
SELECT l2_distance('[0,0]'::vector, '[0,1]'), l2_distance('[1]'::vector, '[1]');
SELECT inner_product('[1,2]'::vector, '[3,4]'), '[1,2]'::vector <#> '[3,4]';
SELECT cosine_distance('[1,2]'::vector, '[2,4]'), cosine_distance('[1,0]'::vector, '[0,2]'), '[1,1]'::vector <=> '[-1,-1]';
SELECT l1_distance('[0,0]'::vector, '[3,-4]'), '[0,0]'::vector <+> '[3,-4]';
SELECT vector_l2_squared_distance('[0,0]', '[3,4]'), vector_negative_inner_product('[1,2]', '[3,4]');
SELECT vector_spherical_distance('[1,0]', '[1,0]'), vector_spherical_distance('[1,0]', '[0,1]'), vector_spherical_distance('[1,0]', '[-1,0]'),
	vector_spherical_distance('[5]', '[5]');
-- orthogonal: no negative zero
SELECT '[1,0]'::vector <#> '[0,1]', inner_product('[0]'::vector, '[0]');

-- the dimensions must agree
SELECT '[1,2]'::vector <-> '[3]';
SELECT '[1,2]'::vector <#> '[3]';
SELECT '[1,2]'::vector <=> '[3]';
SELECT '[1,2]'::vector <+> '[3]';
SELECT inner_product('[3]'::vector, '[1,2]');
SELECT vector_l2_squared_distance('[1,2]', '[3]');
SELECT vector_spherical_distance('[1,2]', '[3]');

-- NULL
SELECT '[1]'::vector <-> NULL, NULL <=> '[1]'::vector, vector_dims(NULL::vector), subvector('[1]'::vector, NULL, 1);

-- zero, tiny and huge vectors: the cosine of a zero vector is not a number
SELECT cosine_distance('[1,2]'::vector, '[0,0]'), cosine_distance('[0,0]'::vector, '[1,2]'), cosine_distance('[0]'::vector, '[-0]');
SELECT cosine_distance('[1,1]'::vector, '[1.1,1.1]'), cosine_distance('[1,1]'::vector, '[-1.1,-1.1]');
SELECT cosine_distance('[3e38]'::vector, '[3e38]'), cosine_distance('[3e38,0]'::vector, '[0,1e-45]'), cosine_distance('[1e-45,0]'::vector, '[2,0]'),
	cosine_distance('[1e-30,1e-30]'::vector, '[-2e-30,-2e-30]');
SELECT bool_and((v <=> v) BETWEEN 0 AND 1e-6) AS same, bool_and((v <=> (v * '[-1,-1,-1]')) BETWEEN 2 - 1e-6 AND 2) AS opposite
	FROM (SELECT ARRAY[random(), random(), random()]::vector AS v FROM generate_series(1, 1000)) a;
SELECT l2_distance('[3e38]'::vector, '[-3e38]'), l1_distance('[3e38]'::vector, '[-3e38]'), inner_product('[3e38]'::vector, '[3e38]'),
	'[3e38]'::vector <#> '[3e38]', '[3e38]'::vector <#> '[-3e38]';
SELECT l2_distance('[1e-30]'::vector, '[2e-30]');

-- all lengths around the widths of registers agree with SQL's own arithmetic
WITH pairs AS (
	SELECT n, (SELECT array_agg((i * 7 % 13 - 6)::real) FROM generate_series(1, n) i) AS a,
		(SELECT array_agg((i * 5 % 11 - 4)::real) FROM generate_series(1, n) i) AS b
	FROM unnest(ARRAY[1,2,3,4,5,7,8,9,15,16,17,31,32,33,47,63,64,65,100,127,128,129,255,256,257,1000,4097,16000]) n
), results AS (
	SELECT n, a::vector <-> b::vector AS l2, a::vector <#> b::vector AS ip, a::vector <=> b::vector AS cosine, a::vector <+> b::vector AS l1,
		(SELECT sqrt(sum((x - y) ^ 2)) FROM unnest(a, b) t(x, y)) AS l2_sql,
		(SELECT -sum(x * y::float8) FROM unnest(a, b) t(x, y)) AS ip_sql,
		(SELECT 1 - sum(x * y::float8) / sqrt(sum(x * x::float8) * sum(y * y::float8)) FROM unnest(a, b) t(x, y)) AS cosine_sql,
		(SELECT sum(abs(x - y)) FROM unnest(a, b) t(x, y)) AS l1_sql
	FROM pairs
)
SELECT count(*), bool_and(abs(l2 - l2_sql) < 1e-9 AND ip = ip_sql AND abs(cosine - cosine_sql) < 1e-9 AND l1 = l1_sql) AS same FROM results;

-- one bit per coordinate: positive?
SELECT binary_quantize('[1,0,-1]'::vector), binary_quantize('[0,0.1,-0.2,-0.3,0.4,0.5,0.6,-0.7,0.8,-0.9,1]'::vector), binary_quantize('[-0]'::vector),
	binary_quantize('[1e-45]'::vector);
SELECT length(binary_quantize(array_fill(1, ARRAY[n])::vector)), bit_count(binary_quantize(array_fill(1, ARRAY[n])::vector))
	FROM unnest(ARRAY[1, 7, 8, 9, 16000]) n;

-- parts, counted from 1 and clipped like substring
SELECT subvector('[1,2,3,4,5]'::vector, 1, 3), subvector('[1,2,3,4,5]'::vector, 3, 2), subvector('[1,2,3,4,5]'::vector, 5, 1);
SELECT subvector('[1,2,3,4,5]'::vector, -1, 3), subvector('[1,2,3,4,5]'::vector, 0, 2), subvector('[1,2,3,4,5]'::vector, 3, 9);
SELECT subvector('[1,2,3,4,5]'::vector, -1, 2);
SELECT subvector('[1,2,3,4,5]'::vector, 3, 0);
SELECT subvector('[1,2,3,4,5]'::vector, 3, -1);
SELECT subvector('[1,2,3,4,5]'::vector, 6, 1);
SELECT subvector('[1,2,3,4,5]'::vector, 1, 2147483647), subvector('[1,2,3,4,5]'::vector, 3, 2147483647), subvector('[1,2,3,4,5]'::vector, -2147483645, 2147483647);
SELECT subvector('[1,2,3,4,5]'::vector, -2147483648, 2147483647);
SELECT subvector('[1,2,3,4,5]'::vector, 2147483647, 2147483647);
SELECT subvector('[1,2,3,4,5]'::vector, -2147483648, -2147483648);
SELECT subvector('[1,2,3,4,5]'::vector, 2147483647, -2147483648);
