// sequelize with pgvector's types: models whose sync makes tables and indexes.
import Sequelize from 'sequelize';
import pgvector from 'pgvector/sequelize';
import { assert, end, ids, nearest, query, rows, singles, soundIndexes, test, usesIndex } from './data.mjs';

pgvector.registerTypes(Sequelize);

const { DataTypes } = Sequelize;
let statements = [];
const connect = () => new Sequelize(process.env.PGDATABASE, process.env.PGUSER, '', { host: process.env.PGHOST, port: process.env.PGPORT, dialect: 'postgres',
	logging: (sql) => statements.push(sql.replace(/^Executing \(.*?\): /, '')) });

// it looks at the database's types when it connects
const migration = connect();
await migration.query('CREATE EXTENSION IF NOT EXISTS vector');
await migration.close();

const sequelize = connect();
const run = (sql) => sequelize.query(sql, { type: Sequelize.QueryTypes.SELECT });

const Item = sequelize.define('item', {
	embedding: { type: DataTypes.VECTOR(3) },
	half: { type: DataTypes.HALFVEC(3) },
	words: { type: DataTypes.SPARSEVEC(1000) },
	bits: { type: 'BIT(3)' },
}, {
	timestamps: false,
	indexes: [
		{ name: 'items_l2', using: 'hnsw', fields: ['embedding'], operator: 'vector_l2_ops' },
		{ name: 'items_cosine', using: 'hnsw', fields: ['embedding'], operator: 'vector_cosine_ops' },
		{ name: 'items_half', using: 'hnsw', fields: ['half'], operator: 'halfvec_ip_ops' },
	],
});

await test('sync makes the table and its indexes', async () => {
	await sequelize.sync({ force: true });
	assert.ok(statements.some((sql) => /CREATE INDEX "items_l2" ON "items" USING hnsw \("embedding" vector_l2_ops\)/.test(sql)));
});

await test('bulk insert and read back', async () => {
	await Item.bulkCreate(rows.map(({ embedding }) => ({ embedding, half: [1, 2, 3], words: '{1:1,1000:2.5}/1000', bits: '110' })));
	const item = await Item.findByPk(7);
	assert.deepEqual(singles(item.embedding), rows[6].embedding);
	assert.deepEqual(item.half, [1, 2, 3]);
	assert.deepEqual(item.words.values, [1, 2.5]);
	await soundIndexes(run, 'items_l2', 'items_cosine', 'items_half');
});

for (const [operator, distance, index] of [['<->', 'l2Distance', 'items_l2'], ['<=>', 'cosineDistance', 'items_cosine']]) {
	await test(`findAll in the order of ${distance}, with the index`, async () => {
		statements = [];
		const found = await Item.findAll({ order: pgvector[distance]('embedding', query, sequelize), limit: 5 });
		assert.deepEqual(ids(found), nearest(operator));
		await usesIndex(run, statements[0].replace(/;$/, ''), index);
	});
}

await test('sync alters an existing table without making its indexes twice', async () => {
	await sequelize.sync({ alter: true });
	assert.equal((await run("SELECT count(*)::int AS n FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'"))[0].n, 3);
});

await test('update and destroy', async () => {
	await Item.update({ embedding: query }, { where: { id: 1 } });
	await Item.destroy({ where: { id: 2 } });
	const [first] = await Item.findAll({ order: pgvector.l2Distance('embedding', query, sequelize), limit: 1 });
	assert.equal(first.id, 1);
	await soundIndexes(run, 'items_l2', 'items_cosine', 'items_half');
});

await test('a validation error has the server\'s message', async () => {
	await assert.rejects(Item.create({ embedding: [1, 2] }), /expected 3 dimensions, not 2/);
});

await sequelize.close();
end();
