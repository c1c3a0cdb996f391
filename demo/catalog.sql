-- texts for a machine that knows no packages: the server's own descriptions
COPY (
    SELECT name, category, translate(short_desc || ' ' || coalesce(extra_desc, ''), E'\t\n\\', '   ') FROM pg_settings
    UNION ALL
    SELECT proname, 'function', translate(description, E'\t\n\\', '   ')
    FROM pg_proc p JOIN pg_description d ON d.classoid = 'pg_proc'::regclass AND d.objoid = p.oid
    UNION ALL
    SELECT oprname || ' (' || oprleft::regtype || ', ' || oprright::regtype || ')', 'operator', translate(description, E'\t\n\\', '   ')
    FROM pg_operator o JOIN pg_description d ON d.classoid = 'pg_operator'::regclass AND d.objoid = o.oid
) TO STDOUT
