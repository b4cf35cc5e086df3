import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { parseAddress, parseBytes, parsePolicy, parseSocket } from './envoy-config.ts';
import { bufferLimit } from '../policy/attach/buffer-limit.ts';
import { bootstrap } from './envoy-bootstrap.ts';

test('addresses are host:port, [ipv6]:port or unix:/path', () => {
  assert.deepEqual(parseSocket('backend.shop.svc:8080'), { host: 'backend.shop.svc', port: 8080 });
  assert.deepEqual(parseSocket('[::1]:443'), { host: '::1', port: 443 });
  assert.deepEqual(parseAddress('unix:/run/waxseal.sock'), { path: '/run/waxseal.sock' });
  for (const wrong of ['8080', 'host', 'host:', 'host:70000', 'unix:relative', 'unix:']) {
    assert.throws(() => parseAddress(wrong), InvalidArgumentError, wrong);
  }
  assert.throws(() => parseSocket('unix:/run/waxseal.sock'), InvalidArgumentError);
});

test('policies are namespace/name', () => {
  assert.equal(parsePolicy('shop/orders.v2'), 'shop/orders.v2');
  for (const wrong of ['orders', 'a/b/c', 'Shop/orders', 'shop/', 'shop/orders\nx: y']) {
    assert.throws(() => parsePolicy(wrong), /Expected/, wrong);
  }
});

test('the largest body leaves room for what encryption adds, within 32 bits', () => {
  assert.equal(bufferLimit(10_000), 22_192);
  assert.ok(bufferLimit(parseBytes('2147483648')) < 2 ** 32);
  for (const wrong of ['0', '-1', '1.5', '10MB', '2147483649'])
    assert.throws(() => parseBytes(wrong), /Expected/, wrong);
});

test('a backend by name is resolved and called by its own name; by address it is not', () => {
  const options = { listen: { host: '127.0.0.1', port: 1 }, policy: 'a/b', extproc: { path: '/s' }, maxBody: 1 };
  const byName = JSON.stringify(bootstrap({ ...options, backend: { host: 'soap.example', port: 2 } }));
  const byAddress = JSON.stringify(bootstrap({ ...options, backend: { host: '192.0.2.1', port: 2 } }));
  assert.match(byName, /STRICT_DNS/);
  assert.match(byName, /auto_host_rewrite/);
  assert.doesNotMatch(byAddress, /STRICT_DNS|auto_host_rewrite/);
});
