import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { GrpcServer } from './grpc-server.ts';
import { Health } from './health.ts';

const definitions = loadSync('grpc/health/v1/health.proto', {
  includeDirs: [path.join(import.meta.dirname, '../../proto')],
  enums: String,
});
const loaded = grpc.loadPackageDefinition(definitions) as unknown as {
  grpc: { health: { v1: { Health: grpc.ServiceClientConstructor } } };
};

interface HealthClient extends grpc.Client {
  check(
    request: { service?: string },
    done: (error: grpc.ServiceError | null, answer?: { status: string }) => void,
  ): void;
  watch(request: { service?: string }): grpc.ClientReadableStream<{ status: string }>;
}

test('checks and watches follow the service', async (t) => {
  const health = new Health(['known.Service']);
  const server = new GrpcServer({ methods: new Map(health.methods), onError: (error) => assert.fail(String(error)) });
  const address = await server.listen('127.0.0.1:0');
  const client = new loaded.grpc.health.v1.Health(
    address,
    grpc.credentials.createInsecure(),
  ) as unknown as HealthClient;
  t.after(async () => {
    client.close();
    await server.drain(0);
  });
  const check = (service?: string) =>
    new Promise<string>((resolve) =>
      client.check({ service }, (error, answer) =>
        resolve(error === null ? (answer?.status ?? '') : String(error.code)),
      ),
    );

  assert.equal(await check(), 'NOT_SERVING');
  const watch = client.watch({ service: 'known.Service' });
  watch.on('error', () => undefined);
  assert.deepEqual((await once(watch, 'data'))[0], { status: 'NOT_SERVING' });
  health.serving = true;
  assert.deepEqual((await once(watch, 'data'))[0], { status: 'SERVING' });
  assert.equal(await check('known.Service'), 'SERVING');
  assert.equal(await check('other.Service'), String(grpc.status.NOT_FOUND));
  assert.equal(await check('x'.repeat(5000)), String(grpc.status.INVALID_ARGUMENT));
  const unknown = client.watch({ service: 'other.Service' });
  unknown.on('error', () => undefined);
  assert.deepEqual((await once(unknown, 'data'))[0], { status: 'SERVICE_UNKNOWN' });
  health.serving = false;
  assert.deepEqual((await once(watch, 'data'))[0], { status: 'NOT_SERVING' });
  watch.cancel();
  unknown.cancel();
});
