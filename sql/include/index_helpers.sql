-- What the tests of indexes share.  Included with ECHO none.
SET client_min_messages = warning;

-- a vector that depends on nothing but its arguments: elements in [-8, 8)
CREATE OR REPLACE FUNCTION vec(seed bigint, dim int) RETURNS vector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT array_agg((((hashint8(seed * 100003 + i) & 1023) - 512) / 64.0)::real ORDER BY i)::vector
		FROM generate_series(1, dim) i
$$;

-- what hnsw_check has found
CREATE OR REPLACE FUNCTION sound(index regclass) RETURNS text
LANGUAGE sql VOLATILE AS $$
	SELECT coalesce(string_agg(concat_ws(' ', c.kind, c.id, 'in block', c.block, c.problem), E'\n'), 'sound')
		FROM hnsw_check(index) c
$$;

-- the plan of a query, in one value
CREATE OR REPLACE FUNCTION explained(query text) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		/* 17 and 18 name init plans in another way and tell what is disabled */
		line := replace(replace(line, ' (returns $0)', ''), '(InitPlan 1).col1', '$0');
		IF line !~ '^ *Disabled: true$' THEN
			plan := plan || line || E'\n';
		END IF;
	END LOOP;
	RETURN plan;
END
$$;

-- Compares an index scan in the order of "distance" with a sort: distances one by
-- one and, without a limit, the rows.
CREATE OR REPLACE FUNCTION same_as_sort(tab regclass, distance text, filter text DEFAULT 'true', lim int DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	query text := format('SELECT tableoid::regclass || ctid::text AS place, %s AS d FROM %s WHERE %s ORDER BY %s LIMIT %s',
						 distance, tab, filter, distance, coalesce(lim::text, 'ALL'));
	collected text := format('SELECT array_agg(d), array_agg(place) FROM (%s) r', query);
	plan text;
	index_d float8[];
	index_places text[];
	sort_d float8[];
	sort_places text[];
BEGIN
	PERFORM set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true);
	plan := explained(query);
	EXECUTE collected INTO index_d, index_places;
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true),
		set_config('enable_indexscan', 'off', true);
	EXECUTE collected INTO sort_d, sort_places;
	PERFORM set_config('enable_indexscan', 'on', true);

	IF plan !~ 'Index Scan using [^\n]*\n *Order By: ' OR plan ~ '(^|\n *->  )(Incremental )?Sort\n' THEN
		RETURN E'not an ordered index scan:\n' || plan;
	ELSIF index_d IS DISTINCT FROM sort_d THEN
		FOR i IN 1 .. greatest(cardinality(index_d), cardinality(sort_d)) LOOP
			IF index_d[i] IS DISTINCT FROM sort_d[i] THEN
				RETURN format('row %s of %s and %s: %s by index, %s by sort', i, cardinality(index_d),
							  cardinality(sort_d), index_d[i], sort_d[i]);
			END IF;
		END LOOP;
		RETURN format('%s rows by index, %s by sort', cardinality(index_d), cardinality(sort_d));
	ELSIF lim IS NULL AND (SELECT array_agg(p ORDER BY p) FROM unnest(index_places) p) IS DISTINCT FROM
						  (SELECT array_agg(p ORDER BY p) FROM unnest(sort_places) p) THEN
		RETURN 'other rows';
	END IF;
	RETURN format('same %s rows', coalesce(cardinality(index_d), 0));
END
$$;

-- the share of the true k nearest that an index scan finds
CREATE OR REPLACE FUNCTION recall_of(tab regclass, distance text, k int DEFAULT 10) RETURNS float8
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	query text := format('SELECT %s AS d FROM %s ORDER BY %s LIMIT %s', distance, tab, distance, k);
	found float8[];
	nearest float8[];
BEGIN
	PERFORM set_config('enable_seqscan', 'off', true);
	IF explained(query) !~ 'Index Scan using [^\n]*\n *Order By: ' THEN
		RAISE EXCEPTION 'not an ordered index scan';
	END IF;
	EXECUTE format('SELECT array_agg(d) FROM (%s) r', query) INTO found;
	PERFORM set_config('enable_seqscan', 'on', true), set_config('enable_indexscan', 'off', true);
	EXECUTE format('SELECT array_agg(d) FROM (%s) r', query) INTO nearest;
	PERFORM set_config('enable_indexscan', 'on', true);
	RETURN (SELECT count(*) FROM unnest(found) f WHERE f <= nearest[k])::float8 / k;
END
$$;

RESET client_min_messages;
