// typeorm, which creates the extension itself when an entity has such a column.
import typeorm from 'typeorm';
import { assert, end, ids, nearest, query, rows, singles, soundIndexes, test, usesIndex } from './data.mjs';

const Item = new typeorm.EntitySchema({
	name: 'Item',
	tableName: 'items',
	columns: {
		id: { type: 'int', primary: true },
		embedding: { type: 'vector', length: 3, nullable: true },
		half: { type: 'halfvec', length: 3, nullable: true },
	},
});

const source = new typeorm.DataSource({ type: 'postgres', host: process.env.PGHOST, username: process.env.PGUSER,
	database: process.env.PGDATABASE, entities: [Item], synchronize: true });
const run = (sql, values) => source.query(sql, values);

await test('initialize creates the extension and the table', async () => {
	await source.initialize();
	assert.deepEqual(await run("SELECT extname FROM pg_extension WHERE extname IN ('vector', 'hnsw')"), [{ extname: 'vector' }]);
	assert.deepEqual(await run("SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 1 ORDER BY attnum"),
		[{ type: 'vector(3)' }, { type: 'halfvec(3)' }]);
});

await test('a migration makes an index', async () => {
	class Indexes1700000000000 {
		name = 'Indexes1700000000000';
		async up(runner) { await runner.query('CREATE INDEX items_l2 ON items USING hnsw (embedding vector_l2_ops) WITH (m = 12)'); }
		async down(runner) { await runner.query('DROP INDEX items_l2'); }
	}
	source.migrations.push(new Indexes1700000000000());
	await source.runMigrations();
	await soundIndexes(run, 'items_l2');
});

await test('save and read back', async () => {
	await source.getRepository(Item).save(rows.map(({ id, embedding }) => ({ id, embedding, half: [1, 2, 3] })), { chunk: 100 });
	const item = await source.getRepository(Item).findOneByOrFail({ id: 7 });
	assert.deepEqual(singles(item.embedding), rows[6].embedding);
	assert.deepEqual(item.half, [1, 2, 3]);
	await soundIndexes(run, 'items_l2');
});

await test('a query builder in the order of a distance, with the index', async () => {
	const found = await source.getRepository(Item).createQueryBuilder('i')
		.orderBy('i.embedding <-> :query').setParameters({ query: JSON.stringify(query) }).limit(5).getMany();
	assert.deepEqual(ids(found), nearest('<->'));
	await usesIndex(run, "SELECT id FROM items ORDER BY embedding <-> '[0.25,0.5,0.75]' LIMIT 5", 'items_l2');
});

await test('initialize again finds everything as it is', async () => {
	await source.destroy();
	await source.initialize();
	assert.equal((await run("SELECT count(*)::int AS n FROM items"))[0].n, rows.length);
	assert.equal((await run("SELECT format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname = 'embedding'"))[0].type, 'vector(3)');
});

await source.destroy();
end();
