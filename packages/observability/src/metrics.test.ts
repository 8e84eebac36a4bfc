import { expect, test } from 'vitest';
import { createMetrics, serveMetrics } from './metrics.ts';

test('numbers are read when they are asked for, and one that fails takes no other along', async () => {
  const metrics = createMetrics();
  let value = 1;
  metrics.observe('caregraph_a', 'A.', async () => [{ labels: { store: 'patient' }, value }]);
  metrics.observe('caregraph_b', 'B.', () => Promise.reject(new Error('away')));
  const count = metrics.count('caregraph_c_total', 'C.');
  metrics.count('caregraph_c_total', 'C.')({ code: 'X' });
  count({ code: 'X' });
  value = 2;
  const text = await metrics.render();
  expect(text).toContain('caregraph_a{store="patient"} 2');
  expect(text).not.toMatch(/^caregraph_b[{ ]/m);
  const later = await metrics.render();
  expect(later).toMatch(/^caregraph_metric_read_faults_total\{kind="caregraph_b"\} [12]$/m);
  expect(later).not.toContain('kind="caregraph_a"');
  expect(text).toContain('caregraph_c_total{code="X"} 2');
});

test('they are served at one path of this machine', async () => {
  const metrics = createMetrics();
  metrics.count('caregraph_c_total', 'C.')({});
  const server = await serveMetrics(metrics, 0);
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const ask = (path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method });
  const answer = await ask('/metrics');
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('caregraph_c_total 1');
  for (const other of [await ask('/'), await ask('/metrics', 'POST'), await ask('/metrics?x=1')]) {
    expect(other.status).toBe(404);
  }
  server.close();
});
