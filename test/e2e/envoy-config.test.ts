/** What `waxseal envoy-config` prints, judged by Envoy itself. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { bootstrap } from '../../cli/envoy-bootstrap.ts';
import { envoyBinary } from '../../scripts/local/envoy.ts';
import { envoyConfig } from '../../scripts/local/waxseal.ts';

const run = promisify(execFile);
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waxseal-validate-'));
});

after(() => rm(folder, { recursive: true }));

async function validate(yaml: string): Promise<void> {
  const file = join(folder, 'envoy.yaml');
  await writeFile(file, yaml);
  await run(envoyBinary(), ['--mode', 'validate', '-c', file]);
}

const policy = ['--policy', 'shop/orders'];
const complete: Record<string, string[]> = {
  'a backend by address': ['--backend', '127.0.0.1:8081'],
  'a backend by name, with TLS': ['--backend', 'soap.example:443', '--backend-tls'],
  'a backend by IPv6 address, with TLS': ['--backend', '[::1]:443', '--backend-tls'],
  'a Unix socket, large bodies and an admin port': [
    ...['--backend', '127.0.0.1:8081', '--extproc', 'unix:/run/waxseal/extproc.sock'],
    ...['--max-body', '2147483648', '--admin', '127.0.0.1:9901', '--listen', '0.0.0.0:10000'],
  ],
};

for (const [name, args] of Object.entries(complete)) {
  test(`Envoy accepts the configuration for ${name}`, async () => {
    await validate(await envoyConfig([...args, ...policy]));
  });
}

test('Envoy refuses a configuration that is wrong', async () => {
  const yaml = await envoyConfig(['--backend', '127.0.0.1:8081', ...policy]);
  await assert.rejects(validate(yaml.replace('BUFFERED', 'BUFERED')));
});

test('the parts to paste are the parts of the complete configuration', async () => {
  const address = { host: '127.0.0.1', port: 1 };
  const options = {
    listen: address,
    backend: address,
    policy: 'shop/orders',
    extproc: { host: '127.0.0.1', port: 9002 },
  };
  const whole = bootstrap({ ...options, maxBody: 10485760 });
  const cluster: unknown = parse(await envoyConfig(['--only', 'cluster', ...policy]));
  assert.deepEqual(cluster, [whole.static_resources.clusters[0]]);
  const filter = await envoyConfig(['--only', 'filter', ...policy]);
  const [list = '', route = ''] = filter.split('# and on each route');
  const manager = whole.static_resources.listeners[0]?.filter_chains[0]?.filters[0]?.typed_config;
  assert.deepEqual(parse(list), [manager?.http_filters[0]]);
  const { typed_per_filter_config } = parse(route.slice(route.indexOf('\n'))) as Record<string, unknown>;
  assert.deepEqual(typed_per_filter_config, manager?.route_config.virtual_hosts[0]?.routes[0]?.typed_per_filter_config);
});

test('wrong arguments end with status 2 and a sentence', async () => {
  for (const args of [
    [],
    ['--policy', 'orders'],
    ['--backend', 'nowhere', ...policy],
    [...policy, '--only', 'x'],
    policy,
  ]) {
    await assert.rejects(envoyConfig(args), (error: { code?: number; stderr?: string }) => {
      assert.equal(error.code, 2, args.join(' '));
      assert.match(error.stderr ?? '', /error: /);
      return true;
    });
  }
});
