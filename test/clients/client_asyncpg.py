"""asyncpg, which speaks only binary: codecs, COPY of records, prepared statements, a pool."""

import asyncio
import io

import asyncpg
from values import *

CODECS = {
    'vector': (pack_vector, unpack_vector),
    'halfvec': (pack_halfvec, unpack_halfvec),
    'sparsevec': (lambda v: pack_sparsevec(*v), unpack_sparsevec),
}


async def register(db):
    for name, (pack, unpack) in CODECS.items():
        await db.set_type_codec(name, schema='public', encoder=pack, decoder=unpack, format='binary')


def records():
    return [(r.id, r.vector, r.halfvec, r.sparsevec) for r in ROWS]


async def insert(db):
    await db.executemany('INSERT INTO items VALUES ($1, $2, $3, $4)', records())
    for sql in INDEXES:
        await db.execute(sql)
    assert await db.fetch(CHECK) == []


async def select(db):
    for row, found in zip(ROWS, await db.fetch('SELECT * FROM items ORDER BY id'), strict=True):
        same(row, found['v'], found['h'], found['s'])


async def ordered(db):
    for operator, index in (('<->', 'items_l2'), ('<=>', 'items_cosine')):
        sql = f'SELECT id, v {operator} $1 AS distance FROM items ORDER BY v {operator} $1 LIMIT 5'
        plan = await db.fetch('EXPLAIN ' + sql, QUERY)
        assert f'Index Scan using {index} ' in '\n'.join(line for line, in plan)
        found = await db.fetch(sql, QUERY)
        assert [f['id'] for f in found] == nearest(operator)
        assert all(abs(f['distance'] - DISTANCES[operator](ROWS[f['id'] - 1].vector, QUERY)) < 1e-6 for f in found)


async def prepared(db):
    statement = await db.prepare('SELECT id FROM items ORDER BY v <-> $1 LIMIT $2')
    assert [p.name for p in statement.get_parameters()] == ['vector', 'int8']
    for row in ROWS[:49]:
        assert await statement.fetchval(row.vector, 1) == row.id
    assert [r['id'] for r in await statement.fetch(QUERY, 50)] == nearest(limit=50)


async def cursor(db):
    async with db.transaction():
        found = [r['id'] async for r in db.cursor('SELECT id FROM items ORDER BY v <-> $1 LIMIT 100', QUERY, prefetch=9)]
    assert found == nearest(limit=100)


async def copy_records(db):
    await db.copy_records_to_table('copies', records=records())
    assert await db.fetchval('SELECT count(*) FROM items i JOIN copies c ON (i.*) IS NOT DISTINCT FROM (c.*)') == len(ROWS)


async def copy_binary_out(db):
    out = io.BytesIO()
    await db.copy_from_query('SELECT v, h, s FROM copies ORDER BY id', output=out, format='binary')
    for row, (v, h, s) in zip(ROWS, copy_rows(out.getvalue()), strict=True):
        same(row, v and unpack_vector(v), unpack_halfvec(h), unpack_sparsevec(s))


async def copy_binary_in(db):
    await db.execute('TRUNCATE copies')
    data = COPY_HEADER + b''.join(copy_row(*r.columns()) for r in ROWS) + COPY_TRAILER
    await db.copy_to_table('copies', source=io.BytesIO(data), format='binary')
    assert await db.fetchval('SELECT count(*) FROM items i JOIN copies c ON (i.*) IS NOT DISTINCT FROM (c.*)') == len(ROWS)


async def arrays(db):
    # as a parameter a list of lists would be an array of two dimensions
    assert await db.fetchval("SELECT ARRAY['[1,2]', '[3,4]']::vector[]") == [[1, 2], [3, 4]]


async def pool(db):
    async with asyncpg.create_pool(min_size=4, max_size=4, init=register) as clients:
        found = await asyncio.gather(*(clients.fetchval('SELECT id FROM items ORDER BY v <-> $1 LIMIT 1', r.vector) for r in ROWS[:49]))
    assert found == [r.id for r in ROWS[:49]]


async def errors(db):
    for wrong in ([1, 2], [1, 2, float('nan')], []):
        try:
            await db.execute('INSERT INTO items VALUES (1000, $1)', wrong)
            assert False, 'no error'
        except asyncpg.exceptions.DataError as error:
            assert error.sqlstate == '22000', error.sqlstate


async def main():
    db = await asyncpg.connect()
    await db.execute('CREATE EXTENSION IF NOT EXISTS vector')
    await db.execute(TABLE.format('items'))
    await db.execute(TABLE.format('copies'))
    await register(db)
    for body in (insert, select, ordered, prepared, cursor, copy_records, copy_binary_out, copy_binary_in, arrays, pool, errors):
        try:
            await body(db)
        except Exception:
            test(body.__name__, False, ' | '.join(traceback.format_exc().splitlines()))
        else:
            test(body.__name__)
    await db.close()


asyncio.run(main())
end()
