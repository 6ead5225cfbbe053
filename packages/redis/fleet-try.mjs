import { fork } from 'node:child_process';
import { createCache } from '../core/dist/index.js';
import { memoryStore } from '../memory/dist/index.js';
import { redisStore, redisBus } from './dist/index.js';
import { tiered } from '../tiered/dist/index.js';
import { Redis } from 'ioredis';
if (process.send) {
  const client = new Redis(7399);
  const cache = createCache({ store: tiered({ l1: memoryStore(), l2: redisStore({ client }), bus: redisBus({ client }) }) });
  cache.on('error', e => console.log('ERR', e));
  await cache.get('warm');
  process.send('ready');
  process.on('message', async ({ key, callers, loadMs }) => {
    let loads = 0; const t = performance.now();
    const vals = await Promise.all(Array.from({ length: callers }, () => cache.getOrSet(key, async () => { loads++; await new Promise(r => setTimeout(r, loadMs)); return { v: key }; })));
    process.send({ loads, ms: performance.now() - t, n: vals.filter(v => v.v === key).length });
  });
} else {
  const n = Number(process.argv[2] ?? 4);
  const kids = Array.from({ length: n }, () => fork(new URL(import.meta.url)));
  await Promise.all(kids.map(k => new Promise(r => k.once('message', r))));
  for (let round = 0; round < 6; round++) {
    const key = 'k' + round + Math.random(); const t = performance.now();
    const res = await Promise.all(kids.map(k => new Promise(r => { k.once('message', r); k.send({ key, callers: Number(process.argv[3] ?? 250), loadMs: 50 }); })));
    console.log('loads', res.reduce((a, r) => a + r.loads, 0), 'total', (performance.now() - t).toFixed(1), 'max', Math.max(...res.map(r => r.ms)).toFixed(1), 'answers', res.reduce((a, r) => a + r.n, 0));
  }
  kids.forEach(k => k.kill());
}
